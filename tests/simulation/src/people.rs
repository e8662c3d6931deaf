//! What people do to the fleet: they submit, cancel, edit, hold, lend, drain, and hear the answer or not.

use api::fault::Fault;
use api::store::hosts::HostEdit;
use api::store::jobs::JobEdit;
use api::store::organizations::NewOrganization;
use api::store::placing::ChosenGpu;
use api::store::{Actor, Scope, Store};
use domain::ids::{GpuId, HostId, JobId, OrganizationId};
use domain::job::JobStatus;
use domain::limits::JobSpec;
use domain::requirements::GpuRequirements;

use crate::dice::Dice;
use crate::network::Order;
use crate::process::{Conduct, Goodbye};
use crate::time::Millis;
use crate::trace::Trace;
use crate::truth::{JobFacts, Truth, Violation};

/// What somebody does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Submits a job for an organization, perhaps depending on one that it has submitted before.
    Submit { organization: usize, spec: Box<JobSpec>, seed: u64, depends: bool },
    /// Cancels the job with this place among those submitted.
    Cancel(usize),
    /// Gives its GPUs back.
    Release(usize),
    /// Gives it another priority.
    Prefer(usize),
    /// Holds it, or lets it go.
    Hold(usize, bool),
    /// Submits anew what has ended.
    Retry(usize, u64),
    /// Chooses GPUs for it, past the queue.
    Allocate(usize, u64),
    /// Drains a host, or ends that.
    Drain(usize, bool),
}

/// The people.
pub(crate) struct People {
    /// What they will do, latest first.
    pub(crate) acts: Vec<(Millis, Act)>,
    organizations: Vec<OrganizationId>,
    submitted: Vec<JobId>,
    drained: Vec<HostId>,
}

/// The fleet as people know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// GPUs of the largest host.
    pub(crate) of_one: u64,
    /// GPUs of all hosts.
    pub(crate) of_all: u64,
}

impl People {
    /// People of some organizations, who do so many things within this time.
    ///
    /// # Errors
    /// Database faults.
    pub(crate) async fn new(
        store: &Store,
        dice: &mut Dice,
        size: Size,
        jobs: u64,
        within: Millis,
    ) -> Result<Self, Violation> {
        let mut organizations = Vec::new();
        for place in 0..dice.within(1..=3) {
            let new = NewOrganization {
                slug: format!("org-{place}"),
                name: format!("org-{place}"),
                weight: dice.within(1..=3) as f64,
                guaranteed_gpus: dice.within(0..=size.of_all / 2) as f64,
                // Whoever may hold less than a job needs would wait for ever.
                max_gpus: dice.per_mille(200).then_some(size.of_all as f64),
                max_queued_jobs: None,
                idle: domain::idle::Policy::default(),
            };
            let row = store.create_organization(new, &Actor::server()).await?;
            organizations.push(OrganizationId(row.id));
        }
        let mut acts = Vec::new();
        for place in 0..jobs {
            let at = dice.within(0..=within);
            let organization = dice.index(organizations.len());
            let spec = job(dice, size, place);
            let loan = spec.command.is_none();
            let seed = dice.seed();
            acts.push((
                at,
                Act::Submit { organization, spec: Box::new(spec), seed, depends: dice.per_mille(120) },
            ));
            let place = dice.index(usize::try_from(jobs).unwrap_or(1));
            let later = dice.within(0..=within);
            if loan || dice.per_mille(40) {
                acts.push((later, Act::Release(place)));
            }
            if dice.per_mille(200) {
                acts.push((later, Act::Cancel(place)));
            }
            if dice.per_mille(60) {
                acts.push((later, Act::Prefer(place)));
            }
            if dice.per_mille(60) {
                acts.push((later, Act::Hold(place, dice.per_mille(600))));
            }
            if dice.per_mille(40) {
                acts.push((later, Act::Retry(place, dice.seed())));
            }
            if dice.per_mille(100) {
                acts.push((later, Act::Allocate(place, dice.seed())));
            }
            if dice.per_mille(40) {
                acts.push((later, Act::Drain(place, dice.per_mille(600))));
            }
        }
        acts.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(Self { acts, organizations, submitted: Vec::new(), drained: Vec::new() })
    }

    /// Somebody does something, as `graphql::mutation` does it for them. Whether they hear the answer is the network's.
    ///
    /// # Errors
    /// A server meets what it should not.
    pub(crate) async fn act(
        &mut self,
        act: Act,
        store: &Store,
        truth: &mut Truth,
        dice: &mut Dice,
        trace: &mut Trace,
        now: Millis,
    ) -> Result<(), Violation> {
        let outcome = self.try_act(&act, store, truth, dice).await;
        trace.note(now, &format!("somebody: {}", describe(&act, &outcome)));
        match outcome {
            Ok(_)
            | Err(Fault::Conflict { .. } | Fault::NotFound(_) | Fault::Invalid(_) | Fault::Quota(_)) => {
                Ok(())
            }
            Err(fault) => Err(fault.into()),
        }
    }

    async fn try_act(
        &mut self,
        act: &Act,
        store: &Store,
        truth: &mut Truth,
        dice: &mut Dice,
    ) -> Result<String, Fault> {
        let actor = Actor::server();
        let known = |place: usize| self.submitted.get(place % self.submitted.len().max(1)).copied();
        let nobody = Fault::NotFound("job");
        match act {
            Act::Submit { organization, spec, seed, depends } => {
                let mut spec = JobSpec::clone(spec);
                if *depends && let Some(on) = self.submitted.last() {
                    spec.depends_on.push(*on);
                }
                let organization = self.organizations[*organization];
                let mut rows = store.submit_jobs(organization, vec![spec.clone()], false, &actor).await?;
                if dice.per_mille(100) {
                    // The answer was lost, and it is sent again under the same key.
                    let again = store.submit_jobs(organization, vec![spec.clone()], false, &actor).await?;
                    if again[0].id != rows[0].id {
                        return Err(Fault::Internal("one idempotency key made two jobs".into()));
                    }
                }
                let row = rows.remove(0);
                self.keep(JobId(row.id), spec, *seed, truth);
                Ok(JobId(row.id).to_string())
            }
            Act::Retry(place, seed) => {
                let id = known(*place).ok_or(nobody)?;
                let row = store.retry_job(Scope::Fleet, id, &actor).await?;
                let spec = truth.jobs.get(&id).map(|job| job.spec.clone()).unwrap_or_default();
                self.keep(JobId(row.id), spec, *seed, truth);
                Ok(JobId(row.id).to_string())
            }
            Act::Cancel(place) => {
                let id = known(*place).ok_or(nobody)?;
                let row = store.cancel_job(Scope::Fleet, id, None, None, &actor).await?;
                if !dice.per_mille(200)
                    && let Some(job) = truth.jobs.get_mut(&id)
                {
                    job.cancelled_in = Some(row.attempt);
                }
                Ok(format!("{id} {}", row.status))
            }
            Act::Release(place) => {
                let id = known(*place).ok_or(nobody)?;
                let row = store.release_job(Scope::Fleet, id, &actor).await?;
                Ok(format!("{id} {}", row.status))
            }
            Act::Allocate(place, seed) => {
                let id = known(*place).ok_or(nobody)?;
                let count = truth.jobs.get(&id).map_or(0, |job| job.spec.requirements.count);
                let chosen = chosen(store, usize::try_from(count).unwrap_or(0), *seed).await?;
                let (row, _) = store.allocate(Scope::Fleet, id, chosen, None, &actor).await?;
                Ok(format!("{id} {}", row.status))
            }
            Act::Prefer(place) => {
                let edit = JobEdit { priority: Some(5), ..JobEdit::default() };
                self.edit(*place, edit, store, truth).await
            }
            Act::Hold(place, hold) => {
                let edit = JobEdit { hold: Some(*hold), ..JobEdit::default() };
                self.edit(*place, edit, store, truth).await
            }
            Act::Drain(place, drain) => {
                let snapshot = store.fleet_snapshot().await?;
                let host = snapshot.hosts.get(place % snapshot.hosts.len().max(1));
                let id = host.ok_or(Fault::NotFound("host"))?.id;
                self.drained.push(id);
                set_drain(store, id, *drain).await?;
                Ok(id.to_string())
            }
        }
    }

    fn keep(&mut self, id: JobId, spec: JobSpec, seed: u64, truth: &mut Truth) {
        self.submitted.push(id);
        let facts = JobFacts {
            spec,
            seed,
            cancelled_in: None,
            status: JobStatus::Queued,
            attempt: 1,
            version: 0,
            started: Vec::new(),
        };
        truth.jobs.insert(id, facts);
    }

    async fn edit(&self, place: usize, edit: JobEdit, store: &Store, truth: &Truth) -> Result<String, Fault> {
        let id = self.submitted.get(place % self.submitted.len().max(1)).ok_or(Fault::NotFound("job"))?;
        let version = truth.jobs.get(id).map_or(1, |job| job.version.max(1));
        let version = i32::try_from(version).unwrap_or(1);
        store.update_job(Scope::Fleet, *id, version, edit, &Actor::server()).await?;
        Ok(id.to_string())
    }

    /// Lets everything go that waits for people.
    ///
    /// # Errors
    /// A server meets what it should not.
    pub(crate) async fn tidy_up(&self, store: &Store, truth: &Truth) -> Result<(), Violation> {
        for (id, job) in truth.jobs.iter().filter(|(_, job)| !job.status.is_terminal()) {
            let outcome = match job.status {
                JobStatus::Held => {
                    let edit = JobEdit { hold: Some(false), ..JobEdit::default() };
                    let version = i32::try_from(job.version).unwrap_or(1);
                    store.update_job(Scope::Fleet, *id, version, edit, &Actor::server()).await.map(drop)
                }
                JobStatus::Running if job.spec.command.is_none() => {
                    store.release_job(Scope::Fleet, *id, &Actor::server()).await.map(drop)
                }
                _ => Ok(()),
            };
            if let Err(fault) = outcome
                && !matches!(fault, Fault::Conflict { .. })
            {
                return Err(fault.into());
            }
        }
        for host in store.fleet_snapshot().await?.hosts.iter().filter(|host| !host.schedulable) {
            set_drain(store, host.id, false).await?;
        }
        Ok(())
    }
}

/// Any GPUs of one host, whether they are free or not.
async fn chosen(store: &Store, count: usize, seed: u64) -> Result<Vec<ChosenGpu>, Fault> {
    let hosts = store.fleet_snapshot().await?.hosts;
    let mut dice = Dice::new(seed);
    let Some(host) = hosts.get(dice.index(hosts.len().max(1))) else { return Ok(Vec::new()) };
    let mut gpus: Vec<GpuId> = host.gpus.iter().map(|gpu| gpu.id).collect();
    dice.shuffle(&mut gpus);
    Ok(gpus.into_iter().take(count).map(|id| ChosenGpu { id, expected_version: None }).collect())
}

async fn set_drain(store: &Store, id: HostId, drain: bool) -> Result<(), Fault> {
    let row = store.hosts_by_id(Scope::Fleet, &[id]).await?.remove(&id).ok_or(Fault::NotFound("host"))?;
    if row.drain == drain {
        return Ok(());
    }
    let edit = HostEdit { drain: Some(drain), ..HostEdit::default() };
    store.update_host(id, row.version, edit, &Actor::server()).await.map(drop)
}

fn describe(act: &Act, outcome: &Result<String, Fault>) -> String {
    let what = match act {
        Act::Submit { spec, .. } => {
            let GpuRequirements { count, milli, single_host, .. } = spec.requirements;
            let (retries, limit) = (spec.max_retries, spec.time_limit_seconds);
            let loan = if spec.command.is_none() { ", a loan" } else { "" };
            format!(
                "submits {count} x {milli}, one host {single_host}, retries {retries}, limit {limit:?}{loan}"
            )
        }
        other => format!("{other:?}"),
    };
    match outcome {
        Ok(done) => format!("{what}: {done}"),
        Err(fault) => format!("{what}: {fault}"),
    }
}

fn job(dice: &mut Dice, size: Size, place: u64) -> JobSpec {
    let one = i32::try_from(dice.within(1..=size.of_one)).unwrap_or(1);
    let many = i32::try_from(dice.within(1..=size.of_all)).unwrap_or(1);
    let (count, milli, single_host) = match dice.within(0..=9) {
        0..=2 => (1, dice.pick(&[250, 300, 500, 700]), true),
        3..=5 => (1, 1000, true),
        6 | 7 => (one, 1000, true),
        _ => (many, 1000, false),
    };
    let loan = dice.per_mille(80);
    JobSpec {
        name: format!("job-{}", dice.within(0..=5)),
        requirements: GpuRequirements { count, milli, single_host, ..GpuRequirements::default() },
        command: (!loan).then(|| vec!["work".to_owned(), format!("{}", dice.within(0..=3))]),
        priority: dice.pick(&[0, 0, 0, 1, 2]),
        max_retries: dice.pick(&[0, 0, 1, 2]),
        time_limit_seconds: dice.pick(&[None, None, Some(2), Some(8), Some(20)]),
        hold: dice.per_mille(50),
        idempotency_key: Some(format!("key-{place}")),
        ..JobSpec::default()
    }
}

/// How a job's command behaves in one attempt, on one host.
#[must_use]
pub(crate) fn conduct(seed: u64, order: &Order) -> Conduct {
    let (attempt, rank) = (order.id.attempt.unsigned_abs(), order.rank.unsigned_abs());
    let mixed = seed ^ (u64::from(attempt) << 32) ^ u64::from(rank);
    let mut dice = Dice::new(mixed);
    let short = dice.per_mille(300);
    Conduct {
        works_for: if short { dice.within(0..=1_000) } else { dice.within(500..=25_000) },
        code: if dice.per_mille(150) { dice.pick(&[1, 2, 3]) } else { 0 },
        goodbye: dice
            .per_mille(750)
            .then(|| Goodbye { after: dice.within(0..=4_000), code: dice.pick(&[0, 143, 1]) }),
        background_for: if dice.per_mille(150) { dice.within(500..=20_000) } else { 0 },
        hangs_for: if dice.per_mille(40) { dice.within(1_000..=40_000) } else { 0 },
    }
}
