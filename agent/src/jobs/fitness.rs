//! Whether this host can start jobs at all. A start that fails through no fault of the job says that it may not; several in a row
//! are believed, and the server places nothing more here until a trial start has gone well.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// Failed starts in a row that are believed.
const BELIEVED: u32 = 3;
/// How long the server's knowing is waited for; it may be away.
const MOMENT: Duration = Duration::from_secs(2);

/// What starts have shown.
#[derive(Debug, Default)]
pub(crate) struct Fitness {
    state: Mutex<State>,
    changed: Notify,
    /// What the server knows of it.
    told: watch::Sender<Option<String>>,
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
            self.changed.notify_one();
        }
    }

    /// A start that went well.
    pub(super) fn went_well(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.reason.is_some() {
            tracing::info!("this host can start jobs again");
            self.changed.notify_one();
        }
        *state = State::default();
    }

    /// Why this host cannot start jobs; `None` while it can.
    pub(crate) fn unfit(&self) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).reason.clone()
    }

    /// Waits until it has changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The server knows this of it.
    pub(crate) fn is_known_as(&self, unfit: Option<String>) {
        self.told.send_replace(unfit);
    }

    /// Waits until the server knows that this host cannot start jobs, if it cannot: whatever is placed here until then fails too.
    pub(super) async fn is_known(&self) {
        let Some(reason) = self.unfit() else { return };
        let mut told = self.told.subscribe();
        let _ = tokio::time::timeout(MOMENT, told.wait_for(|told| told.as_ref() == Some(&reason))).await;
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
