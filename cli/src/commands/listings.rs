//! `gpu-fleet gpus` and `gpu-fleet hosts`.

use chrono::Utc;

use super::Session;
use crate::api::{GpuHealth, GpuRow, GpuStatus, HostRow, Instant};
use crate::args::fleet::ListArgs;
use crate::client::{Failure, all_gpus, all_hosts, short_id};
use crate::output::describe::card;
use crate::output::style::{Tone, gpu_tone, host_tone, use_tone};
use crate::output::table::{Cell, Column};
use crate::output::time::ago;

const GPUS: [Column; 9] = [
    Column::new("GPU"),
    Column::new("TYPE").elastic_down_to(14),
    Column::new("MEMORY").right().expendable(3),
    Column::new("STATUS"),
    Column::new("ALLOCATED").right().expendable(2),
    Column::new("USE").expendable(1),
    Column::new("BUSY").right().expendable(4),
    Column::new("TEMP").right().expendable(5),
    Column::new("JOB / REASON").elastic(),
];

const HOSTS: [Column; 10] = [
    Column::new("HOST"),
    Column::new("STATUS"),
    Column::new("GPUS FREE").right(),
    Column::new("TYPES").elastic_down_to(20),
    Column::new("CPUS").right().expendable(2),
    Column::new("MEMORY").right().expendable(2),
    Column::new("CONTAINERS").expendable(4),
    Column::new("LAST SEEN").expendable(1),
    Column::new("ORGANIZATION").expendable(3),
    Column::new("REMARKS").elastic(),
];

const NO_GPUS: &str = "No GPUs yet. On a GPU host: gpu-fleet agent --server URL --join-token-file FILE";
const NO_HOSTS: &str = "No hosts yet. On a GPU host: gpu-fleet agent --server URL --join-token-file FILE";

/// Lists GPUs, each with its host.
pub(super) async fn gpus(args: ListArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let mut rows = all_gpus(&session.client).await?;
    rows.sort_by(|a, b| (&a.host.name, a.index).cmp(&(&b.host.name, b.index)));
    session.output.list(&rows, |row| row.id.inner(), &GPUS, gpu_cells, NO_GPUS)
}

fn gpu_cells(gpu: &GpuRow) -> Vec<Cell> {
    let telemetry = gpu.telemetry.as_ref();
    let busy = telemetry.and_then(|now| now.utilization_percent).map(|percent| format!("{percent:.0} %"));
    let temperature = telemetry.and_then(|now| now.temperature_celsius).map(|celsius| format!("{celsius} C"));
    vec![
        format!("{}/{}", gpu.host.name, gpu.index).into(),
        card(&gpu.gpu_type, gpu.simulated).into(),
        gigabytes(gpu.memory_mib).into(),
        Cell::toned(gpu.status.as_str(), gpu_tone(gpu.status, gpu.health)),
        format!("{:.0} %", f64::from(gpu.allocated_milli) / 10.0).into(),
        gpu.in_use.map_or_else(unknown, |in_use| Cell::toned(in_use.as_str(), use_tone(in_use))),
        busy.map_or_else(unknown, Cell::from),
        temperature.map_or_else(unknown, Cell::from),
        holders(gpu).into(),
    ]
}

fn holders(gpu: &GpuRow) -> String {
    let jobs = gpu.allocations.iter().map(|holding| {
        let job = &holding.job;
        format!("{} {} ({})", short_id(job.id.inner()), job.name, job.organization.slug)
    });
    let health = (gpu.health != GpuHealth::Healthy).then(|| gpu.health.as_str().to_owned());
    jobs.chain(health).chain(gpu.status_reason.clone()).collect::<Vec<_>>().join(", ")
}

/// Lists hosts, by name.
pub(super) async fn hosts(args: ListArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let mut rows = all_hosts(&session.client).await?;
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let now = Utc::now();
    session.output.list(&rows, |row| row.id.inner(), &HOSTS, |row| host_cells(row, now), NO_HOSTS)
}

fn host_cells(host: &HostRow, now: Instant) -> Vec<Cell> {
    let free = host.gpus.iter().filter(|gpu| gpu.status == GpuStatus::Available).count();
    let shared = Cell::toned("shared", Tone::Faint);
    vec![
        (&host.name).into(),
        Cell::toned(host.status.as_str(), host_tone(host.status)),
        format!("{free} of {}", host.gpus.len()).into(),
        types(host).into(),
        format!("{}", host.cpus).into(),
        gigabytes(host.memory_mib).into(),
        host.container_runtime.as_deref().map_or_else(unknown, Cell::from),
        host.last_heartbeat_at.map_or_else(|| Cell::from("never"), |at| ago(at, now).into()),
        host.organization.as_ref().map_or(shared, |owner| (&owner.slug).into()),
        remarks(host).into(),
    ]
}

/// Why it is not ready, and what its agent wants people to know.
fn remarks(host: &HostRow) -> String {
    host.status_reason.iter().chain(&host.warnings).cloned().collect::<Vec<_>>().join("; ")
}

/// Each type once with its number: `4x sim H100-80GB`.
fn types(host: &HostRow) -> String {
    let mut names: Vec<String> = host.gpus.iter().map(|gpu| card(&gpu.gpu_type, gpu.simulated)).collect();
    names.sort();
    let groups = names.chunk_by(|a, b| a == b).map(|group| format!("{}x {}", group.len(), group[0]));
    groups.collect::<Vec<_>>().join(", ")
}

fn unknown() -> Cell {
    Cell::toned("-", Tone::Faint)
}

/// Decimal gigabytes, as cards are sold.
fn gigabytes(mib: i32) -> String {
    format!("{:.0} GB", f64::from(mib) * 1_048_576.0 / 1e9)
}
