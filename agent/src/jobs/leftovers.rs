//! Processes of an attempt whose shim is gone: found by their control group, by the mark in their environment, by their container,
//! and by having become the agent's own orphans.

use std::path::PathBuf;
use std::time::Duration;

use super::children;
use crate::attempt::AttemptId;
use crate::cgroup::Cgroup;
use crate::container::{self, Container};
use crate::procfs::{self, ProcessStat, Signal};
use crate::shim::environment::{ATTEMPT_VARIABLE, JOB_ID_VARIABLE};

const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// What may be left of an attempt.
pub(super) struct Leftovers {
    pub(super) id: AttemptId,
    pub(super) cgroup: Option<Cgroup>,
    pub(super) container: Option<Container>,
    /// Where the container's id stands, if there was one.
    pub(super) container_id: PathBuf,
}

impl Leftovers {
    /// Kills all that is left, and answers whether it is gone.
    pub(super) async fn kill_all(&self) -> bool {
        let mut removal = self.container.clone().map(|container| {
            let id = self.id.clone();
            tokio::task::spawn_blocking(move || take_away(&id, &container))
        });
        for _ in 0..TRIES {
            let left = self.find();
            if left.is_empty() {
                break;
            }
            self.kill(&left);
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        // What else a runtime keeps of a container is gone only then; a daemon's processes too.
        if let Some(removal) = removal.take() {
            let _ = removal.await;
        }
        self.find().is_empty()
    }

    /// Kills those that were found, and none that has come to one of their numbers since.
    pub(super) fn kill(&self, left: &[ProcessStat]) {
        if let Some(cgroup) = &self.cgroup {
            let _ = cgroup.kill();
        }
        for process in left {
            tracing::warn!(attempt = %self.id, pid = process.pid, "killing a process whose shim is gone");
            procfs::signal(process, Signal::KILL);
        }
    }

    /// The living ones.
    pub(super) fn find(&self) -> Vec<ProcessStat> {
        let id = &self.id;
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
        let grouped = self.cgroup.as_ref().map(Cgroup::processes).unwrap_or_default();
        found.extend(grouped.into_iter().filter_map(procfs::stat).filter(ProcessStat::is_alive));
        if self.container.is_some() {
            found.extend(container::members(&self.container_id));
        }
        found.extend(children::orphans());
        found.sort_by_key(|process| process.pid);
        found.dedup_by_key(|process| process.pid);
        found
    }
}

fn take_away(id: &AttemptId, container: &Container) {
    if let Err(why) = container::remove(container) {
        tracing::warn!(attempt = %id, container = container.name, why, "cannot take a container away");
    }
}
