//! What the server says of an attempt, and what that makes of it here.

/// What the server says is to be done with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start it, unless it was started before.
    Run,
    /// It runs here, as this host has said.
    GoOn,
    /// End it, with its grace, and report.
    Stop,
    /// End it at once and report nothing.
    Forget,
}

/// What is wanted of an attempt. Later ones outrank earlier ones and are never taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Go on.
    Run,
    /// The server asked for its end.
    Stop,
    /// One of its cards is dead.
    CardDied,
    /// The server was out of reach for too long; a short goodbye is still possible.
    LeaseEnding,
    /// The server may give its work to another host from now on.
    LeaseLost,
    /// It is not this host's any more: it ends at once and nothing is reported.
    Forget,
}

impl Wish {
    /// Whether there is no time for a goodbye.
    #[must_use]
    pub fn is_urgent(self) -> bool {
        self >= Self::LeaseLost
    }
}

/// What an order makes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it was carried out before.
    Nothing,
    /// It is started.
    Start,
    /// It is reported as lost: its directory is gone, or this is a copy of the machine that runs it, and it must not run a second
    /// time.
    ReportLost,
    /// Its end is wanted.
    Wish(Wish),
    /// It is reported as ended: it never came here, or has left no trace.
    ReportUnknown,
}

/// What to do about an order. `known`: the attempt is here or was here.
#[must_use]
pub fn carry_out(action: Action, known: bool) -> Step {
    match (action, known) {
        (Action::Run | Action::GoOn, true) => Step::Nothing,
        (Action::Run, false) => Step::Start,
        (Action::GoOn, false) => Step::ReportLost,
        (Action::Stop, true) => Step::Wish(Wish::Stop),
        (Action::Stop, false) => Step::ReportUnknown,
        (Action::Forget, _) => Step::Wish(Wish::Forget),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_has_said_that_it_runs_is_never_started_again() {
        for action in [Action::GoOn, Action::Stop, Action::Forget] {
            assert!([true, false].into_iter().all(|known| carry_out(action, known) != Step::Start));
        }
        assert_eq!(carry_out(Action::Run, true), Step::Nothing);
        assert_eq!(carry_out(Action::Run, false), Step::Start);
    }
}
