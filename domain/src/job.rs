//! A job's life: its states and the one table of transitions between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobStatus {
    /// Waits for GPUs.
    Queued,
    /// Waits for a release by a person, or for its dependencies.
    Held,
    /// Has its GPUs; no host has started it yet.
    Allocated,
    /// Its processes run (a loan: its GPUs are lent).
    Running,
    /// Asked to stop; its GPUs stay allocated until its processes are gone.
    Stopping,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Ended because a person asked.
    Cancelled,
    /// Ended by its time limit.
    TimedOut,
}

impl JobStatus {
    /// Every status, in the order of a life.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Held,
        Self::Allocated,
        Self::Running,
        Self::Stopping,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
    ];

    /// As it is stored and shown: `TIMED_OUT`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Held => "HELD",
            Self::Allocated => "ALLOCATED",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::TimedOut => "TIMED_OUT",
        }
    }

    /// Ended, and final.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut)
    }

    /// Holds GPUs.
    #[must_use]
    pub fn holds_gpus(self) -> bool {
        matches!(self, Self::Allocated | Self::Running | Self::Stopping)
    }

    /// Waits for GPUs.
    #[must_use]
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::Held)
    }

    /// The one table of transitions. A job in STOPPING is queued again, or has succeeded before it was asked, only where nobody
    /// asked for its end: it was to give back borrowed GPUs, or one of its parts had failed. The caller knows.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use JobStatus::{Allocated, Cancelled, Failed, Held, Queued, Running, Stopping, Succeeded, TimedOut};
        matches!(
            (self, next),
            (Queued, Held | Allocated | Running | Cancelled)
                | (Held, Queued | Cancelled | Failed)
                | (Allocated, Running | Stopping | Queued | Failed | Cancelled)
                | (Running, Stopping | Queued | Succeeded | Failed | TimedOut)
                | (Stopping, Queued | Succeeded | Failed | Cancelled | TimedOut)
        )
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a job status")]
pub struct UnknownStatus;

impl FromStr for JobStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::JobStatus;

    #[test]
    fn what_has_ended_stays_ended() {
        for from in JobStatus::ALL.into_iter().filter(|status| status.is_terminal()) {
            assert!(JobStatus::ALL.into_iter().all(|to| !from.may_become(to)), "{from} is final");
        }
    }

    #[test]
    fn what_was_asked_to_stop_does_not_go_on() {
        for to in [JobStatus::Held, JobStatus::Allocated, JobStatus::Running] {
            assert!(!JobStatus::Stopping.may_become(to));
        }
    }

    #[test]
    fn every_status_can_be_reached_and_survives_its_text_form() {
        for to in JobStatus::ALL {
            assert_eq!(to.as_str().parse(), Ok(to));
            let reached = JobStatus::ALL.into_iter().any(|from| from.may_become(to));
            assert!(reached, "{to} can be reached");
        }
    }
}
