//! The agent, put together: its tasks, in the order in which they need each other.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::jobs::{Context, Jobs};
use crate::logs::Pump;
use crate::uplink::{Credentials, Heart, Link, Registrar, Session, report_jobs};
use crate::{AgentConfig, AgentError};

/// Reports that may wait; the attempts behind them wait too, so nothing is lost when it is full.
const WAITING_REPORTS: usize = 1024;

/// Runs the agent until `shutdown`, or until something is wrong that no retry can mend.
///
/// Jobs are left running either way: the next agent in the same data directory finds them.
pub async fn run(config: AgentConfig, shutdown: CancellationToken) -> Result<(), AgentError> {
    // Another library in the same program may bring a second provider, and then none is chosen by itself. That one was
    // installed before is fine.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let stop_attempts = shutdown.child_token();
    let _stop_attempts = stop_attempts.clone().drop_guard();
    let dir = config.data_dir.join("agent");
    let _lock = lock_directory(&dir)?;
    let credentials = Credentials::load(&dir).map_err(AgentError::DataDirectory)?;
    let mut devices = config.devices;
    devices.bind(&credentials.machine_id);
    let devices = Arc::new(devices);
    let link = Arc::new(Link::new(crate::uplink::Api::new(&config.server_url)?));

    let (reports, submissions) = mpsc::channel(WAITING_REPORTS);
    let (logs, pump) = Pump::new();
    let context = Context {
        jobs_dir: dir.join("jobs"),
        shim_program: config.shim_program,
        reports,
        logs,
        devices: Arc::clone(&devices),
        shutdown: stop_attempts,
    };
    let jobs = Jobs::adopt(context).map_err(AgentError::DataDirectory)?;
    let (terms, agreed) = watch::channel(None);
    let mut heart =
        Heart::new(Arc::clone(&link), Arc::clone(&devices), jobs.clone(), agreed, config.idle_window);
    let registrar = Registrar {
        link: Arc::clone(&link),
        devices,
        credentials,
        join_token: config.join_token,
        name: config.name,
        labels: config.labels,
    };
    let session = Session { registrar, jobs, terms };
    tokio::select! {
        () = shutdown.cancelled() => {}
        error = session.run() => return Err(error),
        () = heart.run() => {}
        () = report_jobs(&link, submissions) => {}
        () = pump.run(&link) => {}
    }
    heart.say_goodbye().await;
    Ok(())
}

/// One agent per data directory: a second one would fence the first one out, and the first the second, without end.
fn lock_directory(dir: &Path) -> Result<File, AgentError> {
    let opened = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .and_then(|()| fs::OpenOptions::new().create(true).append(true).open(dir.join("lock")));
    let lock = opened.map_err(AgentError::DataDirectory)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(AgentError::AlreadyRunning(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(AgentError::DataDirectory(error)),
    }
}
