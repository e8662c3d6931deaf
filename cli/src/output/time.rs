//! Times as people read them.

use crate::api::Instant;

/// A length of time in at most two units: `42s`, `3m07s`, `1h05m`, `2d03h`.
pub(crate) fn span(secs: i64) -> String {
    let secs = secs.max(0);
    match secs {
        0..60 => format!("{secs}s"),
        60..3600 => format!("{}m{:02}s", secs / 60, secs % 60),
        3600..86_400 => format!("{}h{:02}m", secs / 3600, secs % 3600 / 60),
        _ => format!("{}d{:02}h", secs / 86_400, secs % 86_400 / 3600),
    }
}

/// How long ago: `just now`, `42s ago`.
pub(crate) fn ago(at: Instant, now: Instant) -> String {
    match (now - at).num_seconds() {
        ..1 => "just now".to_owned(),
        secs => format!("{} ago", span(secs)),
    }
}

/// From one instant to another, or to now.
pub(crate) fn between(from: Instant, to: Option<Instant>, now: Instant) -> String {
    span((to.unwrap_or(now) - from).num_seconds())
}

/// An instant in full: `2026-01-31 14:02:31 UTC`.
pub(crate) fn absolute(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        let cases = [(-5, "0s"), (0, "0s"), (59, "59s"), (187, "3m07s"), (3900, "1h05m"), (183_600, "2d03h")];
        for (secs, text) in cases {
            assert_eq!(span(secs), text);
        }
    }

    #[test]
    fn the_future_of_a_skewed_clock_is_now() {
        let now = Instant::UNIX_EPOCH;
        assert_eq!(ago(now + chrono::TimeDelta::seconds(5), now), "just now");
        assert_eq!(ago(now - chrono::TimeDelta::seconds(5), now), "5s ago");
    }
}
