//! A child process: started with its log in a file, stopped as a service would be, looked at through /proc.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Fault;

/// A running `gpu-fleet`.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it, its log going to this file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, Fault> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            // What this machine's people have set up is not what is measured.
            .env_remove("GPU_FLEET_DATABASE_URL")
            .env_remove("GPU_FLEET_SERVER")
            .env_remove("GPU_FLEET_TOKEN")
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child })
    }

    /// The first line of its output with this in it, from there on; the rest of the output is drained.
    pub(crate) async fn word_after(&mut self, mark: &str) -> Result<String, Fault> {
        let output = self.child.stdout.take().ok_or("the output was taken before")?;
        let mut lines = BufReader::new(output).lines();
        let found = loop {
            let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await??;
            let line = line.ok_or_else(|| format!("it ended without saying “{mark}”"))?;
            if let Some((_, rest)) = line.split_once(mark) {
                break rest.trim().to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(found)
    }

    /// Its resident memory, in MiB.
    pub(crate) fn memory_mib(&self) -> Result<f64, Fault> {
        let pid = self.child.id().ok_or("it has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
        Ok(kib / 1024.0)
    }

    /// Asks it to end, and makes it when it does not.
    pub(crate) async fn stop(mut self) -> Result<(), Fault> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM)?;
        }
        if tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}
