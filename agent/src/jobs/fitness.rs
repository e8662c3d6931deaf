//! Whether this host can start jobs at all. A start that fails through no fault of the job says that it may not; several in a row
//! are believed, and the server places nothing more here until a trial start has gone well.

use std::sync::{Mutex, PoisonError};

/// Failed starts in a row that are believed.
const BELIEVED: u32 = 3;

/// What starts have shown.
#[derive(Debug, Default)]
pub(crate) struct Fitness {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    reason: Option<String>,
}

impl Fitness {
    /// A start that failed, and why.
    pub(super) fn failed(&self, reason: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= BELIEVED && state.reason.is_none() {
            tracing::error!(reason, "this host cannot start jobs and takes no new ones");
            state.reason = Some(format!("its agent cannot start jobs: {reason}"));
        }
    }

    /// A start that went well.
    pub(super) fn went_well(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.reason.is_some() {
            tracing::info!("this host can start jobs again");
        }
        *state = State::default();
    }

    /// Why this host cannot start jobs; `None` while it can.
    pub(crate) fn unfit(&self) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).reason.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_are_believed_and_a_success_ends_it() {
        let fitness = Fitness::default();
        fitness.failed("no space");
        fitness.failed("no space");
        fitness.went_well();
        fitness.failed("no space");
        fitness.failed("no space");
        assert_eq!(fitness.unfit(), None);
        fitness.failed("no space");
        assert_eq!(fitness.unfit().as_deref(), Some("its agent cannot start jobs: no space"));
        fitness.went_well();
        assert_eq!(fitness.unfit(), None);
    }
}
