//! Starts the command: own session, clean environment, no new privileges, output into pipes that the shim reads.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{SigHandler, SigSet, Signal};

use super::environment;
use crate::attempt::Spec;

/// The command, running.
pub(super) struct Child {
    pub(super) pid: i32,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// Why the command never ran, with the exit code that a shell gives for it.
pub(super) struct Refusal {
    pub(super) exit_code: i32,
    pub(super) reason: String,
}

const NOT_FOUND: i32 = 127;
const NOT_EXECUTABLE: i32 = 126;

/// Starts the command of `spec`.
pub(super) fn spawn(spec: &Spec) -> Result<Child, Refusal> {
    let Some((program, arguments)) = spec.command.split_first() else {
        return Err(Refusal { exit_code: NOT_FOUND, reason: "the command is empty".to_owned() });
    };
    let workdir = environment::workdir(spec);
    check_workdir(&workdir)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment::of(spec)).current_dir(&workdir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: `prepare` makes system calls only, all of them allowed between fork and exec.
    unsafe { command.pre_exec(prepare) };
    let mut child = command.spawn().map_err(|error| cannot_execute(program, &error))?;
    let pipes = child.stdout.take().zip(child.stderr.take());
    let Some((stdout, stderr)) = pipes else {
        return Err(Refusal { exit_code: NOT_EXECUTABLE, reason: "the output pipes are missing".to_owned() });
    };
    // The child is reaped by the supervisor together with all its descendants, so its handle is let go here.
    Ok(Child { pid: child.id().cast_signed(), stdout: stdout.into(), stderr: stderr.into() })
}

/// Told apart from a missing program, which fails with the same error.
fn check_workdir(workdir: &Path) -> Result<(), Refusal> {
    let problem = match workdir.metadata() {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => "Not a directory".to_owned(),
        Err(error) => plain(&error),
    };
    let reason = format!("cannot enter the working directory '{}': {problem}", workdir.display());
    Err(Refusal { exit_code: NOT_EXECUTABLE, reason })
}

fn cannot_execute(program: &str, error: &io::Error) -> Refusal {
    let exit_code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
    Refusal { exit_code, reason: format!("cannot execute '{program}': {}", plain(error)) }
}

/// The system's words without Rust's "(os error 2)".
fn plain(error: &io::Error) -> String {
    error
        .raw_os_error()
        .map_or_else(|| error.to_string(), |code| nix::errno::Errno::from_raw(code).desc().to_owned())
}

/// Runs in the child, before the command replaces it.
fn prepare() -> io::Result<()> {
    nix::unistd::setsid()?;
    nix::sys::prctl::set_no_new_privs()?;
    // Should the shim be killed, the command must not go on unwatched.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    // An ignored signal stays ignored through exec: the command must not inherit the shim's habits.
    for signal in [Signal::SIGPIPE, Signal::SIGHUP, Signal::SIGINT] {
        // SAFETY: SigDfl installs no handler.
        unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }?;
    }
    SigSet::empty().thread_set_mask()?;
    Ok(())
}
