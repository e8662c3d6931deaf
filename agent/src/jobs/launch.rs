//! Starts the shim of a new attempt and waits for its word that the command runs.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;

use super::Context;
use super::process::ShimProcess;
use crate::attempt::{AttemptDir, Durability, Spec, write_record};

/// A shim needs milliseconds; one that is silent for so long is watched without its word.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shim that was just started.
pub(super) struct Launched {
    pub(super) process: ShimProcess,
    output: pipe::Receiver,
}

/// Creates the attempt's directory and starts its shim. That the directory cannot be there twice is what makes a second
/// start of the same attempt impossible.
pub(super) fn launch(context: &Context, dir: &AttemptDir, spec: &Spec) -> io::Result<Launched> {
    dir.create()?;
    write_record(&dir.spec(), spec, Durability::Process)?;
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(&context.shim_program);
    command.arg("shim").arg(dir.path());
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn()?;
    watch(&child, reader.into()).inspect_err(|_| {
        // A shim that cannot be watched must not run, and its command dies with it.
        let _ = child.kill().and_then(|()| child.wait());
    })
}

fn watch(child: &Child, output: OwnedFd) -> io::Result<Launched> {
    let process = ShimProcess::open(child.id().cast_signed())?;
    Ok(Launched { process, output: pipe::Receiver::from_owned_fd(output)? })
}

impl Launched {
    /// Waits until the command runs, or cannot run. Before that the shim does not hear signals.
    pub(super) async fn settled(self) -> ShimProcess {
        let mut line = String::new();
        let mut output = BufReader::new(self.output);
        if tokio::time::timeout(PATIENCE, output.read_line(&mut line)).await.is_err() {
            tracing::warn!("a shim has been silent for a minute");
        }
        self.process
    }
}
