//! What the book says, beside what truly runs: while things go on, what it calls free is free; when all is quiet, it tells what
//! has truly happened.

use std::collections::BTreeMap;

use agent::attempt::AttemptId;
use api::store::{Scope, Store};
use domain::ids::{GpuId, JobId};
use domain::job::JobStatus;
use domain::retry::MOST_EXCUSED;
use domain::snapshot::Snapshot;
use entity::{allocation, job};

use crate::machine::Machine;
use crate::process::{End, Tree};
use crate::truth::{JobFacts, Truth, Violation, ensure};

/// The UUIDs of the GPUs in the book.
#[derive(Debug, Default)]
pub(crate) struct Cards(BTreeMap<GpuId, String>);

impl Cards {
    async fn learn(&mut self, store: &Store, snapshot: &Snapshot) -> Result<(), Violation> {
        let all = || snapshot.hosts.iter().flat_map(|host| &host.gpus);
        if all().all(|gpu| self.0.contains_key(&gpu.id)) {
            return Ok(());
        }
        let ids: Vec<GpuId> = all().map(|gpu| gpu.id).collect();
        let rows = store.gpus_by_id(Scope::Fleet, &ids).await?;
        self.0 = rows.into_iter().map(|(id, row)| (id, row.uuid)).collect();
        Ok(())
    }
}

/// What the book calls free, or gives to one, is not used by another.
///
/// # Errors
/// It is.
pub(crate) async fn check(
    store: &Store,
    cards: &mut Cards,
    machines: &[Machine],
    truth: &Truth,
) -> Result<(), Violation> {
    let snapshot = store.fleet_snapshot().await?;
    cards.learn(store, &snapshot).await?;
    for host in &snapshot.hosts {
        for gpu in &host.gpus {
            let owners: Vec<(JobId, i32)> = snapshot
                .running
                .iter()
                .flat_map(|job| job.gpus.iter().map(move |(gpu, milli)| (job.id, *gpu, *milli)))
                .filter(|(_, of, _)| *of == gpu.id)
                .map(|(job, _, milli)| (job, milli))
                .collect();
            let sum: i32 = owners.iter().map(|(_, milli)| milli).sum();
            let uuid = cards.0.get(&gpu.id).map_or("", String::as_str);
            ensure(sum == gpu.allocated_milli, || {
                format!("{uuid} is allocated to a job that holds nothing: {owners:?}, {gpu:?}")
            })?;
            ensure(sum <= 1000, || format!("{uuid} is allocated twice: {owners:?}"))?;
            if !host.schedulable || !gpu.usable {
                continue;
            }
            let users = machines.iter().flat_map(|machine| machine.body.alive());
            for (id, _) in users.filter(|(_, tree)| tree.gpus.iter().any(|own| own == uuid)) {
                let job: Option<JobId> = id.job_id.parse().ok();
                let own = owners.iter().any(|(owner, _)| Some(*owner) == job);
                let attempt = truth.job_of(id).map(|job| job.attempt);
                ensure(own && attempt == Some(id.attempt), || {
                    format!("{uuid} is free or another's in the book ({owners:?}), and {id} is on it")
                })?;
            }
        }
    }
    for organization in &snapshot.organizations {
        let (held, most) = (organization.allocated_milli, organization.max_gpus_milli);
        ensure(most.is_none_or(|most| held <= most), || format!("a ceiling is exceeded: {organization:?}"))?;
    }
    Ok(())
}

/// Whether all is over: no job waits or runs, and no process is left.
#[must_use]
pub(crate) fn is_quiet(machines: &[Machine], truth: &Truth) -> bool {
    let over = truth.jobs.values().all(|job| job.status.is_terminal());
    let gone = machines
        .iter()
        .all(|machine| machine.body.alive().next().is_none() && machine.body.disk.attempts.is_empty());
    over && gone
}

/// What the book tells in the end is what has happened.
///
/// # Errors
/// It is not.
pub(crate) async fn check_end(store: &Store, machines: &[Machine], truth: &Truth) -> Result<(), Violation> {
    let snapshot = store.fleet_snapshot().await?;
    for host in &snapshot.hosts {
        let free = host.gpus.iter().all(|gpu| gpu.usable && gpu.allocated_milli == 0);
        ensure(host.schedulable && free, || format!("{} is not free again: {host:?}", host.name))?;
    }
    let ids: Vec<JobId> = truth.jobs.keys().copied().collect();
    let rows = store.jobs_by_id(Scope::Fleet, &ids).await?;
    let allocations = store.allocations_of_jobs(Scope::Fleet, &ids).await?;
    for (id, facts) in &truth.jobs {
        let row = rows.get(id).ok_or_else(|| Violation(format!("{id} is not in the book")))?;
        let given = allocations.get(id).map_or(&[][..], Vec::as_slice);
        check_job(row, facts, given, machines)?;
    }
    Ok(())
}

fn check_job(
    row: &job::Model,
    facts: &JobFacts,
    given: &[allocation::Model],
    machines: &[Machine],
) -> Result<(), Violation> {
    let id = JobId(row.id);
    let told = |what: &str| format!("{what}: {row:?}\nits starts: {:?}", facts.started);
    ensure(row.status == facts.status.as_str(), || told("events and book tell different ends"))?;
    ensure(given.iter().all(|one| one.released_at.is_some()), || told("it holds GPUs after its end"))?;
    let mut gangs: BTreeMap<i32, i32> = BTreeMap::new();
    for one in given {
        *gangs.entry(one.attempt).or_default() += 1;
    }
    let count = row.requirements.0.count;
    ensure(gangs.values().all(|gpus| *gpus == count), || told("an attempt had some of its GPUs"))?;
    let cancelled = facts.cancelled_in.is_some();
    ensure(!cancelled || facts.status == JobStatus::Cancelled, || told("a cancel was forgotten"))?;
    let mut attempts: Vec<i32> = facts.started.iter().map(|(attempt, _)| *attempt).collect();
    attempts.dedup();
    if row.max_retries == 0 {
        let runs = i32::try_from(attempts.len()).unwrap_or(i32::MAX);
        ensure(runs <= 1 + row.preempted, || told("a job without retries ran more than once"))?;
    }
    // What was never given GPUs has failed with what it depends on.
    if facts.status == JobStatus::Failed && !given.is_empty() && row.excused < MOST_EXCUSED {
        let tries = row.attempt - row.excused - row.preempted;
        ensure(tries > row.max_retries, || told("it has failed with retries left"))?;
    }
    if row.command.is_none() {
        return ensure(attempts.is_empty(), || told("a loan ran something"));
    }
    let last = AttemptId { job_id: id.to_string(), attempt: row.attempt };
    let trees: Vec<&Tree> = machines.iter().filter_map(|machine| machine.body.trees.get(&last)).collect();
    let ends: Vec<Option<End>> = trees.iter().map(|tree| tree.end).collect();
    let told = |what: &str| format!("{}\nits processes' ends: {ends:?}", told(what));
    match facts.status {
        JobStatus::Succeeded => {
            let done = !ends.is_empty() && ends.iter().all(|end| *end == Some(End::Done(0)));
            ensure(done && row.exit_code == Some(0), || told("it succeeded without having done its work"))
        }
        JobStatus::TimedOut => {
            let limit = u64::try_from(row.time_limit_seconds.unwrap_or(i32::MAX)).unwrap_or(u64::MAX);
            let ran = |tree: &&Tree| tree.gone_at.unwrap_or(0).saturating_sub(tree.started_at);
            let long = trees.iter().any(|tree| ran(tree) + 200 >= limit * 1000);
            ensure(long, || told("it timed out before its time"))
        }
        JobStatus::Failed if row.exit_code.is_some() => {
            let code = |end: &End| match end {
                End::Done(code) | End::Asked(code) => *code,
                End::Killed => 137,
            };
            let true_code = ends.iter().flatten().any(|end| Some(code(end)) == row.exit_code);
            ensure(true_code, || told("its exit code is made up"))
        }
        _ => Ok(()),
    }
}
