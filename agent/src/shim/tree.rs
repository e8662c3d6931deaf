//! The attempt's process tree: signalling all of it, and the proof that it is gone.

use std::collections::HashSet;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::getpid;

use crate::cgroup::Cgroup;
use crate::container::{self, Membership};
use crate::procfs::{self, ProcessStat, Signal};

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

/// All that descends from this process, all that is in the command's control group, if it has one, and all that is in its
/// container.
pub(super) struct Tree {
    pub(super) main: i32,
    pub(super) cgroup: Option<Cgroup>,
    pub(super) container: Option<Inside>,
}

/// A container, as far as its processes are concerned.
pub(super) struct Inside {
    /// Where its id stands once there is one.
    pub(super) id_file: PathBuf,
    /// Its first process passes signals on, rather than being the command.
    pub(super) has_init: bool,
}

/// How far a kill goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those inside a container: what serves it from outside gets a moment to take it down.
    Inside,
    /// Everyone.
    All,
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
                Err(_) => return Reaped { end, empty: self.is_deserted() },
            }
        }
    }

    /// Nobody is left in the control group, nor in a container that does not descend from here.
    fn is_deserted(&self) -> bool {
        let contained = || self.container.as_ref().map(|inside| container::members(&inside.id_file));
        !self.cgroup.as_ref().is_some_and(Cgroup::is_populated)
            && contained().is_none_or(|members| members.is_empty())
    }

    /// Asks every process to end, whatever its session, group or parent. One that is forked meanwhile may be missed. Of a
    /// container only those inside are asked: what serves it is needed for their goodbye.
    pub(super) fn ask_to_end(&self) {
        let members = self.members();
        let asked = match &self.container {
            None => members,
            Some(inside) => self.hearers(members, inside.has_init),
        };
        for process in asked {
            procfs::signal(&process, Signal::TERM);
            // A stopped process would sleep through its grace.
            procfs::signal(&process, Signal::CONT);
        }
    }

    /// Those of a container's processes that a signal is meant for. An init would pass it on to some of them a second time;
    /// as long as nobody is inside, the image is being fetched by the main process.
    fn hearers(&self, members: Vec<ProcessStat>, has_init: bool) -> Vec<ProcessStat> {
        let kind = |process: &ProcessStat| Membership::of(process.pid);
        let of = |wanted: &[Membership]| {
            let hears = |process: &&ProcessStat| wanted.contains(&kind(process));
            members.iter().filter(hears).copied().collect::<Vec<_>>()
        };
        let first =
            if has_init { &[Membership::Inside][..] } else { &[Membership::Inside, Membership::First] };
        let hearers = of(first);
        if !hearers.is_empty() {
            return hearers;
        }
        let init = of(&[Membership::First]);
        if init.is_empty() {
            members.into_iter().filter(|process| process.pid == self.main).collect()
        } else {
            init
        }
    }

    /// Kills every process within reach. One that is forked meanwhile may be missed where there is no control group, so this is
    /// to be done again until nothing is left.
    pub(super) fn kill(&self, reach: Reach) {
        if let Some(cgroup) = self.cgroup.as_ref().filter(|_| reach == Reach::All) {
            let _ = cgroup.kill();
        }
        for process in self.members() {
            if reach == Reach::All || Membership::of(process.pid) != Membership::Outside {
                procfs::signal(&process, Signal::KILL);
            }
        }
    }

    /// When `/proc` cannot be read there is nobody to tell; the next round tries again, and giving up says the rest.
    fn members(&self) -> Vec<ProcessStat> {
        let mut members = procfs::descendants(getpid().as_raw()).unwrap_or_default();
        let grouped = self.cgroup.as_ref().map(Cgroup::processes).unwrap_or_default();
        members.extend(grouped.into_iter().filter_map(procfs::stat));
        members.extend(self.container.iter().flat_map(|inside| container::members(&inside.id_file)));
        let mut known = HashSet::new();
        members.retain(|process| known.insert(process.pid));
        members
    }
}
