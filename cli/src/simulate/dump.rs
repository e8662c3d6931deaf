//! What became of each job, as a CSV file.

use std::path::Path;

use domain::simulate::{Run, World};

use crate::client::Failure;

/// Writes job, start, end, host, GPUs: a row for each host of each job, in the order of the trace.
pub(super) fn write(
    path: &Path,
    names: &[String],
    world: &World,
    runs: &[Option<Run>],
) -> Result<(), Failure> {
    let refuse = |error: &dyn std::fmt::Display| {
        Failure::Other(format!("{}: cannot be written: {error}", path.display()))
    };
    let mut file = csv::Writer::from_path(path).map_err(|error| refuse(&error))?;
    file.write_record(["job_id", "start_s", "end_s", "host", "gpus"]).map_err(|error| refuse(&error))?;
    for (name, run) in names.iter().zip(runs) {
        let Some(run) = run else { continue };
        let (start, end) = (run.start_secs.to_string(), run.end_secs.to_string());
        for part in run.gpus.chunk_by(|a, b| a.0 == b.0) {
            let host = world.hosts.get(part[0].0).map_or("", |host| host.name.as_str());
            let cards: Vec<String> = part.iter().map(|(_, card)| card.to_string()).collect();
            let row = [name.as_str(), &start, &end, host, &cards.join(" ")];
            file.write_record(row).map_err(|error| refuse(&error))?;
        }
    }
    file.flush().map_err(|error| refuse(&error))
}
