//! Brings the command's process into the world inside its control group.
//!
//! Moving a process there after its birth has the kernel wait until no process of the machine is being forked: measured,
//! 17 ms on an idle machine. Being born there (`CLONE_INTO_CGROUP`, Linux 5.7) costs nothing.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::isolation::Preparation;

/// What a child ends with whose command could not be executed; its parent has been told why.
const NOT_EXECUTED: i32 = 127;

/// From Linux's include/uapi/linux/sched.h; the library's own constant is too narrow for it.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// The two sides of a fork.
enum Fork {
    Child,
    Parent(i32),
}

/// Starts a command, prepared so, and answers its process: born in this group where the kernel can do that, else moved there
/// by its preparation.
pub(super) fn start(
    mut command: Command,
    mut preparation: Preparation,
    group: Option<&File>,
) -> io::Result<i32> {
    let (failed, fail) = io::pipe()?;
    match group.and_then(fork_into) {
        None => {
            // SAFETY: it makes system calls only, all of them allowed between fork and exec.
            unsafe { command.pre_exec(move || preparation.perform()) };
            Ok(command.spawn()?.id().cast_signed())
        }
        Some(Fork::Child) => {
            preparation.cgroup = None;
            // SAFETY: as above.
            unsafe { command.pre_exec(move || preparation.perform()) };
            let error = command.exec();
            give_up(fail, &error)
        }
        Some(Fork::Parent(pid)) => {
            drop(fail);
            outcome(failed, pid)
        }
    }
}

/// Forks into a control group. None: this kernel cannot, or does not let us.
fn fork_into(group: &File) -> Option<Fork> {
    let descriptor = u64::try_from(group.as_raw_fd()).ok()?;
    // SAFETY: all of it are plain numbers, for which zero means "none".
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.exit_signal = libc::SIGCHLD as u64;
    arguments.cgroup = descriptor;
    // SAFETY: without CLONE_VM this is fork(2), and this process has one thread, whose locks and memory the child has whole.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) };
    match i32::try_from(pid) {
        Ok(0) => Some(Fork::Child),
        Ok(pid) if pid > 0 => Some(Fork::Parent(pid)),
        _ => None,
    }
}

/// Tells the parent, and is gone: nothing of the parent's may be tidied up here.
fn give_up(mut fail: PipeWriter, error: &io::Error) -> ! {
    let code = error.raw_os_error().unwrap_or(libc::EINVAL);
    let _ = fail.write_all(&code.to_ne_bytes());
    // SAFETY: it ends this process and nothing else.
    unsafe { libc::_exit(NOT_EXECUTED) }
}

/// The pipe closes without a word when the command has replaced the child.
fn outcome(mut failed: PipeReader, pid: i32) -> io::Result<i32> {
    let mut code = [0; 4];
    if failed.read_exact(&mut code).is_err() {
        return Ok(pid);
    }
    let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None);
    Err(io::Error::from_raw_os_error(i32::from_ne_bytes(code)))
}
