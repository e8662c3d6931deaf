//! The attempt's process tree: signalling all of it, and the proof that it is gone.

use std::collections::HashSet;

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::getpid;

use crate::cgroup::Cgroup;
use crate::procfs::{self, Signal};

/// How the command's own process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Exited(i32),
    Signaled(i32),
}

/// What a round of reaping saw.
pub(super) struct Reaped {
    /// The end of the process asked for, when it was among those reaped.
    pub(super) end: Option<End>,
    /// The kernel says that this process has no child left. As the subreaper it would inherit every orphan below it, so this
    /// is the proof that the whole tree is gone.
    pub(super) empty: bool,
}

/// All that descends from this process, and all that is in the command's control group, if it has one.
pub(super) struct Tree {
    pub(super) main: i32,
    pub(super) cgroup: Option<Cgroup>,
}

impl Tree {
    /// Reaps every child that has ended, without waiting.
    pub(super) fn reap(&self) -> Reaped {
        let mut end = None;
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) if pid.as_raw() == self.main => {
                    end = Some(End::Exited(code))
                }
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid.as_raw() == self.main => {
                    end = Some(End::Signaled(signal as i32))
                }
                Ok(WaitStatus::StillAlive) => return Reaped { end, empty: false },
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => {
                    return Reaped { end, empty: !self.cgroup.as_ref().is_some_and(Cgroup::is_populated) };
                }
            }
        }
    }

    /// Asks every process to end, whatever its session, group or parent. One that is forked meanwhile may be missed.
    pub(super) fn ask_to_end(&self) {
        for process in self.members() {
            procfs::signal(&process, Signal::TERM);
            // A stopped process would sleep through its grace.
            procfs::signal(&process, Signal::CONT);
        }
    }

    /// Kills every process. One that is forked meanwhile may be missed where there is no control group, so this is to be done
    /// again until nothing is left.
    pub(super) fn kill(&self) {
        if let Some(cgroup) = &self.cgroup {
            let _ = cgroup.kill();
        }
        for process in self.members() {
            procfs::signal(&process, Signal::KILL);
        }
    }

    /// When `/proc` cannot be read there is nobody to tell; the next round tries again, and giving up says the rest.
    fn members(&self) -> Vec<procfs::ProcessStat> {
        let mut members = procfs::descendants(getpid().as_raw()).unwrap_or_default();
        let known: HashSet<i32> = members.iter().map(|process| process.pid).collect();
        let grouped = self.cgroup.as_ref().map(Cgroup::processes).unwrap_or_default();
        members.extend(grouped.into_iter().filter(|pid| !known.contains(pid)).filter_map(procfs::stat));
        members
    }
}
