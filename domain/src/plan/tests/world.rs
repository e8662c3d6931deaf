//! A small world, made by builders: `world.host("a").gpus(4, H100)`, `world.job(1).gpus(2)`.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::ids::{GpuId, HostId, JobId, OrganizationId};
use crate::plan::{Explanation, Placement, Plan, plan};
use crate::requirements::{GpuRequirements, Label};
use crate::snapshot::{GpuState, HostState, OrganizationState, RunningJob, SeenJobs, Snapshot, WaitingJob};

/// A card: its type and its memory in MiB.
pub(super) type Card = (&'static str, i32);
pub(super) const H100: Card = ("NVIDIA H100 80GB HBM3", 81_559);
pub(super) const L4: Card = ("NVIDIA L4", 23_034);

/// The fleet and the queue that a test makes.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) snapshot: Snapshot,
}

pub(super) fn job_id(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}

pub(super) fn org_id(number: u128) -> OrganizationId {
    OrganizationId(Uuid::from_u128(number))
}

/// Seconds after the moment at which every test plans.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(365) + TimeDelta::seconds(seconds)
}

pub(super) fn label(key: &str, value: &str) -> Label {
    Label { key: key.to_owned(), value: value.to_owned() }
}

impl World {
    /// A host with 64 cores and 1 TiB, and no GPUs yet.
    pub(super) fn host(&mut self, name: &str) -> HostBuilder<'_> {
        let number = self.snapshot.hosts.len() as u128 + 1;
        self.snapshot.hosts.push(HostState {
            id: HostId(Uuid::from_u128(number)),
            name: name.to_owned(),
            organization: None,
            schedulable: true,
            labels: Vec::new(),
            runs_containers: false,
            cpus: 64.0,
            memory_mib: 1_048_576,
            cpus_allocated: 0.0,
            memory_gb_allocated: 0.0,
            gpus: Vec::new(),
        });
        HostBuilder(self.snapshot.hosts.last_mut().unwrap())
    }

    /// A job of organization 1 for one whole GPU, submitted in the order of the numbers.
    pub(super) fn job(&mut self, number: u128) -> JobBuilder<'_> {
        self.snapshot.waiting.push(WaitingJob {
            id: job_id(number),
            version: 1,
            organization: org_id(1),
            priority: 0,
            submitted_at: at(number as i64 - 1_000_000),
            requirements: GpuRequirements::default(),
            needs_container: false,
            held: false,
            unfinished_dependencies: Vec::new(),
            rests_until: None,
            estimate_secs: None,
        });
        JobBuilder(self.snapshot.waiting.last_mut().unwrap())
    }

    /// The job that was added last waits no more: so many like it were seen lately.
    pub(super) fn last_was_seen(&mut self, jobs: u32) {
        let WaitingJob { organization, requirements, needs_container, .. } =
            self.snapshot.waiting.pop().expect("a job was added");
        self.snapshot.seen.push(SeenJobs { organization, requirements, needs_container, jobs });
    }

    /// A ceiling, and what is held under it, in GPUs.
    pub(super) fn ceiling(&mut self, organization: u128, max: i64, held: i64) {
        self.snapshot.organizations.push(OrganizationState {
            id: org_id(organization),
            max_gpus_milli: Some(max * 1000),
            allocated_milli: held * 1000,
            weight: 1.0,
            guaranteed_milli: 0,
            lately_milli: 0.0,
        });
    }

    /// What is an organization's own, and what it holds, in GPUs.
    pub(super) fn guarantee(&mut self, organization: u128, guaranteed: i64, held: i64) {
        self.ceiling(organization, i64::from(i32::MAX), held);
        let state = self.snapshot.organizations.last_mut().unwrap();
        (state.max_gpus_milli, state.guaranteed_milli) = (None, guaranteed * 1000);
    }

    /// A running job that holds what is taken of these GPUs ("a0") and ends by so many seconds from now.
    pub(super) fn running(&mut self, gpus: &[&str], ends_by: Option<i64>) {
        let held = gpus.iter().map(|name| {
            let gpu = self.gpu(name);
            (gpu.id, gpu.allocated_milli)
        });
        self.snapshot.running.push(RunningJob {
            id: job_id(1_000_000 + self.snapshot.running.len() as u128),
            version: 1,
            organization: org_id(9),
            ends_by: ends_by.map(at),
            gpus: held.collect(),
            cpus: 0.0,
            memory_gb: 0.0,
            started_at: Some(at(-100_000)),
            priority: 0,
            stopping: false,
        });
    }

    fn gpu(&self, name: &str) -> &GpuState {
        self.named_gpus().find(|(known, _)| known == name).unwrap().1
    }

    fn named_gpus(&self) -> impl Iterator<Item = (String, &GpuState)> {
        let of_host = |host: &'_ HostState| host.name.clone();
        self.snapshot.hosts.iter().flat_map(move |host| {
            host.gpus.iter().map(move |gpu| (format!("{}{}", of_host(host), gpu.index), gpu))
        })
    }

    /// The one place where these tests plan.
    pub(super) fn plan(&self) -> Plan {
        plan(&self.snapshot, at(0))
    }

    /// Asserts what becomes of every job, by number: `1 gets a0 a1` or `2 waits GpusBusy`.
    pub(super) fn expect(&self, outcomes: &[&str]) {
        let plan = self.plan();
        let mut jobs: Vec<JobId> = self.snapshot.waiting.iter().map(|job| job.id).collect();
        jobs.sort();
        let found: Vec<String> = jobs.iter().map(|job| self.outcome(&plan, *job)).collect();
        assert_eq!(found, outcomes);
    }

    /// Asserts that one of a job's blockers says this.
    pub(super) fn expect_said(&self, job: u128, message: &str) {
        let blockers: Vec<_> = self.explanation(job).blockers().collect();
        assert!(blockers.iter().any(|blocker| blocker.message == message), "{blockers:#?}");
    }

    pub(super) fn explanation(&self, job: u128) -> Explanation {
        self.plan().waiting.remove(&job_id(job)).expect("the job waits")
    }

    fn outcome(&self, plan: &Plan, job: JobId) -> String {
        let mut text = job.0.as_u128().to_string();
        match plan.placements.iter().find(|placement| placement.job == job) {
            Some(placement) => text.push_str(&self.gpus_of(placement)),
            None => {
                text.push_str(" waits");
                for blocker in plan.waiting[&job].blockers() {
                    write!(text, " {:?}", blocker.code).unwrap();
                }
            }
        }
        text
    }

    fn gpus_of(&self, placement: &Placement) -> String {
        let mut text = " gets".to_owned();
        for placed in &placement.gpus {
            let (name, _) = self.named_gpus().find(|(_, gpu)| gpu.id == placed.gpu).unwrap();
            write!(text, " {name}").unwrap();
            if placed.milli < 1000 {
                write!(text, "/{}", placed.milli).unwrap();
            }
        }
        text
    }
}

/// Changes a host.
pub(super) struct HostBuilder<'w>(&'w mut HostState);

impl HostBuilder<'_> {
    /// Adds free GPUs.
    pub(super) fn gpus(self, count: i32, card: Card) -> Self {
        let host = self.0.id.0.as_u128();
        for _ in 0..count {
            let index = self.0.gpus.len();
            self.0.gpus.push(GpuState {
                id: GpuId(Uuid::from_u128(host * 1000 + index as u128)),
                version: 1,
                index: index as i32,
                gpu_type: card.0.to_owned(),
                memory_mib: card.1,
                usable: true,
                allocated_milli: 0,
                numa_node: None,
                nvlink_peers: Vec::new(),
            });
        }
        self
    }

    /// Bridges its GPUs in pairs, the first half on one NUMA node and the rest on another.
    pub(super) fn bridged(self) -> Self {
        let ids: Vec<GpuId> = self.0.gpus.iter().map(|gpu| gpu.id).collect();
        for (index, gpu) in self.0.gpus.iter_mut().enumerate() {
            gpu.numa_node = Some(i32::from(index * 2 >= ids.len()));
            gpu.nvlink_peers = ids.get(index ^ 1).copied().into_iter().collect();
        }
        self
    }

    /// Takes the first so many GPUs whole.
    pub(super) fn busy(self, count: usize) -> Self {
        self.0.gpus.iter_mut().take(count).for_each(|gpu| gpu.allocated_milli = 1000);
        self
    }

    /// Takes so much of one GPU.
    pub(super) fn taken(self, index: usize, milli: i32) -> Self {
        self.0.gpus[index].allocated_milli = milli;
        self
    }

    pub(super) fn make(self, change: impl FnOnce(&mut HostState)) {
        change(self.0);
    }

    pub(super) fn broken(self, index: usize) -> Self {
        self.0.gpus[index].usable = false;
        self
    }

    pub(super) fn unschedulable(self) -> Self {
        self.0.schedulable = false;
        self
    }

    pub(super) fn owned_by(self, organization: u128) -> Self {
        self.0.organization = Some(org_id(organization));
        self
    }

    pub(super) fn labelled(self, key: &str, value: &str) -> Self {
        self.0.labels.push(label(key, value));
        self
    }

    pub(super) fn with_containers(self) -> Self {
        self.0.runs_containers = true;
        self
    }

    pub(super) fn cores_taken(self, cores: f64) -> Self {
        self.0.cpus_allocated = cores;
        self
    }
}

/// Changes a job.
pub(super) struct JobBuilder<'w>(&'w mut WaitingJob);

impl JobBuilder<'_> {
    pub(super) fn of(self, organization: u128) -> Self {
        self.0.organization = org_id(organization);
        self
    }

    pub(super) fn gpus(self, count: i32) -> Self {
        self.asks(|asked| asked.count = count)
    }

    pub(super) fn share(self, milli: i32) -> Self {
        self.asks(|asked| asked.milli = milli)
    }

    pub(super) fn gpu_type(self, wanted: &str) -> Self {
        self.asks(|asked| asked.gpu_types.push(wanted.to_owned()))
    }

    pub(super) fn across_hosts(self) -> Self {
        self.asks(|asked| asked.single_host = false)
    }

    pub(super) fn cores(self, cores: f64) -> Self {
        self.asks(|asked| asked.cpus = Some(cores))
    }

    pub(super) fn asks(self, change: impl FnOnce(&mut GpuRequirements)) -> Self {
        change(&mut self.0.requirements);
        self
    }

    pub(super) fn priority(self, priority: i32) -> Self {
        self.0.priority = priority;
        self
    }

    pub(super) fn with_image(self) -> Self {
        self.0.needs_container = true;
        self
    }

    pub(super) fn held(self) -> Self {
        self.0.held = true;
        self
    }

    pub(super) fn resting(self) -> Self {
        self.0.rests_until = Some(at(60));
        self
    }

    pub(super) fn after(self, jobs: &[u128]) -> Self {
        self.0.unfinished_dependencies = jobs.iter().map(|job| job_id(*job)).collect();
        self
    }
}
