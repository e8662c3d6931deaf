//! Starts the shim of a new attempt and waits for its word that the command runs.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;

use super::process::ShimProcess;
use super::{Context, children};
use crate::attempt::{AttemptDir, Durability, Spec, sync_parent, write_record};
use crate::cgroup::Cgroup;
use crate::container::Container;
use crate::shim::environment::KEPT;

/// A shim needs milliseconds; one that is silent for so long is watched without its word.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where systemd-run finds the user's systemd.
const SYSTEMD: [&str; 2] = ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];

/// The file of whichever program looks.
const RUNNING: &str = "/proc/self/exe";

/// A shim that was just started.
pub(super) struct Launched {
    pub(super) process: ShimProcess,
    pub(super) output: FirstWord,
}

/// Where a shim says that its command runs.
pub(super) struct FirstWord(BufReader<pipe::Receiver>);

/// Creates the attempt's directory and starts its shim. That the directory cannot be there twice is what makes a second
/// start of the same attempt impossible, and that it is on the disk before the shim starts, also across a loss of power.
pub(super) fn launch(context: &Context, dir: &AttemptDir, spec: &mut Spec) -> io::Result<Launched> {
    dir.create()?;
    spec.lease = Some(context.lease.clone());
    spec.user = context.users.of(&spec.organization);
    spec.container = container_of(context, spec)?;
    spec.cgroup = context.containment.group_of(&spec.id());
    if let Some(group) = &spec.cgroup {
        Cgroup::at(group).create()?;
    }
    let scope = context.containment.scope_of(&spec.id());
    spec.in_scope = scope.is_some();
    write_record(&dir.spec(), spec, Durability::Machine)?;
    sync_parent(dir.path())?;
    start(context.shim_program.as_deref(), scope, dir.path())
}

/// The container of an attempt that has an image. A host without what runs one should never have been given it.
fn container_of(context: &Context, spec: &Spec) -> io::Result<Option<Container>> {
    let Some(image) = &spec.image else { return Ok(None) };
    // The server has refused it already; this host does not rely on it: a client would take it for an option.
    if image.starts_with('-') {
        return Err(io::Error::other("that is no image"));
    }
    let runtime = context.containers.clone();
    let runtime =
        runtime.ok_or_else(|| io::Error::other("nothing runs containers here, and the job has an image"))?;
    Ok(Some(Container::of(&spec.id(), runtime, image.clone())))
}

/// Runs the shim on an attempt's directory.
pub(super) fn start(program: Option<&Path>, scope: Option<Command>, dir: &Path) -> io::Result<Launched> {
    let (reader, writer) = io::pipe()?;
    let in_scope = scope.is_some();
    let mut command = shim_command(program, scope);
    command.arg("shim").arg(dir);
    let passed = KEPT.iter().chain(if in_scope { &SYSTEMD[..] } else { &[] });
    command.env_clear().envs(passed.filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null()).process_group(0);
    let mut child = children::spawn(&mut command)?;
    watch(&child, reader.into()).inspect_err(|_| {
        // A shim that cannot be watched must not run, and its command dies with it.
        let _ = child.kill().and_then(|()| child.wait());
        children::forget(child.id().cast_signed());
    })
}

/// The program that runs now, also after its file was replaced or removed by an upgrade; systemd-run, which is another program,
/// needs its path.
fn shim_command(program: Option<&Path>, scope: Option<Command>) -> Command {
    match scope {
        Some(mut command) => {
            let own = || std::env::current_exe().unwrap_or_else(|_| RUNNING.into());
            command.arg("--").arg(program.map_or_else(own, Path::to_owned));
            command
        }
        None => {
            let mut command = Command::new(program.unwrap_or(Path::new(RUNNING)));
            command.arg0("gpu-fleet");
            command
        }
    }
}

fn watch(child: &Child, output: OwnedFd) -> io::Result<Launched> {
    let process = ShimProcess::open(child.id().cast_signed())?;
    let output = FirstWord(BufReader::new(pipe::Receiver::from_owned_fd(output)?));
    Ok(Launched { process, output })
}

impl FirstWord {
    /// Waits until the command runs, or cannot run.
    pub(super) async fn settled(&mut self) {
        let mut line = String::new();
        if tokio::time::timeout(PATIENCE, self.0.read_line(&mut line)).await.is_err() {
            tracing::warn!("a shim has been silent for a minute");
        }
    }
}
