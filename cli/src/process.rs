//! What the long-running roles share: log lines on standard error, and an end that comes in good order.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::args::values::LogFormat;
use crate::client::Failure;

/// How much is logged unless RUST_LOG says otherwise.
const DEFAULT_FILTER: &str = "warn,api=info,agent=info,gpu_fleet=info";

/// Sends log lines to standard error; to be called once.
pub(crate) fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // That somebody else has set a subscriber is fine: then lines go there.
    match format {
        LogFormat::Text => {
            lines.with_ansi(crate::output::style::wants_colours(&std::io::stderr())).try_init().ok()
        }
        LogFormat::Json => lines.json().flatten_event(true).try_init().ok(),
    };
}

/// Lets this process open as many files as the system allows it. Not for one that starts jobs, which would inherit it.
pub(crate) fn raise_file_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
}

/// How many files this process may have open.
pub(crate) fn file_limit() -> usize {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX))
}

/// A token that is cancelled by SIGTERM or Ctrl-C. A second signal ends the process at once.
pub(crate) fn shutdown_on_signal() -> Result<CancellationToken, Failure> {
    let hear =
        |kind| signal(kind).map_err(|error| Failure::Other(format!("cannot listen for signals: {error}")));
    let (mut interrupt, mut terminate) = (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        for again in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if again {
                std::process::exit(1);
            }
            shutdown.cancel();
        }
    });
    Ok(token)
}
