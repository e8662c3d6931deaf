//! For how much of a job a host has room, read from the requirements alone.

use crate::requirements::{WHOLE_GPU_MILLI, memory_gb};
use crate::snapshot::{GpuState, HostState, WaitingJob};

/// What division into portions may round off.
pub(super) const ROUNDING: f64 = 1e-6;

/// Whether a GPU answers a job, whatever runs on it.
pub(super) fn answers(job: &WaitingJob, host: &HostState, gpu: &GpuState) -> bool {
    host_answers(job, host) && gpu.usable && job.requirements.matches_card(&gpu.gpu_type, gpu.memory_mib)
}

/// Whether a host answers a job, whatever runs on it and whatever GPUs it has.
pub(super) fn host_answers(job: &WaitingJob, host: &HostState) -> bool {
    let may_use = host.organization.is_none_or(|owner| owner == job.organization);
    let runs = host.runs_containers || !job.needs_container;
    host.schedulable && may_use && runs && job.requirements.matches_labels(&host.labels)
}

/// CPU cores and decimal gigabytes of memory that go with each GPU of a job.
pub(super) fn portion(job: &WaitingJob) -> (f64, f64) {
    let asked = &job.requirements;
    let gpus = f64::from(asked.count.max(1));
    (asked.cpus.unwrap_or(0.0) / gpus, asked.memory_gb.unwrap_or(0.0) / gpus)
}

/// For how many of the job's GPUs a host has room.
pub(super) fn room(job: &WaitingJob, host: &HostState) -> i32 {
    let gives = |gpu: &&GpuState| WHOLE_GPU_MILLI - gpu.allocated_milli >= job.requirements.milli;
    let free = host.gpus.iter().filter(gives);
    let gpus = free.filter(|gpu| answers(job, host, gpu)).count() as i32;
    let (cpus, memory) = portion(job);
    let served = |left: f64, portion: f64| {
        // The cast rounds down and saturates.
        if portion > 0.0 { ((left / portion) + ROUNDING).max(0.0) as i32 } else { i32::MAX }
    };
    let cpus = served(host.cpus - host.cpus_allocated, cpus);
    gpus.min(cpus).min(served(memory_gb(host.memory_mib) - host.memory_gb_allocated, memory))
}

/// Whether these hosts have room for all of the job.
pub(super) fn fits<'h>(job: &WaitingJob, hosts: impl Iterator<Item = &'h HostState>) -> bool {
    let count = job.requirements.count;
    let mut left = count;
    for host in hosts {
        let room = room(job, host);
        left -= room;
        if room >= count || (!job.requirements.single_host && left <= 0) {
            return true;
        }
    }
    false
}
