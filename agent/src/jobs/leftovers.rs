//! Processes of an attempt whose shim was killed: found by the mark in their environment, since nothing else binds them.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::attempt::AttemptId;
use crate::procfs;
use crate::shim::environment::{ATTEMPT_VARIABLE, JOB_ID_VARIABLE};

const TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Kills them all, and answers whether they are gone.
pub(super) async fn kill_all(id: &AttemptId) -> bool {
    for _ in 0..TRIES {
        let left = find(id);
        if left.is_empty() {
            return true;
        }
        for pid in left {
            tracing::warn!(attempt = %id, pid, "killing a process whose shim is gone");
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    false
}

fn find(id: &AttemptId) -> Vec<i32> {
    let attempt = id.attempt.to_string();
    let processes = procfs::all_processes().unwrap_or_default();
    let own = std::process::id().cast_signed();
    let belongs = |pid: i32| {
        pid != own
            && procfs::environment_variable(pid, JOB_ID_VARIABLE).as_deref() == Some(&id.job_id)
            && procfs::environment_variable(pid, ATTEMPT_VARIABLE).as_deref() == Some(&attempt)
    };
    processes
        .iter()
        .filter(|process| process.is_alive() && belongs(process.pid))
        .map(|process| process.pid)
        .collect()
}
