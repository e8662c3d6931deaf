//! An attempt's way to its end, as its shim walks it: asked to end with a grace, killed until nothing is left, given up when it
//! will not go.

use std::time::{Duration, Instant};

use crate::lease::LeaseState;

/// A process that outlives SIGKILL for so long hangs in the kernel; waiting longer would help nobody.
pub(crate) const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// How long what serves a container may take to take it down.
const TAKE_DOWN: Duration = Duration::from_secs(3);
/// How often SIGKILL is sent again, to processes that were forked meanwhile.
const KILL_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// What is to be done to the tree of processes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Do {
    /// Nothing.
    Nothing,
    /// Ask every process to end.
    AskToEnd,
    /// Kill every process inside the container: what serves it from outside gets a moment to take it down.
    KillInside,
    /// Kill every process.
    Kill,
    /// Leave it: it will not go.
    GiveUp,
}

/// Where the attempt is on its way.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The command runs.
    Running,
    /// SIGTERM was sent; SIGKILL follows at this time.
    Stopping { kill_at: Instant },
    /// SIGKILL is sent until nothing is left, or until this time; at first, for a container, to those inside it alone.
    Killing { all_at: Instant, give_up_at: Instant },
}

/// The way of one attempt.
#[derive(Debug, Clone)]
pub struct Course {
    grace: Duration,
    time_out_at: Option<Instant>,
    phase: Phase,
    /// There is a container that something outside of it serves.
    pub in_container: bool,
    /// The command has ended, and what comes now was not the reason for it. What it has left behind, and what serves its
    /// container, may still be at work.
    pub is_over: bool,
    /// It was asked to stop while the command ran.
    pub stopped: bool,
    /// It was asked to stop when the command had ended.
    pub stopped_late: bool,
    /// Its time limit ended it.
    pub timed_out: bool,
    /// The host's lease ended it.
    pub lease_lost: bool,
}

impl Course {
    /// The way of a command that starts now.
    #[must_use]
    pub fn new(grace: Duration, limit: Option<Duration>, now: Instant) -> Self {
        Self {
            grace,
            time_out_at: limit.and_then(|limit| now.checked_add(limit)),
            phase: Phase::Running,
            in_container: false,
            is_over: false,
            stopped: false,
            stopped_late: false,
            timed_out: false,
            lease_lost: false,
        }
    }

    /// Somebody asks for its end.
    pub fn stop(&mut self, now: Instant) -> Do {
        self.note_stop();
        self.stop_within(self.grace, now)
    }

    /// Somebody wants it gone at once.
    pub fn kill(&mut self, now: Instant) -> Do {
        self.note_stop();
        self.kill_tree(now)
    }

    /// The host's lease ends whether or not its agent lives: by then the server may give the GPUs away. `left`: of the lease.
    pub fn watch_lease(&mut self, state: LeaseState, left: Duration, now: Instant) -> Do {
        match state {
            LeaseState::Held => Do::Nothing,
            LeaseState::Ending if matches!(self.phase, Phase::Running) => {
                self.lease_lost = !self.is_over;
                self.stop_within(left, now)
            }
            LeaseState::Ending => Do::Nothing,
            LeaseState::Lost => {
                self.lease_lost |= !self.is_over && !self.stopped && !self.timed_out;
                self.kill_tree(now)
            }
        }
    }

    /// Lets deadlines and the end of the command's own process take effect.
    pub fn advance(&mut self, command_ended: bool, now: Instant) -> Do {
        match self.phase {
            Phase::Running if command_ended => self.kill_tree(now),
            Phase::Running if self.time_out_at.is_some_and(|at| now >= at) => {
                self.timed_out = !self.is_over;
                self.stop_within(self.grace, now)
            }
            Phase::Running => Do::Nothing,
            // The command itself may end at once while what it started still uses its grace to save its work.
            Phase::Stopping { kill_at } if now >= kill_at => self.kill_tree(now),
            Phase::Stopping { .. } => Do::Nothing,
            Phase::Killing { give_up_at, .. } if now >= give_up_at => Do::GiveUp,
            Phase::Killing { .. } => self.kill_tree(now),
        }
    }

    /// How long nothing is due; none: for ever.
    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<Duration> {
        match self.phase {
            Phase::Running => self.time_out_at.map(|at| at.saturating_duration_since(now)),
            Phase::Stopping { kill_at } => Some(kill_at.saturating_duration_since(now)),
            Phase::Killing { .. } => Some(KILL_AGAIN_AFTER),
        }
    }

    /// Who is asked when all is over has not ended for that.
    fn note_stop(&mut self) {
        self.stopped |= !self.is_over;
        self.stopped_late = !self.stopped;
    }

    fn stop_within(&mut self, grace: Duration, now: Instant) -> Do {
        if !matches!(self.phase, Phase::Running) {
            return Do::Nothing;
        }
        self.phase = Phase::Stopping { kill_at: now.checked_add(grace.min(self.grace)).unwrap_or(now) };
        Do::AskToEnd
    }

    fn kill_tree(&mut self, now: Instant) -> Do {
        let all_at = match self.phase {
            Phase::Killing { all_at, .. } => all_at,
            Phase::Running | Phase::Stopping { .. } => {
                let all_at = if self.in_container { now + TAKE_DOWN } else { now };
                self.phase = Phase::Killing { all_at, give_up_at: now + GIVE_UP_AFTER };
                all_at
            }
        };
        if now < all_at { Do::KillInside } else { Do::Kill }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stop_has_its_grace_and_then_a_kill_that_is_given_up_at_last() {
        let start = Instant::now();
        let mut course = Course::new(5 * SECOND, None, start);
        assert_eq!(course.advance(false, start + 100 * SECOND), Do::Nothing);
        assert_eq!(course.stop(start), Do::AskToEnd);
        assert_eq!(course.stop(start), Do::Nothing, "once is enough");
        assert_eq!(course.advance(true, start + 4 * SECOND), Do::Nothing, "its children have the grace too");
        assert_eq!(course.advance(true, start + 5 * SECOND), Do::Kill);
        assert_eq!(course.advance(true, start + 14 * SECOND), Do::Kill);
        assert_eq!(course.advance(true, start + 15 * SECOND), Do::GiveUp);
        assert!(course.stopped && !course.timed_out && !course.lease_lost);
    }

    #[test]
    fn what_comes_after_the_commands_end_was_not_the_reason_for_it() {
        let start = Instant::now();
        let over = || Course { is_over: true, ..Course::new(SECOND, None, start) };
        for stop in [Course::stop, Course::kill] {
            let mut course = over();
            assert_ne!(stop(&mut course, start), Do::Nothing, "what it has left behind goes all the same");
            assert!(course.stopped_late && !course.stopped);
        }
        for state in [LeaseState::Ending, LeaseState::Lost] {
            let mut course = over();
            assert_ne!(course.watch_lease(state, SECOND, start), Do::Nothing);
            assert!(!course.lease_lost);
        }
        let mut course = Course { is_over: true, ..Course::new(SECOND, Some(SECOND), start) };
        assert_ne!(
            course.advance(false, start + SECOND),
            Do::Nothing,
            "a container's client may be at work still"
        );
        assert!(!course.timed_out);
        let mut course = Course::new(SECOND, None, start);
        assert_eq!(course.stop(start), Do::AskToEnd);
        course.is_over = true;
        assert_eq!(course.kill(start), Do::Kill);
        assert!(course.stopped && !course.stopped_late, "it ended for the first of the two");
    }

    #[test]
    fn what_serves_a_container_has_a_moment_to_take_it_down() {
        let start = Instant::now();
        let mut course = Course::new(SECOND, None, start);
        course.in_container = true;
        assert_eq!(course.kill(start), Do::KillInside);
        assert_eq!(course.advance(true, start + 2 * SECOND), Do::KillInside);
        assert_eq!(course.advance(true, start + 3 * SECOND), Do::Kill);
        assert_eq!(course.advance(true, start + 10 * SECOND), Do::GiveUp);
    }

    #[test]
    fn a_lease_leaves_what_is_left_of_it_for_a_goodbye() {
        let start = Instant::now();
        let mut course = Course::new(10 * SECOND, None, start);
        assert_eq!(course.watch_lease(LeaseState::Held, 9 * SECOND, start), Do::Nothing);
        assert_eq!(course.watch_lease(LeaseState::Ending, 2 * SECOND, start), Do::AskToEnd);
        assert_eq!(course.advance(false, start + 2 * SECOND), Do::Kill);
        assert!(course.lease_lost && !course.stopped);
    }

    #[test]
    fn a_time_limit_is_no_stop() {
        let start = Instant::now();
        let mut course = Course::new(SECOND, Some(3 * SECOND), start);
        assert_eq!(course.advance(false, start + 3 * SECOND), Do::AskToEnd);
        assert_eq!(course.watch_lease(LeaseState::Lost, Duration::ZERO, start + 4 * SECOND), Do::Kill);
        assert!(course.timed_out && !course.stopped && !course.lease_lost);
    }
}
