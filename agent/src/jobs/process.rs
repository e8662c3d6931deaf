//! A shim's process, held by a descriptor: a PID could be another process's by the time it is used.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::children;

/// What the shim understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// End the attempt with its grace.
    Stop,
    /// End it now.
    Kill,
}

pub(super) struct ShimProcess {
    pid: i32,
    descriptor: AsyncFd<OwnedFd>,
}

impl ShimProcess {
    /// Takes hold of a process. Whether it is the one that was meant is for the caller to check afterwards: from here on
    /// the descriptor means the same process for ever.
    pub(super) fn open(pid: i32) -> io::Result<Self> {
        let target = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
        let descriptor = pidfd_open(target, PidfdFlags::empty())?;
        // SAFETY: the descriptor is owned here, and an OwnedFd stays open and the same until it is dropped.
        let descriptor = unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) };
        Ok(Self { pid, descriptor: descriptor.map_err(io::Error::from)? })
    }

    pub(super) fn send(&self, message: Message) {
        let signal = match message {
            Message::Stop => Signal::TERM,
            Message::Kill => Signal::USR1,
        };
        // A shim that was stopped, by its own job perhaps, would hear nothing.
        for signal in [signal, Signal::CONT] {
            if let Err(error) = pidfd_send_signal(self.descriptor.as_fd(), signal) {
                tracing::debug!(pid = self.pid, %error, "the shim is gone already");
            }
        }
    }

    /// Ends it at once: its command ends with it, and what else it leaves is the agent's to kill.
    pub(super) fn kill(&self) {
        let _ = pidfd_send_signal(self.descriptor.as_fd(), Signal::KILL);
    }

    /// Waits for its end. A shim that this process started is reaped, and its exit code is known.
    pub(super) async fn ended(&self) -> Option<i32> {
        if let Err(error) = self.descriptor.readable().await {
            tracing::error!(pid = self.pid, %error, "cannot wait for a shim");
        }
        let reaped = waitpid(nix::unistd::Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
        children::forget(self.pid);
        match reaped {
            Ok(WaitStatus::Exited(_, code)) => Some(code),
            _ => None,
        }
    }

    /// Its number.
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }
}
