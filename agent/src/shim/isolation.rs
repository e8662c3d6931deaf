//! How the shim is kept apart from its agent, and the command from the shim: descriptors, signals, privileges, identity.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use nix::sys::signal::{SigHandler, SigSet, Signal};
use nix::unistd::{Gid, Uid};

use crate::attempt::JobUser;

/// Linux numbers signals from 1 to 64, real-time ones included.
const LAST_SIGNAL: i32 = 64;
/// The shim is killed for want of memory after everything else, its job as any other process.
const SHIM_OOM_SCORE: &[u8] = b"-999";
const JOB_OOM_SCORE: &[u8] = b"0";

/// Lets no descriptor of the agent pass on, and nobody of the same user look into this process. What cannot be had, on an old
/// kernel or without privileges, is gone without: none of it is what keeps a job in check.
pub(super) fn keep_apart() {
    // SAFETY: closing on exec changes nothing for this process; the flags are plain numbers.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    let _ = nix::sys::prctl::set_dumpable(false);
    let _ = std::fs::write("/proc/self/oom_score_adj", SHIM_OOM_SCORE);
}

/// Leaves the agent's session, adopts every orphan below, and answers the signals that are to be read from a descriptor.
pub(super) fn become_shim() -> io::Result<SigSet> {
    // Fails only when this process leads its group already, which serves as well.
    let _ = nix::unistd::setsid();
    nix::sys::prctl::set_child_subreaper(true)?;
    for ignored in [Signal::SIGPIPE, Signal::SIGHUP, Signal::SIGINT] {
        // SAFETY: SigIgn installs no handler, so no code of ours can run inside a signal.
        unsafe { nix::sys::signal::signal(ignored, SigHandler::SigIgn) }?;
    }
    let mut signals = SigSet::empty();
    for handled in [Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGCHLD] {
        signals.add(handled);
    }
    signals.thread_block()?;
    Ok(signals)
}

/// Where the preparation of the command's process has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Its control group does not let it in.
    Cgroup,
    /// It cannot become its user.
    User,
    /// It cannot enter its working directory.
    Workdir,
}

/// What the child needs between fork and exec, made before the fork: nothing may be allocated there.
pub(super) struct Preparation {
    pub(super) cgroup: Option<File>,
    pub(super) user: Option<Identity>,
    pub(super) workdir: CString,
    /// It may gain privileges: a program of this host that is trusted, such as one that runs containers.
    pub(super) trusted: bool,
    /// Where it tells the step that failed.
    pub(super) report: RawFd,
}

/// A user in the kernel's words.
pub(super) struct Identity {
    groups: Vec<Gid>,
    gid: Gid,
    uid: Uid,
}

impl From<&JobUser> for Identity {
    fn from(user: &JobUser) -> Self {
        let groups = user.groups.iter().copied().map(Gid::from_raw).collect();
        Self { groups, gid: Gid::from_raw(user.gid), uid: Uid::from_raw(user.uid) }
    }
}

impl Preparation {
    /// Runs in the child, before the command replaces it: system calls only.
    pub(super) fn perform(&self) -> io::Result<()> {
        nix::unistd::setsid()?;
        // An ignored signal stays ignored through exec: the command must not inherit anybody's habits.
        for signal in 1..=LAST_SIGNAL {
            reset(signal);
        }
        SigSet::empty().thread_set_mask()?;
        // The shim's file is closed to its own user for as long as nobody may look into it.
        let _ = nix::sys::prctl::set_dumpable(true);
        expose_to_memory_killer();
        if let Some(cgroup) = &self.cgroup {
            // SAFETY: the descriptor is open, the byte is there.
            let written = unsafe { libc::write(cgroup.as_raw_fd(), b"0".as_ptr().cast(), 1) };
            self.or_report(
                Step::Cgroup,
                if written == 1 { Ok(()) } else { Err(io::Error::last_os_error()) },
            )?;
        }
        if let Some(user) = &self.user {
            self.or_report(Step::User, user.assume())?;
        }
        self.or_report(Step::Workdir, nix::unistd::chdir(self.workdir.as_c_str()).map_err(io::Error::from))?;
        if !self.trusted {
            nix::sys::prctl::set_no_new_privs()?;
        }
        // Should the shim be killed, the command must not go on unwatched. A change of user would undo this, so it comes last.
        nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        Ok(())
    }

    fn or_report(&self, step: Step, outcome: io::Result<()>) -> io::Result<()> {
        outcome.inspect_err(|_| {
            // SAFETY: the descriptor is open until exec, the byte is there.
            unsafe { libc::write(self.report, [step as u8].as_ptr().cast(), 1) };
        })
    }
}

impl Identity {
    /// For good: a process that has given up these cannot get them back.
    pub(super) fn assume(&self) -> io::Result<()> {
        nix::unistd::setgroups(&self.groups)?;
        nix::unistd::setresgid(self.gid, self.gid, self.gid)?;
        nix::unistd::setresuid(self.uid, self.uid, self.uid)?;
        Ok(())
    }
}

impl Step {
    /// The step that a child told of.
    pub(super) fn told(byte: u8) -> Option<Self> {
        [Self::Cgroup, Self::User, Self::Workdir].into_iter().find(|step| *step as u8 == byte)
    }
}

/// Asks the kernel itself: the C library keeps two signals to itself, and refuses to touch them. Signals that cannot be set refuse
/// too, which is fine.
fn reset(signal: i32) {
    // The default handler, no flags, an empty mask: zeros throughout, on every platform.
    let action = [0_u64; 4];
    let none = std::ptr::null_mut::<u64>();
    // SAFETY: the kernel reads an action that is long enough, and no handler is installed.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, action.as_ptr(), none, size_of::<u64>()) };
}

/// A job must not inherit its shim's or agent's protection.
fn expose_to_memory_killer() {
    let path = c"/proc/self/oom_score_adj";
    // SAFETY: plain system calls on a path and a buffer that outlive them.
    unsafe {
        let descriptor = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if descriptor >= 0 {
            libc::write(descriptor, JOB_OOM_SCORE.as_ptr().cast(), JOB_OOM_SCORE.len());
            libc::close(descriptor);
        }
    }
}
