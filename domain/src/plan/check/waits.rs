//! That every job is placed or explained, that none waits beside free GPUs that would serve it without a stated reason, and
//! that the reasons stated are so.

use std::collections::{HashMap, HashSet};

use crate::ids::{JobId, OrganizationId};
use crate::plan::{BlockerCode, Explanation};
use crate::requirements::{Label, WHOLE_GPU_MILLI};
use crate::snapshot::{HostState, WaitingJob};

use super::room::fits;
use super::{Breach, BreachCode, Checked, asked_milli};

/// Hosts looked at in one check at most: a queue of very many different wishes is checked as far as this goes.
const HOSTS_LOOKED_AT: usize = 2_000_000;

pub(super) fn check(checked: &mut Checked<'_>) {
    let placed: HashSet<JobId> = checked.plan.placements.iter().map(|placement| placement.job).collect();
    let mut free = Free::new(&checked.hosts);
    let quotas = Quotas::new(checked);
    let mut found = Vec::new();
    for job in &checked.snapshot.waiting {
        let said = checked.plan.waiting.get(&job.id).filter(|said| !said.is_silent());
        let breach = match (said, placed.contains(&job.id)) {
            (None, true) => None,
            (Some(said), false) => one(checked, &quotas, &mut free, job, said),
            (Some(_), true) => Some((BreachCode::Unexplained, "is placed and explained")),
            (None, false) => Some((BreachCode::Unexplained, "is neither placed nor explained")),
        };
        found.extend(breach.map(|(code, what)| Breach { code, message: format!("{} {what}", job.id) }));
    }
    checked.breaches.extend(found);
}

/// What is wrong about a job that stays and what is said of it.
fn one<'s>(
    checked: &Checked<'s>,
    quotas: &Quotas,
    free: &mut Free<'_, 's>,
    job: &'s WaitingJob,
    said: &Explanation,
) -> Option<(BreachCode, &'static str)> {
    let reasons = [
        (BlockerCode::Held, job.held, "is said to be held back, and is not"),
        (
            BlockerCode::Dependency,
            !job.unfinished_dependencies.is_empty(),
            "is said to wait for another job, and does not",
        ),
        (BlockerCode::RetryPause, job.rests_until.is_some(), "is said to rest, and does not"),
        (
            BlockerCode::NoContainerRuntime,
            job.needs_container && free.lacks_containers,
            "is said to lack hosts that run containers, and does not",
        ),
        (BlockerCode::OverQuota, quotas.excludes(job), "is said to be over its ceiling, and is not"),
        (
            BlockerCode::ReservedForEarlierJob,
            checked.plan.promises.iter().any(|promise| promise.job != job.id),
            "is said to wait for what is promised to another, and nothing is",
        ),
    ];
    let stated = || reasons.iter().filter(|(code, _, _)| said.states(*code));
    if let Some((_, _, what)) = stated().find(|(_, so, _)| !so) {
        return Some((BreachCode::UntrueReason, what));
    }
    let serves = stated().next().is_none() && free.serves(job);
    serves.then_some((BreachCode::WaitsBesideFreeGpus, "waits beside free GPUs that would serve it"))
}

/// What the ceilings leave, with what the plan gives and what it promises.
struct Quotas {
    left: HashMap<OrganizationId, i64>,
    promised: HashMap<JobId, i64>,
}

impl Quotas {
    fn new(checked: &Checked<'_>) -> Self {
        let given = checked.given_to();
        let mut left: HashMap<OrganizationId, i64> = HashMap::new();
        for (id, state) in &checked.organizations {
            if let Some(ceiling) = state.max_gpus_milli {
                let held = state.allocated_milli + given.get(id).copied().unwrap_or(0);
                left.insert(*id, ceiling - held);
            }
        }
        let mut promised = HashMap::new();
        for promise in &checked.plan.promises {
            let Some(job) = checked.named.get(&promise.job) else { continue };
            promised.insert(promise.job, asked_milli(job));
            left.entry(job.organization).and_modify(|left| *left -= asked_milli(job));
        }
        Self { left, promised }
    }

    /// Whether a job would go beyond its organization's ceiling.
    fn excludes(&self, job: &WaitingJob) -> bool {
        let own = self.promised.get(&job.id).copied().unwrap_or(0);
        self.left.get(&job.organization).is_some_and(|left| left + own < asked_milli(job))
    }
}

/// All that tells whether a job would find room.
type Wish<'s> = (OrganizationId, bool, [u64; 5], &'s [String], &'s [Label]);

fn wish(job: &WaitingJob) -> Wish<'_> {
    let asked = &job.requirements;
    (job.organization, job.needs_container, asked.bits(), &asked.gpu_types, &asked.labels)
}

/// The hosts on which anything is free, and which wishes they would serve.
struct Free<'h, 's> {
    hosts: Vec<&'h HostState>,
    known: HashMap<Wish<'s>, bool>,
    /// Some host of the fleet cannot run containers.
    lacks_containers: bool,
    looked_at: usize,
}

impl<'h, 's> Free<'h, 's> {
    fn new(hosts: &'h [HostState]) -> Self {
        let any_free = |host: &&HostState| {
            host.gpus.iter().any(|gpu| gpu.usable && gpu.allocated_milli < WHOLE_GPU_MILLI)
        };
        let lacks_containers = hosts.iter().any(|host| !host.runs_containers);
        let hosts = hosts.iter().filter(|host| host.schedulable).filter(any_free).collect();
        Self { hosts, known: HashMap::new(), lacks_containers, looked_at: 0 }
    }

    fn serves(&mut self, job: &'s WaitingJob) -> bool {
        let asked = &job.requirements;
        let sound = (1..=WHOLE_GPU_MILLI).contains(&asked.milli)
            && (asked.count == 1 || (asked.count > 1 && asked.milli == WHOLE_GPU_MILLI));
        let Self { hosts, known, looked_at, .. } = self;
        *known.entry(wish(job)).or_insert_with(|| {
            *looked_at += hosts.len();
            sound && *looked_at <= HOSTS_LOOKED_AT && fits(job, hosts.iter().copied())
        })
    }
}
