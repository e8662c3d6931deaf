//! Values as people type them: durations, `key=value` pairs, roles. Parsing only, so that each has its tests beside it.

use std::time::Duration;

/// One `key=value`, as `--label` and `--env` take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Left of the first equals sign; never empty.
    pub(crate) key: String,
    /// Right of it; may be empty and may hold further equals signs.
    pub(crate) value: String,
}

/// Reads `key=value`.
pub(crate) fn pair(text: &str) -> Result<Pair, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok(Pair { key: key.trim().to_owned(), value: value.to_owned() })
        }
        Some(_) => Err("the part before = is empty; write key=value".to_owned()),
        None => Err("there is no = in it; write key=value".to_owned()),
    }
}

/// Reads a duration: `90`, `90s`, `15m`, `1h`, `2d`, and sums of them such as `1h30m`. A bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(secs) = text.parse::<u64>() {
        return positive(secs);
    }
    let mut total = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(no_duration)?;
        let amount: u64 = rest[..digits].parse().map_err(|_| no_duration())?;
        let unit = rest[digits..].chars().next().ok_or_else(no_duration)?;
        let part = amount.checked_mul(seconds_in(unit)?).ok_or_else(too_long)?;
        total = total.checked_add(part).ok_or_else(too_long)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    positive(total)
}

/// Reads how long something is kept: a duration, or 0 for ever.
pub(crate) fn retention(text: &str) -> Result<Duration, String> {
    if text.trim() == "0" { Ok(Duration::ZERO) } else { duration(text) }
}

fn seconds_in(unit: char) -> Result<u64, String> {
    match unit {
        's' => Ok(1),
        'm' => Ok(60),
        'h' => Ok(3600),
        'd' => Ok(86_400),
        _ => Err(no_duration()),
    }
}

fn positive(secs: u64) -> Result<Duration, String> {
    if secs == 0 { Err("it must be longer than nothing".to_owned()) } else { Ok(Duration::from_secs(secs)) }
}

fn no_duration() -> String {
    "not a duration; write 90s, 15m, 1h30m or 2d".to_owned()
}

fn too_long() -> String {
    "too long a duration".to_owned()
}

/// Where a page comes from, as browsers name it: scheme, host and, unless usual, port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// `https://fleet.example.org`, without a slash at its end.
    pub(crate) text: String,
    /// `fleet.example.org`.
    pub(crate) host: String,
}

/// Reads an origin.
pub(crate) fn origin(text: &str) -> Result<Origin, String> {
    let wrong = || "not an origin; write https://host or https://host:port".to_owned();
    let url = reqwest::Url::parse(text.trim()).map_err(|_| wrong())?;
    let plain = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
    match url.host_str() {
        Some(host) if plain && url.username().is_empty() && url.fragment().is_none() => {
            Ok(Origin { text: url.origin().ascii_serialization(), host: host.to_owned() })
        }
        _ => Err(wrong()),
    }
}

/// The roles that a token can carry, in lower case on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TokenRole {
    /// Reads its organization.
    Viewer,
    /// Also submits, cancels, allocates.
    Member,
    /// Also manages its organization.
    Admin,
    /// Runs the fleet.
    Operator,
    /// Lets one agent join the fleet.
    Agent,
}

/// How log lines of the server and the agent look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// What `migrate` is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MigrateDirection {
    /// Applies what is missing.
    Up,
    /// Takes back the newest step.
    Down,
    /// Lists the steps and which are applied.
    Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let cases = [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("1h", 3600),
            ("1h30m", 5400),
            ("2d", 172_800),
            (" 5m ", 300),
        ];
        for (text, secs) in cases {
            assert_eq!(duration(text), Ok(Duration::from_secs(secs)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_an_example() {
        for text in [
            "",
            "0",
            "0s",
            "h",
            "1.5h",
            "-1h",
            "1w",
            "1h30",
            "99999999999999999999d",
            "9999999999999999999d",
            "1é",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("1w").is_err_and(|message| message.contains("1h30m")));
    }

    #[test]
    fn a_pair_splits_at_the_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(Pair { key: "a".into(), value: "b=c".into() }));
        assert_eq!(pair("empty="), Ok(Pair { key: "empty".into(), value: String::new() }));
        assert!(pair("=b").is_err());
        assert!(pair("novalue").is_err());
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        let read = |text: &str| origin(text).map(|origin| origin.text);
        assert_eq!(read("https://Fleet.example.org/").as_deref(), Ok("https://fleet.example.org"));
        assert_eq!(read("http://10.0.0.1:4600").as_deref(), Ok("http://10.0.0.1:4600"));
        for wrong in ["fleet.example.org", "https://a/b", "ftp://a", "https://user@a", "https://a/#x", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
