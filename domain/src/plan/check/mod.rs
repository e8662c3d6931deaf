//! Whether a plan keeps the rules: looked up in the snapshot by a reading that shares no code with the planner, cheap
//! enough to follow every pass.
//!
//! 1. Nothing is given twice, to the wrong job, or beyond what is there (`given`).
//! 2. No organization goes beyond its ceiling, and only what is borrowed is asked back (`quotas`).
//! 3. No job waits beside free GPUs that would serve it, unless a reason is stated, and stated reasons are true
//!    (`waits`).

mod given;
mod quotas;
mod room;
mod waits;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::ids::{HostId, JobId, OrganizationId};
use crate::snapshot::{HostState, OrganizationState, Snapshot, WaitingJob};

use super::Plan;

/// A rule that a plan breaks, or a state of the fleet that no plan may lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// Its kind.
    pub code: BreachCode,
    /// A sentence with the ids and the numbers.
    pub message: String,
}

/// The kinds of breaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BreachCode {
    /// More of a GPU, or of a host's cores or memory, is given than there is.
    OverAllocated,
    /// A placement that is not what its job asked for.
    WrongPlacement,
    /// An organization would hold more than its ceiling.
    OverCeiling,
    /// A job is to give back what its organization did not borrow.
    NotBorrowed,
    /// A job is neither placed nor explained, or both.
    Unexplained,
    /// A job waits beside free GPUs that would serve it, and no reason is stated.
    WaitsBesideFreeGpus,
    /// A stated reason is not so.
    UntrueReason,
}

impl BreachCode {
    /// As it is logged and counted: `OVER_ALLOCATED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OverAllocated => "OVER_ALLOCATED",
            Self::WrongPlacement => "WRONG_PLACEMENT",
            Self::OverCeiling => "OVER_CEILING",
            Self::NotBorrowed => "NOT_BORROWED",
            Self::Unexplained => "UNEXPLAINED",
            Self::WaitsBesideFreeGpus => "WAITS_BESIDE_FREE_GPUS",
            Self::UntrueReason => "UNTRUE_REASON",
        }
    }
}

/// Every rule that the plan breaks; none, when all is well.
#[must_use]
pub fn check(snapshot: &Snapshot, plan: &Plan) -> Vec<Breach> {
    let mut checked = Checked::new(snapshot, plan);
    given::check(&mut checked);
    quotas::check(&mut checked);
    waits::check(&mut checked);
    checked.breaches
}

/// A plan beside its snapshot, and what was found so far.
struct Checked<'s> {
    snapshot: &'s Snapshot,
    plan: &'s Plan,
    /// The waiting jobs that the plan does something about.
    named: HashMap<JobId, &'s WaitingJob>,
    organizations: HashMap<OrganizationId, &'s OrganizationState>,
    /// The fleet as it will be with what the plan gives.
    hosts: Vec<HostState>,
    places: HashMap<HostId, usize>,
    breaches: Vec<Breach>,
}

impl<'s> Checked<'s> {
    fn new(snapshot: &'s Snapshot, plan: &'s Plan) -> Self {
        let places = snapshot.hosts.iter().enumerate().map(|(place, host)| (host.id, place));
        Self {
            snapshot,
            plan,
            named: named(snapshot, plan),
            organizations: snapshot.organizations.iter().map(|known| (known.id, known)).collect(),
            places: places.collect(),
            hosts: snapshot.hosts.clone(),
            breaches: Vec::new(),
        }
    }

    fn breach(&mut self, code: BreachCode, message: String) {
        self.breaches.push(Breach { code, message });
    }

    /// What the plan gives to an organization's jobs, in thousandths of a GPU.
    fn given_to(&self) -> HashMap<OrganizationId, i64> {
        let mut given = HashMap::new();
        for placement in &self.plan.placements {
            if let Some(job) = self.named.get(&placement.job) {
                let milli: i64 = placement.gpus.iter().map(|gpu| i64::from(gpu.milli)).sum();
                *given.entry(job.organization).or_insert(0) += milli;
            }
        }
        given
    }
}

fn named<'s>(snapshot: &'s Snapshot, plan: &Plan) -> HashMap<JobId, &'s WaitingJob> {
    let placed = plan.placements.iter().map(|placement| placement.job);
    let promised = plan.promises.iter().map(|promise| promise.job);
    let claimed = plan.preemptions.iter().map(|one| one.claimed_by);
    let named: HashSet<JobId> = placed.chain(promised).chain(claimed).collect();
    snapshot.waiting.iter().filter(|job| named.contains(&job.id)).map(|job| (job.id, job)).collect()
}

/// All that a job asks for, in thousandths of a GPU.
fn asked_milli(job: &WaitingJob) -> i64 {
    i64::from(job.requirements.count) * i64::from(job.requirements.milli)
}
