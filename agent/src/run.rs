//! The agent, put together: its tasks, in the order in which they need each other.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::devices::Watcher;
use crate::jobs::{Containment, Context, Fitness, Jobs, inherit_orphans, keep_trying};
use crate::lease::LeaseKeeper;
use crate::logs::Pump;
use crate::mps::Shares;
use crate::uplink::{Credentials, Heart, Link, Registrar, Session, report_jobs};
use crate::{AgentConfig, AgentError, container};

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
    // Shims start elsewhere, and other users' eyes are kept out of this process, which holds keys.
    let dir = fs::canonicalize(&dir).map_err(AgentError::directory(&dir))?;
    let _ = nix::sys::prctl::set_dumpable(false);
    inherit_orphans();
    let credentials = Credentials::load(&dir)?;
    let mut devices = config.devices;
    devices.bind(&credentials.machine_id);
    let devices = Arc::new(Watcher::new(devices));
    let containment = Containment::detect(&dir);
    let cards = devices.real_uuids();
    let looked = tokio::task::spawn_blocking(move || container::find(config.containers, &cards)).await;
    let container::Found { runtime: containers, notes } = looked.unwrap_or_default();
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    let mut warnings = config.warnings;
    warnings.extend(notes);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), dir = %dir.display(), server = config.server_url, %containment, users = config.users.describe(), containers = containers.as_ref().map(|runtime| runtime.title()), "the agent begins");
    let link = Arc::new(Link::new(crate::uplink::Api::new(&config.server_url)?));

    let (reports, submissions) = mpsc::channel(WAITING_REPORTS);
    let (logs, pump) = Pump::new();
    let lease = dir.join("lease");
    let held = Arc::new(LeaseKeeper::open(&lease).map_err(AgentError::directory(&lease))?);
    let told_containment = format!("{}: {containment}", containment.kind());
    let context = Arc::new(Context {
        jobs_dir: dir.join("jobs"),
        lease,
        shim_program: config.shim_program,
        containment,
        users: config.users,
        containers,
        fitness: Fitness::default(),
        reports,
        logs,
        devices: Arc::clone(&devices),
        shutdown: stop_attempts,
    });
    let jobs = Jobs::adopt(Arc::clone(&context)).map_err(AgentError::directory(&context.jobs_dir))?;
    devices.start(config.sample_every, jobs.live_elsewhere()).map_err(AgentError::Thread)?;
    let shares = Arc::new(Shares::default());
    let real = devices.are_real();
    let (terms, agreed) = watch::channel(None);
    let mut heart = Heart::new(
        Arc::clone(&link),
        Arc::clone(&devices),
        jobs.clone(),
        agreed,
        config.idle_window,
        Arc::clone(&held),
        Arc::clone(&shares),
    );
    let registrar = Registrar {
        link: Arc::clone(&link),
        devices,
        containment: told_containment,
        container_runtime: context.containers.as_ref().map(|runtime| runtime.title()),
        warnings,
        credentials,
        server: config.server_url,
        join_token: config.join_token,
        name: config.name,
        labels: config.labels,
    };
    let _last = LetGo(Arc::clone(&context));
    let session = Session { registrar, jobs, lease: held, terms };
    tokio::select! {
        () = shutdown.cancelled() => {}
        error = session.run() => return Err(error),
        () = heart.run() => {}
        () = report_jobs(&link, submissions) => {}
        () = pump.run(&link) => {}
        () = keep_trying(&context) => {}
        () = shares.keep_looking(real) => {}
    }
    heart.say_goodbye().await;
    Ok(())
}

/// Whichever way the agent ends, its control group goes with it if no job is left.
struct LetGo(Arc<Context>);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.containment.let_go();
    }
}

/// One agent per data directory: a second one would fence the first one out, and the first the second, without end.
fn lock_directory(dir: &Path) -> Result<File, AgentError> {
    let opened =
        DirBuilder::new().recursive(true).mode(0o700).create(dir).and_then(|()| {
            fs::OpenOptions::new().create(true).append(true).mode(0o600).open(dir.join("lock"))
        });
    let lock = opened.map_err(AgentError::directory(dir))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(AgentError::AlreadyRunning(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(AgentError::directory(dir)(error)),
    }
}
