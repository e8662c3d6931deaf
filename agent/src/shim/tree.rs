//! The attempt's process tree: signalling all of it, and the proof that it is gone.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use crate::procfs;

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

/// Reaps every child that has ended, without waiting.
pub(super) fn reap(main: i32) -> Reaped {
    let mut end = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid.as_raw() == main => end = Some(End::Exited(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid.as_raw() == main => {
                end = Some(End::Signaled(signal as i32))
            }
            Ok(WaitStatus::StillAlive) => return Reaped { end, empty: false },
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return Reaped { end, empty: true },
        }
    }
}

/// Signals every process below the shim, whatever its session, group or parent.
///
/// A process that is forked meanwhile may be missed; callers that must reach all of them come back until nothing is left.
pub(super) fn signal_all(signal: Signal) -> io::Result<()> {
    for process in procfs::descendants(getpid().as_raw())? {
        let _ = kill(Pid::from_raw(process.pid), signal);
        if signal == Signal::SIGTERM {
            // A stopped process would sleep through its grace.
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGCONT);
        }
    }
    Ok(())
}
