//! What a server agrees with agents: how long a lease is, how often a sign of life is expected, and, following from both,
//! when silence means what.

use std::time::Duration;

/// What is left between the end of an agent's lease, when it has killed its jobs, and the moment at which the server gives
/// their GPUs away: time for kills that take long, and for a heartbeat's way.
const MARGIN: Duration = Duration::from_secs(10);
/// Signs of life that may fail to come before a host counts as down.
const MISSED: u32 = 4;

/// The agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    lease: Duration,
    heartbeat: Duration,
}

/// Terms that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    /// The lease is out of bounds.
    #[error("a lease lasts from 3 seconds to 1 hour")]
    Lease,
    /// A lease must survive the loss of some heartbeats.
    #[error("heartbeats come at least once a second and at least three times within a lease")]
    Heartbeat,
}

/// What a host's silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing yet.
    Short,
    /// Nothing new is placed on it; what runs there may still be running.
    Suspect,
    /// Its lease has ended and its jobs with it: their GPUs are given away.
    Lost,
}

impl Default for LeaseTerms {
    /// Two minutes, in which a server can be upgraded or a switch restarted, and a sign of life every five seconds.
    fn default() -> Self {
        Self { lease: Duration::from_secs(120), heartbeat: Duration::from_secs(5) }
    }
}

impl LeaseTerms {
    /// A lease of this length, renewed this often.
    ///
    /// # Errors
    /// See [`InvalidTerms`].
    pub fn new(lease: Duration, heartbeat: Duration) -> Result<Self, InvalidTerms> {
        if !(3..=3600).contains(&lease.as_secs()) {
            return Err(InvalidTerms::Lease);
        }
        if heartbeat.as_secs() == 0 || heartbeat * 3 > lease {
            return Err(InvalidTerms::Heartbeat);
        }
        Ok(Self { lease, heartbeat })
    }

    /// Without an answer to a heartbeat for so many seconds, an agent's jobs end.
    #[must_use]
    pub fn lease_seconds(self) -> i32 {
        i32::try_from(self.lease.as_secs()).unwrap_or(i32::MAX)
    }

    /// How often an agent is to give a sign of life.
    #[must_use]
    pub fn heartbeat_seconds(self) -> i32 {
        i32::try_from(self.heartbeat.as_secs()).unwrap_or(i32::MAX)
    }

    /// What it means that a host, to which a lease of `granted` was given, has been silent for `silent`. The lease that was
    /// granted counts, not this server's own: another server may have granted it.
    pub(super) fn judge(self, granted: Duration, silent: Duration) -> Silence {
        let lost = granted + MARGIN;
        if silent >= lost {
            Silence::Lost
        } else if silent >= (self.heartbeat * MISSED).min(lost) {
            Silence::Suspect
        } else {
            Silence::Short
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_host_is_suspect_within_half_a_minute_and_lost_after_its_lease() {
        let terms = LeaseTerms::default();
        let judge = |silent| terms.judge(seconds(120), seconds(silent));
        assert_eq!((judge(19), judge(20), judge(129)), (Silence::Short, Silence::Suspect, Silence::Suspect));
        assert_eq!(judge(130), Silence::Lost);
    }

    #[test]
    fn the_granted_lease_counts_and_not_ones_own() {
        let terms = LeaseTerms::new(seconds(6), seconds(1)).unwrap();
        assert_eq!(terms.judge(seconds(600), seconds(100)), Silence::Suspect);
        assert_eq!(terms.judge(seconds(6), seconds(16)), Silence::Lost);
    }

    #[test]
    fn a_lease_outlives_lost_heartbeats() {
        assert_eq!(LeaseTerms::new(seconds(10), seconds(4)), Err(InvalidTerms::Heartbeat));
        assert_eq!(LeaseTerms::new(seconds(10), seconds(0)), Err(InvalidTerms::Heartbeat));
        assert_eq!(LeaseTerms::new(seconds(2), seconds(1)), Err(InvalidTerms::Lease));
        assert!(LeaseTerms::new(seconds(3), seconds(1)).is_ok());
    }
}
