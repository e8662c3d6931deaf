//! The driver's error events (XID): which of them say that a card is faulty, and which only that a program was.
//!
//! The classes follow NVIDIA's catalogue of XID errors and the codes that its device plugin for Kubernetes passes over as mistakes
//! of programs. A fault stays until the card has proved itself: idle, answering, with nothing pending, for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::{Device, EventSet, Nvml};

use super::Condition;

/// A burst of events longer than this is left for the next look.
const MOST_AT_ONCE: usize = 64;
/// Notes that nobody has taken are kept up to this many.
const MOST_NOTES: usize = 64;

/// What a code says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Class {
    /// A program's own mistake: to be noted on its job.
    OfProgram(&'static str),
    /// Something about the card.
    OfCard(Condition),
}

fn class_of(code: u64) -> Class {
    let text = |what: &str| format!("XID {code}: {what}");
    let dead = |what: &str| Class::OfCard(Condition::Dead(text(what)));
    let suspect = |what: &str| Class::OfCard(Condition::Suspect(text(what)));
    match code {
        13 => Class::OfProgram("an error in the program's own work"),
        31 => Class::OfProgram("the program used memory that is not its own"),
        43 => Class::OfProgram("the program's channel was stopped for its error"),
        45 => Class::OfProgram("the program was ended, after an earlier error or by a signal"),
        68 => Class::OfProgram("an error in the program's video work"),
        109 => Class::OfProgram("switching between programs took too long"),
        46 => dead("the GPU stopped working"),
        48 => dead("uncorrectable memory error"),
        62 | 119 | 120 => dead("the card's own controller hangs"),
        64 => Class::OfCard(Condition::Failed(text("a bad memory row could not be set aside"))),
        79 => dead("the GPU has fallen off the bus"),
        95 => dead("uncontained memory error"),
        140 => dead("unrecovered memory error"),
        63 => suspect("a bad memory row is to be set aside at the next reset"),
        74 => suspect("NVLink error"),
        94 => suspect("contained memory error"),
        92 => Class::OfCard(Condition::Degraded(text("many corrected memory errors"))),
        _ => Class::OfCard(Condition::Degraded(text("unknown to this agent"))),
    }
}

/// A card as events name it: a lost one no longer tells its UUID, but its handle stays the same.
pub(super) type Identity = usize;

pub(super) fn identity(device: &Device<'_>) -> Identity {
    // SAFETY: the handle is compared, never used.
    unsafe { device.handle() }.addr()
}

/// Listens for error events, and keeps the worst condition that they proved.
pub(super) struct XidWatch {
    events: Mutex<Option<EventSet<'static>>>,
    heard: Mutex<Heard>,
    probation: Duration,
}

#[derive(Default)]
struct Heard {
    faults: HashMap<Identity, Fault>,
    notes: Vec<(Identity, String)>,
}

/// What is held against a card, and since when it behaves.
struct Fault {
    condition: Condition,
    well_since: Option<Instant>,
}

impl XidWatch {
    /// Cards or drivers without events are watched by their other signs.
    pub(super) fn new(nvml: &'static Nvml, cards: &[&Device<'static>], probation: Duration) -> Self {
        let mut events = nvml.create_event_set().ok();
        for card in cards {
            events = events.and_then(|set| card.register_events(EventTypes::CRITICAL_XID_ERROR, set).ok());
        }
        Self { events: Mutex::new(events), heard: Mutex::default(), probation }
    }

    pub(super) fn set_probation(&mut self, probation: Duration) {
        self.probation = probation;
    }

    /// Takes in what has happened since the last look.
    pub(super) fn poll(&self) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(events) = events.as_ref() else { return };
        for _ in 0..MOST_AT_ONCE {
            let Ok(event) = events.wait(0) else { return };
            if let Some(XidError::Value(code)) = event.event_data {
                self.take(identity(&event.device), code);
            }
        }
    }

    fn take(&self, card: Identity, code: u64) {
        tracing::warn!(xid = code, "the driver reports an error");
        let mut heard = self.heard();
        match class_of(code) {
            Class::OfProgram(what) if heard.notes.len() < MOST_NOTES => {
                heard.notes.push((card, format!("XID {code}: {what}")));
            }
            Class::OfProgram(_) => {}
            Class::OfCard(condition) => {
                let fault = heard
                    .faults
                    .entry(card)
                    .or_insert(Fault { condition: Condition::Healthy, well_since: None });
                fault.condition = std::mem::take(&mut fault.condition).worse(condition);
                fault.well_since = None;
            }
        }
    }

    /// What events have said about a card so far.
    pub(super) fn condition(&self, card: Identity) -> Condition {
        self.heard().faults.get(&card).map(|fault| fault.condition.clone()).unwrap_or_default()
    }

    /// Takes in whether a card behaves now. One that has done so for all of its probation is forgiven.
    pub(super) fn observe(&self, card: Identity, well: bool, now: Instant) {
        let mut heard = self.heard();
        let Some(fault) = heard.faults.get_mut(&card) else { return };
        if !well {
            fault.well_since = None;
            return;
        }
        let since = *fault.well_since.get_or_insert(now);
        if now.duration_since(since) >= self.probation {
            tracing::info!(
                fault = fault.condition.reason(),
                "a card has proved itself; its fault is forgiven"
            );
            heard.faults.remove(&card);
        }
    }

    /// Mistakes of programs since this was last asked, by card.
    pub(super) fn take_notes(&self) -> Vec<(Identity, String)> {
        std::mem::take(&mut self.heard().notes)
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Identity = 7;

    fn watch() -> XidWatch {
        XidWatch { events: Mutex::new(None), heard: Mutex::default(), probation: Duration::from_secs(600) }
    }

    #[test]
    fn mistakes_of_programs_are_noted_and_not_held_against_the_card() {
        let watch = watch();
        for code in [13, 31, 43, 45, 68, 109] {
            watch.take(CARD, code);
        }
        assert_eq!(watch.condition(CARD), Condition::Healthy);
        assert_eq!((watch.take_notes().len(), watch.take_notes().len()), (6, 0));
    }

    #[test]
    fn faults_of_the_card_are_told_apart() {
        let condition = |code| {
            let watch = watch();
            watch.take(CARD, code);
            watch.condition(CARD)
        };
        for code in [46, 48, 62, 79, 95, 119, 120, 140] {
            assert!(matches!(condition(code), Condition::Dead(_)), "{code}");
        }
        for code in [63, 74, 94] {
            assert!(matches!(condition(code), Condition::Suspect(_)), "{code}");
        }
        assert!(matches!(condition(64), Condition::Failed(_)));
        assert_eq!(condition(4711), Condition::Degraded("XID 4711: unknown to this agent".to_owned()));
    }

    #[test]
    fn a_card_is_forgiven_when_it_has_behaved_for_all_of_its_probation() {
        let (watch, start) = (watch(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        watch.take(CARD, 94);
        watch.observe(CARD, true, at(0));
        watch.observe(CARD, true, at(500));
        watch.observe(CARD, false, at(501));
        watch.observe(CARD, true, at(502));
        watch.observe(CARD, true, at(1101));
        assert!(watch.condition(CARD).keeps_jobs_off());
        watch.observe(CARD, true, at(1102));
        assert_eq!(watch.condition(CARD), Condition::Healthy);
    }
}
