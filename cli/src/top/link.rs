//! Whether what is shown is the present: live, late, or cut off.

use chrono::TimeDelta;

use crate::api::Instant;
use crate::output::style::Tone;
use crate::output::time::span;

/// What is in sight is asked for again after this long, and an answer proves that the server is there.
pub(super) const ASKED_EVERY_SECS: i64 = 5;
/// Silent for so long, it is late.
const LATE_AFTER: TimeDelta = TimeDelta::seconds(2 * ASKED_EVERY_SECS + 2);

/// How it stands with the server.
#[derive(Debug, Clone)]
pub(super) struct Link {
    state: State,
    heard: Option<Instant>,
}

#[derive(Debug, Clone)]
enum State {
    /// The first snapshot is on its way.
    Loading { gpus: usize, jobs: usize },
    /// The subscriptions stand.
    Standing,
    /// They do not.
    Cut { since: Instant, cause: String },
}

impl Link {
    pub(super) fn new() -> Self {
        Self { state: State::Loading { gpus: 0, jobs: 0 }, heard: None }
    }

    /// Something came from the server.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = Some(now);
    }

    /// So much of the snapshot has come.
    pub(super) fn loading(&mut self, gpus: usize, jobs: usize, now: Instant) {
        self.state = State::Loading { gpus, jobs };
        self.heard(now);
    }

    /// All subscriptions stand, and the snapshot is there.
    pub(super) fn standing(&mut self, now: Instant) {
        self.state = State::Standing;
        self.heard(now);
    }

    /// A subscription was lost.
    pub(super) fn cut(&mut self, cause: String, now: Instant) {
        match &mut self.state {
            State::Cut { cause: known, .. } => *known = cause,
            state => *state = State::Cut { since: now, cause },
        }
    }

    /// In a word or two, for the header.
    pub(super) fn word(&self, now: Instant) -> (String, Tone) {
        match &self.state {
            State::Loading { gpus, jobs } if gpus + jobs > 0 => {
                (format!("loading: {gpus} GPUs, {jobs} jobs"), Tone::Wait)
            }
            State::Loading { .. } => ("loading".to_owned(), Tone::Wait),
            State::Cut { since, .. } => {
                (format!("cut off {}", span((now - *since).num_seconds())), Tone::Bad)
            }
            State::Standing => match self.heard.map(|heard| now - heard) {
                Some(silent) if silent > LATE_AFTER => {
                    (format!("late {}", span(silent.num_seconds())), Tone::Wait)
                }
                _ => ("live".to_owned(), Tone::Good),
            },
        }
    }

    /// Why nothing comes, for the line that stands above the keys.
    pub(super) fn cause(&self) -> Option<&str> {
        match &self.state {
            State::Cut { cause, .. } => Some(cause),
            _ => None,
        }
    }

    /// Whether what is shown is of the past.
    pub(super) fn is_stale(&self) -> bool {
        matches!(self.state, State::Cut { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_late_and_a_break_is_cut_off_until_it_stands_again() {
        let start = Instant::UNIX_EPOCH;
        let after = |secs| start + TimeDelta::seconds(secs);
        let mut link = Link::new();
        assert_eq!(link.word(start).0, "loading");
        link.standing(start);
        assert_eq!(link.word(after(12)).0, "live");
        assert_eq!(link.word(after(13)).0, "late 13s");
        link.heard(after(13));
        assert_eq!(link.word(after(14)).0, "live");
        link.cut("refused".to_owned(), after(20));
        link.cut("still refused".to_owned(), after(25));
        assert_eq!(link.word(after(30)).0, "cut off 10s");
        assert_eq!(link.cause(), Some("still refused"));
        link.standing(after(31));
        assert_eq!((link.word(after(31)).0.as_str(), link.cause()), ("live", None));
    }
}
