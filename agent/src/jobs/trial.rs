//! A trial start: all that starting a job takes, with a command that does nothing. It shows whether a host that could not start
//! jobs can again.

use std::time::Duration;

use super::{Context, launch};
use crate::attempt::{AttemptDir, AttemptId, Durability, ExitRecord, Spec, read_record, write_record};
use crate::procfs;

/// How often an unfit host tries.
const EVERY: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(30);

/// Tries whenever this host is unfit; works until dropped.
pub(crate) async fn keep_trying(context: &Context) {
    loop {
        tokio::time::sleep(EVERY).await;
        if context.fitness.unfit().is_none() {
            continue;
        }
        match tokio::time::timeout(LONGEST, start(context)).await {
            Ok(Ok(())) => context.fitness.went_well(),
            Ok(Err(error)) => tracing::debug!(%error, "a trial start has failed"),
            Err(_) => tracing::debug!("a trial start hangs"),
        }
    }
}

async fn start(context: &Context) -> std::io::Result<()> {
    let id = AttemptId { job_id: "trial".to_owned(), attempt: 0 };
    let dir = AttemptDir::at(context.jobs_dir.with_file_name("trial"));
    dir.remove()?;
    dir.create()?;
    write_record(&dir.spec(), &spec(&id), Durability::Machine)?;
    let mut launched = launch::start(context.shim_program.as_deref(), None, dir.path())?;
    launched.output.settled().await;
    launched.process.ended().await;
    let record: Option<ExitRecord> = read_record(&dir.exit())?;
    dir.remove()?;
    match record {
        Some(record) if record.exit_code == Some(0) => Ok(()),
        Some(record) => Err(std::io::Error::other(record.reason.unwrap_or_default())),
        None => Err(std::io::Error::other("the shim left no record")),
    }
}

fn spec(id: &AttemptId) -> Spec {
    Spec {
        job_id: id.job_id.clone(),
        attempt: id.attempt,
        job_name: id.job_id.clone(),
        organization: String::new(),
        command: vec!["true".to_owned()],
        env: Vec::new(),
        workdir: Some("/".to_owned()),
        image: None,
        container: None,
        share: None,
        gpu_uuids: Vec::new(),
        gpu_milli: 1000,
        time_limit_seconds: Some(LONGEST.as_secs()),
        grace_seconds: 0,
        node_rank: 0,
        node_count: 1,
        boot_id: procfs::boot_id(),
        lease: None,
        cgroup: None,
        in_scope: false,
        user: None,
    }
}
