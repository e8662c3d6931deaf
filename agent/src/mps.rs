//! NVIDIA's Multi-Process Service: whether its control daemon runs here, and what of it a share of a GPU is made.
//!
//! The daemon is the operator's: it is looked for and asked, never started. Its limits bind programs as they start, by variables
//! of their environment; who takes those out of it is not bound, as with every other variable of a job.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::container::{Ran, run};
use crate::procfs;

/// Names the directory of the daemon's pipes, to everyone who has to do with it.
const PIPES_VARIABLE: &str = "CUDA_MPS_PIPE_DIRECTORY";
const USUAL_PIPES: &str = "/tmp/nvidia-mps";
/// Where the daemon leaves its number.
const PID_FILE: &str = "nvidia-cuda-mps-control.pid";
/// What the names of daemon and server begin with; the kernel cuts them after 15 characters.
const NAME: &str = "nvidia-cuda-mps";
/// A question that any daemon answers with a number.
const QUESTION: &str = "echo get_default_active_thread_percentage | exec nvidia-cuda-mps-control";
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether the daemon is still there.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What was found of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mps {
    /// There is none.
    Absent,
    /// There are traces of one, and it does not answer: why.
    Silent(String),
    /// It answers, by the pipes in this directory.
    Running(PathBuf),
}

/// What the share of one GPU is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Where the daemon's pipes are.
    pub pipes: PathBuf,
    /// The part of the GPU's threads that may run at once.
    pub thread_percent: i32,
    /// What of its memory may be taken, MiB.
    pub memory_mib: i32,
}

impl Share {
    /// The share that this many thousandths of a GPU with so much memory are.
    pub fn of(pipes: PathBuf, milli: i32, memory_mib: i32) -> Self {
        let milli = milli.clamp(1, 1000);
        let memory = i64::from(memory_mib) * i64::from(milli) / 1000;
        Self {
            pipes,
            thread_percent: (milli / 10).max(1),
            memory_mib: i32::try_from(memory).unwrap_or(i32::MAX).max(1),
        }
    }

    /// The variables by which the service learns of it. The job sees one GPU, whose number for it is 0.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            (PIPES_VARIABLE, self.pipes.display().to_string()),
            ("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", self.thread_percent.to_string()),
            ("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", format!("0={}M", self.memory_mib)),
        ]
    }
}

/// Looks for the daemon and asks it. May block for two seconds.
pub fn look() -> Mps {
    let pipes = pipes();
    match daemon(&pipes) {
        None if pipes.join(PID_FILE).exists() => {
            Mps::Silent(format!("the process that {} names is none of it", pipes.join(PID_FILE).display()))
        }
        None => Mps::Absent,
        Some(_) => ask(pipes),
    }
}

fn pipes() -> PathBuf {
    env::var_os(PIPES_VARIABLE).map_or_else(|| PathBuf::from(USUAL_PIPES), PathBuf::from)
}

fn ask(pipes: PathBuf) -> Mps {
    let mut env: Vec<_> = env::var("PATH").map(|path| ("PATH".to_owned(), path)).into_iter().collect();
    env.push((PIPES_VARIABLE.to_owned(), pipes.display().to_string()));
    match run(Path::new("/bin/sh"), &["-c", QUESTION], &env, PATIENCE) {
        Ran::Well(answer) if answer.trim().parse::<f64>().is_ok() => Mps::Running(pipes),
        Ran::Well(answer) => Mps::Silent(format!("it answers '{}'", answer.trim())),
        Ran::Failed(why) => Mps::Silent(why),
        Ran::Late => Mps::Silent(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// The daemon's process, if it, its directory and the file with its number are root's or this user's: anybody can make a
/// directory of that name, and write somebody else's number there.
fn daemon(pipes: &Path) -> Option<i32> {
    let is_trusted = |path: &Path| {
        let owner = fs::symlink_metadata(path).ok()?.uid();
        (owner == 0 || owner == nix::unistd::geteuid().as_raw()).then_some(())
    };
    is_trusted(pipes)?;
    is_trusted(&pipes.join(PID_FILE))?;
    let pid: i32 = fs::read_to_string(pipes.join(PID_FILE)).ok()?.trim().parse().ok()?;
    is_trusted(Path::new(&format!("/proc/{pid}")))?;
    (is_named(pid) && procfs::stat(pid)?.is_alive()).then_some(pid)
}

fn is_named(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with(NAME))
}

/// Whether a process on a card is the service itself, which holds some memory of it for as long as it runs.
pub(crate) fn serves(pid: i32) -> bool {
    is_named(pid) && procfs::stat(pid).is_some_and(|process| daemon(&pipes()) == Some(process.parent))
}

/// Whether shares of this host's GPUs are more than numbers.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    enforced: AtomicBool,
}

impl Shares {
    pub(crate) fn are_enforced(&self) -> bool {
        self.enforced.load(Ordering::Relaxed)
    }

    /// Looks from time to time, until dropped; never on a host without real cards.
    pub(crate) async fn keep_looking(&self, real: bool) {
        if !real {
            return std::future::pending().await;
        }
        loop {
            let found = tokio::task::spawn_blocking(look).await.unwrap_or(Mps::Absent);
            let now = matches!(found, Mps::Running(_));
            if self.enforced.swap(now, Ordering::Relaxed) != now {
                tracing::info!(?found, "whether shares of GPUs are enforced has changed");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_becomes_threads_and_memory() {
        let share = Share::of("/tmp/nvidia-mps".into(), 250, 81_559);
        let values: Vec<_> = share.variables().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["/tmp/nvidia-mps", "25", "0=20389M"]);
        let least = Share::of("/p".into(), 1, 0);
        assert_eq!((least.thread_percent, least.memory_mib), (1, 1));
    }

    #[test]
    fn a_directory_that_names_somebody_else_is_no_daemon() {
        let pipes = std::env::temp_dir().join(format!("mps-test-{}", std::process::id()));
        assert_eq!(daemon(&pipes), None);
        let _ = fs::create_dir(&pipes);
        let written = fs::write(pipes.join(PID_FILE), std::process::id().to_string());
        let found = daemon(&pipes);
        let _ = fs::remove_dir_all(&pipes);
        assert!(written.is_ok() && found.is_none());
    }
}
