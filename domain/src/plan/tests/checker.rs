//! An independent, naive reading of the rules: what a fleet has left, and whether a job would fit on it.
//!
//! It shares no code with the planner beyond the requirements' own matching.

use std::collections::HashSet;

use crate::ids::GpuId;
use crate::plan::{PlacedGpu, Plan};
use crate::requirements::memory_gb;
use crate::snapshot::{GpuState, HostState, RunningJob, Snapshot, WaitingJob};

/// The fleet after a plan.
pub(super) struct Leftover {
    pub(super) hosts: Vec<HostState>,
}

/// What is kept for one job.
#[derive(Default)]
pub(super) struct Kept<'a> {
    pub(super) gpus: HashSet<GpuId>,
    pub(super) job: Option<&'a WaitingJob>,
}

fn per_gpu(job: &WaitingJob, in_all: Option<f64>) -> f64 {
    in_all.unwrap_or(0.0) / f64::from(job.requirements.count)
}

impl Leftover {
    pub(super) fn after(snapshot: &Snapshot, plan: &Plan) -> Self {
        let mut left = Self { hosts: snapshot.hosts.clone() };
        for placement in &plan.placements {
            let job = snapshot.waiting.iter().find(|job| job.id == placement.job).unwrap();
            placement.gpus.iter().for_each(|placed| left.take(job, placed));
        }
        left
    }

    fn take(&mut self, job: &WaitingJob, placed: &PlacedGpu) {
        let host = self.hosts.iter_mut().find(|host| host.id == placed.host).unwrap();
        host.gpus.iter_mut().find(|gpu| gpu.id == placed.gpu).unwrap().allocated_milli += placed.milli;
        host.cpus_allocated += per_gpu(job, job.requirements.cpus);
        host.memory_gb_allocated += per_gpu(job, job.requirements.memory_gb);
    }

    pub(super) fn give_back(&mut self, job: &RunningJob) {
        for (id, milli) in &job.gpus {
            let mut gpus = self.hosts.iter_mut().flat_map(|host| &mut host.gpus);
            gpus.find(|gpu| gpu.id == *id).unwrap().allocated_milli -= milli;
        }
    }

    /// Whether the job would fit beside what is kept.
    pub(super) fn fits(&self, job: &WaitingJob, kept: &Kept<'_>) -> bool {
        enough(
            job,
            self.hosts.iter().map(|host| {
                let able = |gpu: &&GpuState| {
                    !kept.gpus.contains(&gpu.id) && 1000 - gpu.allocated_milli >= job.requirements.milli
                };
                let cpus = host.cpus - host.cpus_allocated;
                let memory = memory_gb(host.memory_mib) - host.memory_gb_allocated;
                let (kept_cpus, kept_memory) = kept.on(host);
                room(job, host, able, cpus - kept_cpus.min(cpus), memory - kept_memory.min(memory))
            }),
        )
    }

    /// Whether the job would fit if nothing else ran.
    pub(super) fn could_fit_when_empty(&self, job: &WaitingJob) -> bool {
        enough(
            job,
            self.hosts.iter().map(|host| room(job, host, |_| true, host.cpus, memory_gb(host.memory_mib))),
        )
    }
}

impl Kept<'_> {
    fn on(&self, host: &HostState) -> (f64, f64) {
        let gpus = host.gpus.iter().filter(|gpu| self.gpus.contains(&gpu.id)).count() as f64;
        self.job.map_or((0.0, 0.0), |job| {
            let asked = &job.requirements;
            (gpus * per_gpu(job, asked.cpus), gpus * per_gpu(job, asked.memory_gb))
        })
    }
}

/// Whether a GPU answers a job, whatever runs on it.
pub(super) fn eligible(job: &WaitingJob, host: &HostState, gpu: &GpuState) -> bool {
    let asked = &job.requirements;
    let tenancy = host.organization.is_none() || host.organization == Some(job.organization);
    tenancy
        && host.schedulable
        && gpu.usable
        && (host.runs_containers || !job.needs_container)
        && asked.matches_labels(&host.labels)
        && asked.matches_card(&gpu.gpu_type, gpu.memory_mib)
}

fn room(
    job: &WaitingJob,
    host: &HostState,
    able: impl Fn(&&GpuState) -> bool,
    cpus: f64,
    memory: f64,
) -> i32 {
    let gpus = host.gpus.iter().filter(|gpu| eligible(job, host, gpu)).filter(able).count() as i32;
    let served = |gpus: &i32| {
        let gpus = f64::from(*gpus);
        gpus * per_gpu(job, job.requirements.cpus) <= cpus + 1e-6
            && gpus * per_gpu(job, job.requirements.memory_gb) <= memory + 1e-6
    };
    (0..=gpus).rev().find(served).unwrap_or(0)
}

fn enough(job: &WaitingJob, rooms: impl Iterator<Item = i32>) -> bool {
    let rooms: Vec<i32> = rooms.collect();
    let count = job.requirements.count;
    if job.requirements.single_host {
        rooms.into_iter().any(|room| room >= count)
    } else {
        rooms.into_iter().sum::<i32>() >= count
    }
}
