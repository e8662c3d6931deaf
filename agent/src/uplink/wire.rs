//! Between the agent's own words and those of the public schema.

use super::operations as wire;
use crate::attempt::Spec;
use crate::attempt::frame::{Line, Stream};
use crate::decide::{Action, EndCause};
use crate::devices::{Condition, Device, GpuProcess, Owner, Sample, Use};
use crate::jobs::{Order, Report, ReportKind};
use crate::logs::Chunk;
use crate::procfs;

/// Processes of one card that are told.
const MOST_PROCESSES: usize = 200;

pub(super) fn device(device: Device) -> wire::GpuDeviceInput {
    let (health, health_reason) = health(&device.condition);
    wire::GpuDeviceInput {
        uuid: device.uuid,
        index: device.index,
        gpu_type: device.gpu_type,
        memory_mib: device.memory_mib,
        simulated: device.simulated,
        numa_node: device.numa_node,
        nvlink_peers: Some(device.nvlink_peers),
        health,
        health_reason,
    }
}

fn health(condition: &Condition) -> (wire::GpuHealth, Option<String>) {
    let health = match condition {
        Condition::Healthy => wire::GpuHealth::Healthy,
        Condition::Degraded(_) | Condition::Suspect(_) => wire::GpuHealth::Degraded,
        Condition::Failed(_) | Condition::Dead(_) => wire::GpuHealth::Failed,
    };
    (health, condition.reason().map(str::to_owned))
}

pub(super) fn sample(sample: &Sample, gpu_use: Option<Use>, shares_enforced: bool) -> wire::GpuSampleInput {
    let (health, health_reason) = health(&sample.condition);
    wire::GpuSampleInput {
        uuid: sample.uuid.clone(),
        utilization_percent: sample.utilization_percent,
        memory_used_mib: sample.memory_used_mib,
        temperature_celsius: sample.temperature_celsius,
        power_watts: sample.power_watts,
        clock_mhz: sample.clock_mhz,
        memory_clock_mhz: sample.memory_clock_mhz,
        uncorrected_errors: sample.uncorrected_errors,
        quarantine: sample.condition.keeps_jobs_off(),
        health,
        health_reason,
        gpu_use: gpu_use.map(|gpu_use| match gpu_use {
            Use::Free => wire::GpuUse::Free,
            Use::Working => wire::GpuUse::Working,
            Use::HeldIdle => wire::GpuUse::HeldIdle,
            Use::HeldEmpty => wire::GpuUse::HeldEmpty,
            Use::Foreign => wire::GpuUse::Foreign,
            Use::Orphaned => wire::GpuUse::Orphaned,
        }),
        shares_enforced: Some(shares_enforced),
        processes: sample.processes.as_deref().map(processes),
    }
}

/// The largest, when there are too many to tell: a sign of life must not be refused for its length.
fn processes(all: &[GpuProcess]) -> Vec<wire::GpuProcessInput> {
    let mut largest: Vec<_> = all.iter().collect();
    largest.sort_by_key(|process| std::cmp::Reverse(process.memory_used_mib));
    largest.into_iter().take(MOST_PROCESSES).map(process).collect()
}

fn process(process: &GpuProcess) -> wire::GpuProcessInput {
    let (owner, job_id) = match &process.owner {
        Owner::Job(id) => (wire::GpuProcessOwner::Job, Some(&id.job_id)),
        Owner::Orphan(job_id) => (wire::GpuProcessOwner::Orphan, Some(job_id)),
        Owner::Trespasser(id) => (wire::GpuProcessOwner::Foreign, Some(&id.job_id)),
        Owner::Foreign => (wire::GpuProcessOwner::Foreign, None),
    };
    wire::GpuProcessInput {
        pid: process.pid,
        memory_used_mib: process.memory_used_mib,
        command: process.command.clone(),
        owner,
        job_id: job_id.map(cynic::Id::new),
    }
}

pub(super) fn report(report: &Report) -> wire::JobReportInput {
    let mut input = wire::JobReportInput {
        job_id: cynic::Id::new(&report.id.job_id),
        attempt: report.id.attempt,
        state: wire::AttemptState::Started,
        at: report.at,
        exit_code: None,
        reason: None,
        timed_out: false,
        cause: wire::EndCause::Command,
        asked: None,
        seconds_ago: report.ago().map(|ago| ago.as_secs_f64()),
        unclean_gpus: None,
    };
    if let ReportKind::Noted(what) = &report.kind {
        input.state = wire::AttemptState::Noted;
        input.reason = Some(what.clone());
    }
    if let ReportKind::Exited { end, unclean_gpus } = &report.kind {
        let unclean = |gpu: &crate::jobs::UncleanGpu| wire::UncleanGpuInput {
            uuid: gpu.uuid.clone(),
            reason: gpu.reason.clone(),
        };
        input.state = wire::AttemptState::Exited;
        input.exit_code = end.exit_code;
        input.reason.clone_from(&end.reason);
        input.timed_out = end.timed_out;
        input.cause = match end.cause {
            EndCause::Command => wire::EndCause::Command,
            EndCause::NeverStarted => wire::EndCause::NeverStarted,
            EndCause::ImageRefused => wire::EndCause::ImageRefused,
            EndCause::Lost => wire::EndCause::Lost,
        };
        input.asked = end.asked;
        input.unclean_gpus = Some(unclean_gpus.iter().map(unclean).collect());
    }
    input
}

pub(super) fn chunk(chunk: &Chunk) -> wire::LogChunkInput {
    wire::LogChunkInput {
        job_id: cynic::Id::new(&chunk.id.job_id),
        attempt: chunk.id.attempt,
        first_line: chunk.first_line,
        lines: chunk.lines.iter().map(line).collect(),
        last: chunk.last,
    }
}

fn line(line: &Line) -> wire::LogLineInput {
    let stream = match line.stream {
        Stream::Stdout => wire::LogStream::Stdout,
        Stream::Stderr => wire::LogStream::Stderr,
    };
    wire::LogLineInput { at: line.at, stream, text: line.text.clone() }
}

pub(super) fn order(assignment: wire::Assignment) -> Order {
    let action = match assignment.action {
        wire::AssignmentAction::Run if assignment.started => Action::GoOn,
        wire::AssignmentAction::Run => Action::Run,
        wire::AssignmentAction::Stop => Action::Stop,
        wire::AssignmentAction::Forget => Action::Forget,
    };
    let seconds = |seconds: i32| u64::try_from(seconds).unwrap_or(0);
    let spec = Spec {
        job_id: assignment.job_id.into_inner(),
        attempt: assignment.attempt,
        job_name: assignment.job_name,
        organization: assignment.organization_slug,
        command: assignment.command,
        env: assignment.env.into_iter().map(|variable| (variable.name, variable.value)).collect(),
        workdir: assignment.workdir,
        image: assignment.image,
        container: None,
        share: None,
        gpu_uuids: assignment.gpu_uuids,
        gpu_milli: assignment.milli,
        time_limit_seconds: assignment.time_limit_seconds.map(seconds),
        grace_seconds: seconds(assignment.grace_seconds),
        node_rank: assignment.node_rank,
        node_count: assignment.node_count,
        boot_id: procfs::boot_id(),
        lease: None,
        cgroup: None,
        in_scope: false,
        user: None,
    };
    Order { action, spec }
}
