//! Processes of an attempt whose shim is gone: found by their control group, by the mark in their environment, and by having
//! become the agent's own orphans.

use std::time::Duration;

use super::children;
use crate::attempt::AttemptId;
use crate::cgroup::Cgroup;
use crate::procfs::{self, ProcessStat, Signal};
use crate::shim::environment::{ATTEMPT_VARIABLE, JOB_ID_VARIABLE};

const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Kills them all, and answers whether they are gone.
pub(super) async fn kill_all(id: &AttemptId, cgroup: Option<&Cgroup>) -> bool {
    for _ in 0..TRIES {
        let left = find(id, cgroup);
        if left.is_empty() {
            return true;
        }
        kill(id, cgroup, &left);
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    find(id, cgroup).is_empty()
}

/// Kills those that were found, and none that has come to one of their numbers since.
pub(super) fn kill(id: &AttemptId, cgroup: Option<&Cgroup>, left: &[ProcessStat]) {
    if let Some(cgroup) = cgroup {
        let _ = cgroup.kill();
    }
    for process in left {
        tracing::warn!(attempt = %id, pid = process.pid, "killing a process whose shim is gone");
        procfs::signal(process, Signal::KILL);
    }
}

/// The living ones.
pub(super) fn find(id: &AttemptId, cgroup: Option<&Cgroup>) -> Vec<ProcessStat> {
    let attempt = id.attempt.to_string();
    let own = std::process::id().cast_signed();
    let marked = |process: &ProcessStat| {
        process.pid != own
            && procfs::environment_variable(process.pid, JOB_ID_VARIABLE).as_deref() == Some(&id.job_id)
            && procfs::environment_variable(process.pid, ATTEMPT_VARIABLE).as_deref() == Some(&attempt)
    };
    let mut found: Vec<_> = procfs::all_processes()
        .unwrap_or_default()
        .into_iter()
        .filter(|one| one.is_alive() && marked(one))
        .collect();
    let grouped = cgroup.map(Cgroup::processes).unwrap_or_default();
    found.extend(grouped.into_iter().filter_map(procfs::stat).filter(ProcessStat::is_alive));
    found.extend(children::orphans());
    found.sort_by_key(|process| process.pid);
    found.dedup_by_key(|process| process.pid);
    found
}
