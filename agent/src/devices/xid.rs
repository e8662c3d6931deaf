//! The driver's error events (XID): which of them say that the card is faulty, and which only that a program was.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::{Device, EventSet, Nvml};

use super::Condition;

/// A burst of events longer than this is left for the next look.
const MOST_AT_ONCE: usize = 64;

/// What a code says about the card itself; `None` for those that a program's own mistake causes.
fn condition_of(code: u64) -> Option<Condition> {
    let failed = |what: &str| Some(Condition::Failed(format!("XID {code}: {what}")));
    let degraded = |what: &str| Some(Condition::Degraded(format!("XID {code}: {what}")));
    match code {
        48 => failed("uncorrectable memory error"),
        62 | 119 | 120 => failed("the card's own controller hangs"),
        64 => failed("a bad memory row could not be set aside"),
        79 => failed("the GPU has fallen off the bus"),
        95 => failed("uncontained memory error"),
        140 => failed("unrecovered memory error"),
        63 => degraded("a bad memory row is to be set aside at the next reset"),
        74 => degraded("NVLink error"),
        94 => degraded("contained memory error"),
        _ => None,
    }
}

/// Listens for error events, and keeps the worst condition that they proved: it lasts until the agent starts anew.
pub(super) struct XidWatch {
    events: Mutex<Option<EventSet<'static>>>,
    faults: Mutex<HashMap<usize, Condition>>,
}

impl XidWatch {
    /// Cards or drivers without events are watched by their other signs.
    pub(super) fn new(nvml: &'static Nvml, cards: &[&Device<'static>]) -> Self {
        let mut events = nvml.create_event_set().ok();
        for card in cards {
            events = events.and_then(|set| card.register_events(EventTypes::CRITICAL_XID_ERROR, set).ok());
        }
        Self { events: Mutex::new(events), faults: Mutex::new(HashMap::new()) }
    }

    /// Takes in what has happened since the last look.
    pub(super) fn poll(&self) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(events) = events.as_ref() else { return };
        for _ in 0..MOST_AT_ONCE {
            let Ok(event) = events.wait(0) else { return };
            let Some(XidError::Value(code)) = event.event_data else { continue };
            tracing::warn!(xid = code, "the driver reports an error");
            if let Some(condition) = condition_of(code) {
                let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
                let known = faults.entry(identity(&event.device)).or_default();
                *known = std::mem::take(known).worse(condition);
            }
        }
    }

    /// What events have said about a card so far.
    pub(super) fn condition(&self, device: &Device<'static>) -> Condition {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.get(&identity(device)).cloned().unwrap_or_default()
    }
}

/// A lost card no longer tells its UUID, but its handle stays the same.
fn identity(device: &Device<'_>) -> usize {
    // SAFETY: the handle is compared, never used.
    unsafe { device.handle() }.addr()
}
