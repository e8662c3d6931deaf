//! The processes below the agent itself: those that it started, and orphans of shims that were killed.
//!
//! The agent is a subreaper, so what a dead shim leaves becomes its child, even without its mark in the environment. An orphan
//! is told from a child by the register of children and by its session: every job has sessions of its own.

use std::collections::HashSet;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use crate::procfs::{self, ProcessStat};

/// Belongs to the process, as its children do, not to one agent in it.
static STARTED: Mutex<Option<HashSet<i32>>> = Mutex::new(None);

fn started() -> MutexGuard<'static, Option<HashSet<i32>>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes this process the one that inherits orphans from below.
pub(crate) fn inherit_orphans() {
    if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
        tracing::warn!(%error, "orphans of killed shims will be init's");
    }
}

/// Starts a child that is not to be taken for an orphan. The register is held meanwhile, so that nobody sees it unregistered.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut started = started();
    let child = command.spawn()?;
    started.get_or_insert_default().insert(child.id().cast_signed());
    Ok(child)
}

/// Strikes a child that was waited for.
pub(super) fn forget(pid: i32) {
    if let Some(known) = started().as_mut() {
        known.remove(&pid);
    }
}

/// Orphans of shims that are dead, and whatever descends from them. Those that have ended are reaped.
pub(super) fn orphans() -> Vec<ProcessStat> {
    let own = std::process::id().cast_signed();
    let Some(this) = procfs::stat(own) else { return Vec::new() };
    let known = started();
    let is_orphan = |process: &&ProcessStat| {
        process.parent == own
            && process.session != this.session
            && !known.as_ref().is_some_and(|known| known.contains(&process.pid))
    };
    let all = procfs::all_processes().unwrap_or_default();
    let mut found = Vec::new();
    for orphan in all.iter().filter(is_orphan) {
        if orphan.is_alive() {
            found.push(*orphan);
            found.extend(procfs::descendants(orphan.pid).unwrap_or_default());
        } else {
            let _ = waitpid(Pid::from_raw(orphan.pid), Some(WaitPidFlag::WNOHANG));
        }
    }
    found
}
