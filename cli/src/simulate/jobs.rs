//! The jobs of a trace.

use std::path::Path;

use chrono::DateTime;
use domain::ids::{JobId, OrganizationId};
use domain::requirements::{GpuRequirements, WHOLE_GPU_MILLI};
use domain::simulate::TraceJob;
use domain::snapshot::WaitingJob;
use uuid::Uuid;

use super::csv_file::{Row, Rows, text};
use super::swf;
use super::tenants::Tenants;
use crate::args::simulate::Format;
use crate::client::Failure;

/// A job as its file has it.
pub(super) struct Read {
    pub(super) name: String,
    pub(super) organization: String,
    pub(super) series: Option<String>,
    pub(super) submit_secs: i64,
    pub(super) run_secs: i64,
    pub(super) estimate_secs: Option<i64>,
    pub(super) priority: i32,
    pub(super) requirements: GpuRequirements,
    /// It has an image.
    pub(super) needs_container: bool,
}

/// Reads a trace, its jobs in the order of their submission, and their names. Jobs of no more GPUs than `largest` stay on one
/// host.
pub(super) fn read(
    file: &Path,
    format: Format,
    largest: usize,
    tenants: &mut Tenants,
) -> Result<(Vec<TraceJob>, Vec<String>), Failure> {
    let mut read = read_all(file, format)?;
    read.iter_mut().for_each(|job| {
        job.requirements.single_host = usize::try_from(job.requirements.count).unwrap_or(0) <= largest;
    });
    Ok(made(read, tenants))
}

/// Jobs in the order of their submission, and their names.
pub(super) fn made(mut read: Vec<Read>, tenants: &mut Tenants) -> (Vec<TraceJob>, Vec<String>) {
    read.sort_by_key(|job| job.submit_secs);
    let names = read.iter().map(|job| job.name.clone()).collect();
    let owners: Vec<OrganizationId> = read.iter().map(|job| tenants.id(&job.organization)).collect();
    let jobs = read.into_iter().zip(owners).enumerate();
    (jobs.map(|(place, (job, owner))| one(place, job, owner)).collect(), names)
}

fn read_all(file: &Path, format: Format) -> Result<Vec<Read>, Failure> {
    match format {
        Format::Swf => swf::read(&file.display().to_string(), &text(file)?),
        Format::Openb => {
            let needed = ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"];
            Rows::read(file, &needed)?.iter().map(openb).collect()
        }
        Format::Native | Format::Philly => {
            Rows::read(file, &["job_id", "submit_s", "run_s", "gpus"])?.iter().map(native).collect()
        }
    }
}

fn one(place: usize, job: Read, organization: OrganizationId) -> TraceJob {
    let waiting = WaitingJob {
        id: JobId(Uuid::from_u128(place as u128 + 1)),
        version: 1,
        organization,
        priority: job.priority,
        submitted_at: DateTime::from_timestamp(job.submit_secs, 0).unwrap_or_default(),
        requirements: job.requirements,
        needs_container: job.needs_container,
        held: false,
        unfinished_dependencies: Vec::new(),
        rests_until: None,
        estimate_secs: job.estimate_secs,
    };
    TraceJob { job: waiting, submit_secs: job.submit_secs, run_secs: job.run_secs, series: job.series }
}

fn types(row: Row<'_>, column: &str) -> Vec<String> {
    row.text(column).map_or_else(Vec::new, |types| types.split('|').map(str::to_owned).collect())
}

fn openb(row: Row<'_>) -> Result<Read, Failure> {
    let count = row.whole("num_gpu", 0)?;
    let milli = if count == 0 { i64::from(WHOLE_GPU_MILLI) } else { row.whole("gpu_milli", 1)? };
    let submit_secs = row.number("creation_time", 0, "a whole number of at least 0")?.unwrap_or(0);
    let end = row.number("deletion_time", 0, "a whole number of at least 0")?.unwrap_or(submit_secs + 1);
    Ok(Read {
        name: row.needed("name")?.to_owned(),
        organization: "openb".to_owned(),
        series: None,
        submit_secs,
        run_secs: (end - submit_secs).max(1),
        estimate_secs: None,
        priority: 0,
        needs_container: false,
        requirements: GpuRequirements {
            count: i32::try_from(count).unwrap_or(i32::MAX),
            milli: i32::try_from(milli).unwrap_or(WHOLE_GPU_MILLI).min(WHOLE_GPU_MILLI),
            gpu_types: types(row, "gpu_spec"),
            cpus: Some(row.whole("cpu_milli", 0)? as f64 / 1000.0),
            memory_gb: Some(row.whole("memory_mib", 0)? as f64 * 1_048_576.0 / 1e9),
            ..GpuRequirements::default()
        },
    })
}

fn native(row: Row<'_>) -> Result<Read, Failure> {
    let expected = "a number of at least 0";
    let organization = row.text("organization").or_else(|| row.text("vc")).unwrap_or("default");
    let series = match (row.text("user"), row.text("name")) {
        (None, None) => None,
        (user, name) => Some(format!("{}/{}", user.unwrap_or(""), name.unwrap_or(""))),
    };
    let milli = row.number("gpu_milli", 1, "a whole number from 1 to 1000")?.unwrap_or(WHOLE_GPU_MILLI);
    Ok(Read {
        name: row.needed("job_id")?.to_owned(),
        organization: organization.to_owned(),
        series,
        submit_secs: row.whole("submit_s", 0)?,
        run_secs: row.whole("run_s", 0)?,
        estimate_secs: row.number("est_s", 0, "a whole number of at least 0")?,
        priority: row.number("priority", i32::MIN, "a whole number")?.unwrap_or(0),
        needs_container: false,
        requirements: GpuRequirements {
            count: i32::try_from(row.whole("gpus", 1)?).unwrap_or(i32::MAX),
            milli: milli.min(WHOLE_GPU_MILLI),
            gpu_types: types(row, "gpu_types"),
            min_memory_gb: row.number("min_memory_gb", 0.0, expected)?,
            cpus: row.number("cpus", 0.0, expected)?,
            memory_gb: row.number("memory_gb", 0.0, expected)?,
            ..GpuRequirements::default()
        },
    })
}
