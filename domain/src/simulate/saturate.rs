//! Saturation: jobs offered one by one in a given order, none of which ever ends; what fits nowhere is dropped.

use crate::plan::Core;
use crate::snapshot::{Snapshot, WaitingJob};

/// Jobs offered to a fleet that only fills up.
pub struct Saturation<'a> {
    core: Core<'a>,
    capacity_milli: i64,
    /// Requested so far, whether it was given or not.
    pub requested_milli: i64,
    /// Given so far.
    pub given_milli: i64,
}

/// What came of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Where it went: the host's place in the world, and the card's index on it.
    Placed(Vec<(usize, usize)>),
    /// There is no room for it.
    Dropped,
}

impl<'a> Saturation<'a> {
    /// An empty fleet, to stay good for the mix of jobs that `seen` is.
    #[must_use]
    pub fn new(
        fleet: &'a Snapshot,
        seen: impl IntoIterator<Item = &'a WaitingJob>,
        rules: &crate::plan::Rules,
    ) -> Self {
        let mut core = Core::empty(fleet, rules);
        core.see(seen);
        let gpus = fleet.hosts.iter().map(|host| host.gpus.len() as i64).sum::<i64>();
        Self { core, capacity_milli: gpus * 1000, requested_milli: 0, given_milli: 0 }
    }

    /// Offers one job.
    pub fn offer(&mut self, job: &'a WaitingJob) -> Offer {
        let asked = i64::from(job.requirements.count) * i64::from(job.requirements.milli);
        self.requested_milli += asked;
        match self.core.place_now(job) {
            Some(gpus) => {
                self.given_milli += asked;
                Offer::Placed(gpus)
            }
            None => Offer::Dropped,
        }
    }

    /// Requested so far as a part of what there is.
    #[must_use]
    pub fn arrivals(&self) -> f64 {
        self.requested_milli as f64 / self.capacity_milli.max(1) as f64
    }

    /// Given so far as a part of what there is.
    #[must_use]
    pub fn allocation(&self) -> f64 {
        self.given_milli as f64 / self.capacity_milli.max(1) as f64
    }

    /// Idle thousandths of GPUs that jobs of the mix could not use, on average, as a part of what there is.
    #[must_use]
    pub fn fragmentation(&self) -> f64 {
        self.core.fragmentation() / self.capacity_milli.max(1) as f64
    }
}
