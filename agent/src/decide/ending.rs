//! What an attempt's end is told as.

use super::Wish;
use crate::attempt::ExitRecord;
use crate::shim::{EXIT_FAILED, EXIT_NO_ROOM, EXIT_RECORD_LOST};

/// Whose doing an end was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// The command ended, by itself or because it was stopped.
    Command,
    /// This host could not start it: the command certainly never ran.
    NeverStarted,
    /// There is no such image, as its registry has answered: the command certainly never ran, here or elsewhere.
    ImageRefused,
    /// This host lost it: the command may have run.
    Lost,
}

/// What to think of a shim that is gone without a record of an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecorded {
    /// The command never ran.
    NeverStarted(&'static str),
    /// It may have run, and what is left of it is to be killed.
    Lost(&'static str),
}

/// What to think of a shim that is gone without a record of an end. `code`: its own exit code, where that is known; `started`: the
/// record of a start is there.
#[must_use]
pub fn unrecorded(code: Option<i32>, started: bool) -> Unrecorded {
    match code {
        Some(EXIT_NO_ROOM) => {
            Unrecorded::NeverStarted("there is no room on this host's disk for the records of a job")
        }
        Some(EXIT_FAILED) if !started => Unrecorded::NeverStarted("its shim could not do its work"),
        Some(EXIT_RECORD_LOST) => Unrecorded::Lost("its shim could not keep the record of its end"),
        _ => Unrecorded::Lost("its process was lost: its shim was killed"),
    }
}

/// What the server is told of an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// As shells tell it.
    pub exit_code: Option<i32>,
    /// Why, when the code does not say it.
    pub reason: Option<String>,
    /// The time limit ended it.
    pub timed_out: bool,
    /// Whose doing it was.
    pub cause: EndCause,
    /// The command had been asked to end, by a signal, before it ended; none: that is not known.
    pub asked: Option<bool>,
}

/// What the server is told of an end, `wish` being the strongest that there was, `passed_on` whether this agent has passed one on to
/// the shim, and `blamed` what of this host's has ended it.
#[must_use]
pub fn ending(record: &ExitRecord, wish: Wish, passed_on: bool, blamed: Option<String>) -> Ending {
    // Wanted because a card has died, and for nothing else.
    let card_died = record.stopped && wish == Wish::CardDied;
    let lease_wanted_it = matches!(wish, Wish::LeaseEnding | Wish::LeaseLost) && record.stopped;
    let lease_ended_it = record.lease_lost || lease_wanted_it;
    // The agent that stopped it is gone, and nobody else knows why it did: for the server, for a card, for the lease. Or it was no
    // agent: a host that shuts down asks everybody, and the command perhaps a moment before its shim.
    let stopped_late = record.stopped_late == Some(true);
    let unexplained = (record.stopped || stopped_late) && wish == Wish::Run;
    let host_ended_it = card_died || lease_ended_it || unexplained;
    let reason = if card_died {
        blamed
    } else if unexplained {
        Some("it was stopped by an agent that ended before it could say why".to_owned())
    } else if lease_ended_it {
        Some("this host had lost the server for longer than its lease".to_owned())
    } else {
        record.reason.clone()
    };
    let cause = match record {
        _ if host_ended_it => EndCause::Lost,
        ExitRecord { image_refused: true, .. } => EndCause::ImageRefused,
        ExitRecord { never_started: true, .. } => EndCause::NeverStarted,
        ExitRecord { lost: true, .. } => EndCause::Lost,
        _ => EndCause::Command,
    };
    // A command that saves its work and exits with zero when it is asked to has not done all of it.
    let exit_code = record.shell_code().filter(|_| !host_ended_it);
    // A stop that nobody here has sent, and that came late: others may have asked the command before its shim.
    let asked = record.was_asked().filter(|_| passed_on || !stopped_late);
    Ending { exit_code, reason, timed_out: record.timed_out, cause, asked }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(record: ExitRecord, wish: Wish) -> (Option<i32>, EndCause) {
        let end = ending(&record, wish, true, None);
        (end.exit_code, end.cause)
    }

    #[test]
    fn an_image_that_is_none_is_told_apart_from_a_start_that_failed() {
        let never = |image_refused| ExitRecord {
            never_started: true,
            image_refused,
            ..ExitRecord::unseen(String::new())
        };
        assert_eq!(told(never(true), Wish::Run), (None, EndCause::ImageRefused));
        assert_eq!(told(never(false), Wish::Run), (None, EndCause::NeverStarted));
    }

    #[test]
    fn a_command_that_ends_well_because_its_host_wanted_it_to_end_has_not_succeeded() {
        let ended = |stopped, lease_lost| ExitRecord {
            exit_code: Some(0),
            reason: None,
            stopped,
            lease_lost,
            ..ExitRecord::unseen(String::new())
        };
        assert_eq!(told(ended(false, false), Wish::Run), (Some(0), EndCause::Command));
        assert_eq!(told(ended(false, true), Wish::Run), (None, EndCause::Lost), "its shim saw the lease end");
        for wish in [Wish::CardDied, Wish::LeaseEnding, Wish::LeaseLost] {
            assert_eq!(told(ended(true, false), wish), (None, EndCause::Lost));
            assert_eq!(told(ended(false, false), wish), (Some(0), EndCause::Command), "it was done before");
        }
        assert_eq!(told(ended(true, false), Wish::Run), (None, EndCause::Lost), "who wanted it is gone");
        assert_eq!(told(ended(true, false), Wish::Stop), (Some(0), EndCause::Command), "the server did");
    }

    #[test]
    fn what_ended_by_itself_is_told_apart_from_what_was_asked_to() {
        let ended = |what: fn(&mut ExitRecord)| {
            let mut record = ExitRecord { exit_code: Some(0), ..ExitRecord::unseen(String::new()) };
            what(&mut record);
            record
        };
        let asked = |passed_on, what| ending(&ended(what), Wish::Stop, passed_on, None).asked;
        for passed_on in [false, true] {
            let asked = |what| asked(passed_on, what);
            assert_eq!(asked(|_| ()), Some(false), "the stop found nobody");
            assert_eq!(asked(|record| record.stopped = true), Some(true));
            assert_eq!(asked(|record| record.timed_out = true), Some(true));
            assert_eq!(asked(|record| record.lease_lost = true), Some(true));
            let old = asked(|record| (record.stopped, record.stopped_late) = (true, None));
            assert_eq!(old, None, "an older shim did not look whether its command still ran");
        }
        assert_eq!(asked(true, |record| record.stopped_late = Some(true)), Some(false));
        let unknown = asked(false, |record| record.stopped_late = Some(true));
        assert_eq!(unknown, None, "whoever stopped it may have asked its command first");
        let late = ended(|record| record.stopped_late = Some(true));
        assert_eq!(told(late.clone(), Wish::CardDied), (Some(0), EndCause::Command), "it was done before");
        assert_eq!(
            told(late, Wish::Run),
            (None, EndCause::Lost),
            "who stopped it may have asked its command too"
        );
    }
}
