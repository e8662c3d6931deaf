//! What the end of a runtime's client says: whether the command ran at all, and what was wrong if it did not.

use super::{Container, Kind, run};

/// Podman and Docker end so when something of their own has failed.
const OF_RUNTIME: i32 = 125;
/// Apptainer does so.
const OF_APPTAINER: i32 = 255;

/// What the end of a container's client says beyond its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The code is the command's.
    OfCommand,
    /// The command could not be started in the container, most likely: why.
    NotStarted(String),
    /// The command certainly never ran, since there never was a container: why.
    NeverRan {
        /// Why.
        reason: String,
        /// Its registry has answered that there is no such image: asking again is of no use, here or elsewhere.
        image_refused: bool,
    },
}

/// Judges an end. `was_made`: the runtime has said that there is a container. `last_words`: the last line of its errors.
pub(crate) fn outcome(container: &Container, code: i32, was_made: bool, last_words: &str) -> Outcome {
    judge(container, code, was_made, last_words, || run::has_image(&container.runtime, &container.image))
}

fn judge(
    container: &Container,
    code: i32,
    was_made: bool,
    last_words: &str,
    has_image: impl FnOnce() -> bool,
) -> Outcome {
    let (name, image) = (container.runtime.kind.name(), &container.image);
    if container.runtime.kind == Kind::Apptainer {
        // A job could say the same and end the same way: so nobody can be certain.
        let of_apptainer = code == OF_APPTAINER && last_words.starts_with("FATAL:");
        let reason = || format!("{name} could not run the image '{image}': {last_words}");
        return if of_apptainer { Outcome::NotStarted(reason()) } else { Outcome::OfCommand };
    }
    if code == OF_RUNTIME && !was_made {
        let (has_image, refused) = (has_image(), is_refusal(last_words));
        let reason = match (has_image, refused) {
            (true, _) => format!("{name} could not make a container of the image '{image}': {last_words}"),
            (false, false) => format!("the image '{image}' cannot be had on this host: {last_words}"),
            (false, true) => format!("there is no image '{image}': {last_words}"),
        };
        return Outcome::NeverRan { reason, image_refused: refused && !has_image };
    }
    let complains = ["Error: ", "docker: "].iter().any(|begin| last_words.starts_with(begin));
    if (OF_RUNTIME..=127).contains(&code) && complains {
        return Outcome::NotStarted(format!("{name} could not start the command: {last_words}"));
    }
    Outcome::OfCommand
}

/// Whether a registry has answered that there is no such image. What is said of networks, names and full disks is none of
/// that; nor is a denial, since the next host may have a login that this one lacks or whose time is over.
fn is_refusal(last_words: &str) -> bool {
    const SAID: [&str; 5] = [
        "manifest unknown",
        "name unknown",
        "name not known to registry",
        "statuscode: 404",
        "404 not found",
    ];
    let words = last_words.to_lowercase();
    // So docker ends where containerd keeps its images.
    let nowhere = words.contains("failed to resolve reference") && words.ends_with(": not found");
    nowhere || SAID.iter().any(|said| words.contains(said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{GpuAccess, Runtime};

    fn container(kind: Kind) -> Container {
        let runtime = Runtime {
            kind,
            program: kind.name().into(),
            version: "1".to_owned(),
            rootless: false,
            init: true,
            in_group: false,
            gpus: GpuAccess::None,
            env: Vec::new(),
        };
        Container { runtime, name: "gpu-fleet-job-1".to_owned(), image: "lab/model:1".to_owned() }
    }

    #[test]
    fn a_missing_image_is_told_apart_from_a_container_that_cannot_be_made() {
        let podman = container(Kind::Podman);
        let of = |words: &str, has_image| match judge(&podman, 125, false, words, || has_image) {
            Outcome::NeverRan { reason, image_refused } => (reason, image_refused),
            other => unreachable!("{other:?}"),
        };
        let none = "there is no image 'lab/model:1': Error: manifest unknown";
        assert_eq!(of("Error: manifest unknown", false), (none.to_owned(), true));
        let away = "the image 'lab/model:1' cannot be had on this host: Error: i/o timeout";
        assert_eq!(of("Error: i/o timeout", false), (away.to_owned(), false));
        let unmade = "podman could not make a container of the image 'lab/model:1': Error: manifest unknown";
        assert_eq!(of("Error: manifest unknown", true), (unmade.to_owned(), false));
    }

    #[test]
    fn only_what_a_registry_has_answered_is_its_refusal() {
        for words in [
            "Error: initializing source docker://nvcr.io/nvidia/pytorch:0: reading manifest 0 in nvcr.io/nvidia/pytorch: manifest unknown",
            "Error: initializing source docker://example.org/lab/modle:1: reading manifest 1 in example.org/lab/modle: StatusCode: 404, <html>",
            "docker: Error response from daemon: manifest for alpine:nope not found: manifest unknown: manifest unknown.",
            "docker: Error response from daemon: failed to resolve reference \"docker.io/library/alpine:nope\": docker.io/library/alpine:nope: not found",
        ] {
            assert!(is_refusal(words), "{words}");
        }
        for words in [
            "Error: initializing source docker://docker.io/lab/denied:404: pinging container registry registry-1.docker.io: Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
            "Error: initializing source docker://localhost:5000/unauthorized:1: pinging container registry localhost:5000: Get \"https://localhost:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused",
            "Error: initializing source docker://lab/model:1: reading manifest 1 in docker.io/lab/model: toomanyrequests: You have reached your pull rate limit",
            "Error: initializing source docker://quay.io/lab/model:1: reading manifest 1 in quay.io/lab/model: StatusCode: 503, Service Unavailable",
            "Error: initializing source docker://docker.io/lab/modle:1: reading manifest 1 in docker.io/lab/modle: requested access to the resource is denied",
            "Error: initializing source docker://quay.io/lab/modle:1: reading manifest 1 in quay.io/lab/modle: unauthorized: access to the requested resource is not authorized",
            "Error: initializing source docker://ghcr.io/lab/modle:1: reading manifest 1 in ghcr.io/lab/modle: denied",
            "docker: Error response from daemon: pull access denied for modle, repository does not exist or may require 'docker login': denied: requested access to the resource is denied.",
            "docker: permission denied while trying to connect to the Docker daemon socket",
            "Error: mkdir /var/lib/containers: permission denied: no",
            "docker: Error response from daemon: failed to resolve reference \"docker.io/library/alpine:1\": dial tcp: i/o timeout",
            "Error: writing blob: storing blob to file: no space left on device",
            "",
        ] {
            assert!(!is_refusal(words), "{words}");
        }
    }

    #[test]
    fn a_command_that_ends_like_its_runtime_is_still_the_command() {
        let docker = container(Kind::Docker);
        let of = |code, words: &str| judge(&docker, code, true, words, || true);
        assert_eq!(of(125, "my own words"), Outcome::OfCommand);
        assert_eq!(of(0, "docker: looks like an error"), Outcome::OfCommand);
        assert_eq!(of(137, ""), Outcome::OfCommand);
        assert!(matches!(of(127, "docker: exec: \"nope\": not found"), Outcome::NotStarted(_)));
    }

    #[test]
    fn nobody_is_certain_of_what_apptainer_ran() {
        let apptainer = container(Kind::Apptainer);
        let said = judge(&apptainer, 255, false, "FATAL:   no such image", || false);
        assert!(matches!(said, Outcome::NotStarted(_)));
        assert_eq!(judge(&apptainer, 255, false, "mine", || false), Outcome::OfCommand);
    }
}
