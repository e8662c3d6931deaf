//! From a snapshot to the core's state, and from the core's choices back to what a plan says.

use std::collections::HashMap;

use crate::ids::{GpuId, JobId, OrganizationId};
use crate::requirements::WHOLE_GPU_MILLI;
use crate::snapshot::{RunningJob, Snapshot, WaitingJob};

use super::core::{Core, Lengths, Promise, Running};
use super::demand::{Demand, Spread};
use super::eligibility::Asked;
use super::fleet::{Fleet, HostPart};
use super::moment::{At, NEVER, SECOND, calendar, moment};
use super::packing::Packing;
use super::rules::Rules;
use super::{PlacedGpu, Placement, Promised};

/// The core as a snapshot has it, with every job in the queue that may start.
pub(super) fn core<'a>(snapshot: &'a Snapshot, rules: &Rules, now: At) -> Core<'a> {
    core_with(snapshot, rules, now, None)
}

/// The same, with one job more in the queue: whatever holds it back.
pub(super) fn core_with<'a>(snapshot: &'a Snapshot, rules: &Rules, now: At, also: Option<JobId>) -> Core<'a> {
    let mut core = Core::new(Fleet::new(snapshot), &snapshot.organizations, *rules, now);
    core.accounts.introduce(owners(snapshot));
    adopt(&mut core, snapshot);
    core.submit_all(snapshot.waiting.iter().filter(|job| !job.is_held_back() || also == Some(job.id)));
    if rules.packing == Packing::Fgd {
        let seen = snapshot.seen.iter();
        core.stay_good_for(seen.map(|seen| (Asked::by_seen(seen), f64::from(seen.jobs))));
    }
    core
}

/// Whose the jobs are.
fn owners(snapshot: &Snapshot) -> impl Iterator<Item = OrganizationId> {
    let running = snapshot.running.iter().map(|job| job.organization);
    running.chain(snapshot.waiting.iter().map(|job| job.organization))
}

/// How long a job is thought to run.
pub(super) fn lengths(job: &WaitingJob) -> Lengths {
    let estimate = job.estimate_secs.map_or(NEVER, |seconds| seconds.max(1).saturating_mul(SECOND));
    Lengths { estimate, run: estimate }
}

/// Takes in who holds what already.
fn adopt(core: &mut Core<'_>, snapshot: &Snapshot) {
    let mut places: HashMap<GpuId, (usize, usize)> = HashMap::new();
    if !snapshot.running.is_empty() {
        for (rank, host) in core.fleet.hosts.iter().enumerate() {
            places.extend(host.cards.iter().enumerate().map(|(place, card)| (card.state.id, (rank, place))));
        }
    }
    for job in &snapshot.running {
        let until = job.ends_by.map_or(NEVER, moment);
        let mut held: Vec<((usize, usize), i32)> =
            job.gpus.iter().filter_map(|(gpu, milli)| Some((*places.get(gpu)?, *milli))).collect();
        held.sort_unstable();
        let milli = held.first().map_or(WHOLE_GPU_MILLI, |(_, milli)| *milli);
        let parts: Vec<HostPart> = held
            .chunk_by(|a, b| a.0.0 == b.0.0)
            .map(|chunk| HostPart {
                host: chunk[0].0.0,
                cards: chunk.iter().map(|((_, card), _)| *card).collect(),
            })
            .collect();
        let demand = held_demand(job, milli);
        core.fleet.adopt(&parts, &demand, until);
        let account = core.accounts.number(job.organization);
        let running = Running {
            account,
            demand,
            parts,
            started: job.started_at.map_or(core.now, moment),
            until,
            priority: job.priority,
            stopping: job.stopping,
            version: Some(job.version),
        };
        core.running.insert(job.id, running);
    }
}

fn held_demand(job: &RunningJob, milli: i32) -> Demand {
    let count = i32::try_from(job.gpus.len()).unwrap_or(i32::MAX);
    let per_gpu = |in_all: f64| in_all / f64::from(count.max(1));
    Demand {
        count,
        milli,
        spread: Spread::Anywhere,
        cpus_per_gpu: per_gpu(job.cpus),
        memory_gb_per_gpu: per_gpu(job.memory_gb),
    }
}

/// What a plan says of a job that the core has started.
pub(super) fn placement(core: &Core<'_>, job: JobId) -> Option<Placement> {
    let running = core.running.get(&job)?;
    let version = running.version?;
    let placed = |part: &HostPart, card: usize| {
        let host = &core.fleet.hosts[part.host];
        let gpu = host.cards[card].state;
        PlacedGpu { host: host.state.id, gpu: gpu.id, gpu_version: gpu.version, milli: running.demand.milli }
    };
    let gpus = running.parts.iter().flat_map(|part| part.cards.iter().map(move |card| placed(part, *card)));
    Some(Placement { job, job_version: version, gpus: gpus.collect() })
}

/// What a plan says of what the core has promised.
pub(super) fn promised(core: &Core<'_>, promise: &Promise) -> Promised {
    let parts = match promise {
        Promise::By(..) => &[],
        Promise::Kept(reservation) => reservation.parts.as_slice(),
    };
    let id = |host: usize, card: usize| core.fleet.hosts[host].cards[card].state.id;
    let gpus =
        parts.iter().flat_map(|part| part.cards.iter().map(move |card| id(part.host, *card))).collect();
    Promised { job: promise.job(), at: promise.moment().and_then(calendar), gpus }
}
