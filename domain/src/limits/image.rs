//! The container image that a job may name: a reference to a registry's image, as `podman` and `docker` write it.
//!
//! `[HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]`. Archives, directories and other transports are not taken: they are files of
//! a host, and would be read with the rights of whoever runs containers there.

use super::{IMAGE_BYTES, IMAGE_ENV_BYTES, InvalidInput, JobSpec, refuse_unless};

const FIELD: &str = "image";
const TAG_CHARS: usize = 128;

pub(super) fn check(spec: &JobSpec) -> Result<(), InvalidInput> {
    let Some(image) = &spec.image else { return Ok(()) };
    refuse_unless(spec.command.is_some(), FIELD, || "is for jobs with a command, not for loans".to_owned())?;
    refuse_unless(image.len() <= IMAGE_BYTES, FIELD, || format!("must have at most {IMAGE_BYTES} bytes"))?;
    refuse_unless(is_reference(image), FIELD, || {
        "must name an image of a registry: [host[:port]/]name[:tag][@sha256:digest], the name in small letters".to_owned()
    })?;
    for (place, (name, value)) in spec.env.iter().enumerate() {
        refuse_unless(
            name.len() + value.len() <= IMAGE_ENV_BYTES,
            format_args!("env[{place}].value"),
            || format!("must have at most {IMAGE_ENV_BYTES} bytes with its name for a job with an image"),
        )?;
        refuse_unless(!value.contains(['\n', '\r']), format_args!("env[{place}].value"), || {
            "must be one line for a job with an image: that is all that can be handed to a container"
                .to_owned()
        })?;
    }
    Ok(())
}

fn is_reference(text: &str) -> bool {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    // A colon in the last part begins a tag; one before that, a port.
    let last = named.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match named.get(last..).and_then(|part| part.find(':')) {
        Some(colon) => (named.get(..last + colon), named.get(last + colon + 1..)),
        None => (Some(named), None),
    };
    name.is_some_and(is_name) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

fn is_name(name: &str) -> bool {
    let mut parts: Vec<&str> = name.split('/').collect();
    // Only a host has dots, a port or capital letters, or is this machine.
    let is_registry = |part: &&str| part.contains(['.', ':']) || *part == "localhost" || !is_small(part);
    if parts.len() > 1 && parts.first().is_some_and(is_registry) {
        let host = parts.remove(0);
        if !is_host(host) {
            return false;
        }
    }
    parts.into_iter().all(is_path_part)
}

fn is_small(part: &str) -> bool {
    !part.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let part = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !part.is_empty() && part.bytes().all(fits) && !part.starts_with('-') && !part.ends_with('-')
    };
    host.split('.').all(part) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Small letters and digits, between them single dots, one or two underscores, or dashes.
fn is_path_part(part: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends_well = |byte: Option<u8>| byte.is_some_and(fits);
    let separators = |run: &str| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|byte| byte == b'-');
    ends_well(part.bytes().next())
        && ends_well(part.bytes().next_back())
        && part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).all(separators)
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= TAG_CHARS
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digest.strip_prefix("sha256:").is_some_and(|digest| digest.len() == 64 && digest.bytes().all(hex))
}
