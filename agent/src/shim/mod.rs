//! The shim: a small process between the agent and one attempt's command.
//!
//! It exists so that a job outlives the agent that started it. It owns the output pipes, so no pipe breaks when the agent
//! dies; it is the command's subreaper, so no descendant escapes by forking twice or starting a session of its own; and it
//! keeps the exit code where a later agent finds it. It talks to nobody: files in the attempt's directory go out, signals
//! come in (SIGTERM: stop with grace; SIGUSR1: kill at once). It must stay quick to start: one thread, no async runtime.

mod command;
pub(crate) mod environment;
mod output;
mod supervisor;
mod tree;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::Utc;
use nix::sys::signal::{SigHandler, SigSet, Signal};

use crate::attempt::{AttemptDir, Durability, ExitRecord, Spec, Started, read_record, write_record};
use crate::procfs;
use command::Refusal;
use supervisor::Supervisor;

/// The attempt was handed to the end, and its exit record is written.
pub const EXIT_DONE: i32 = 0;
/// The shim could not do its work, and could not say so in an exit record.
pub const EXIT_FAILED: i32 = 1;
/// Another shim has or had this attempt; this one touched nothing.
pub const EXIT_TAKEN: i32 = 3;

/// Runs the attempt whose directory is `dir` to its end and answers the exit code for the process.
///
/// To be called before anything else in `main`: it changes signal dispositions of the whole process.
pub fn main(dir: &Path) -> i32 {
    match run(&AttemptDir::at(dir)) {
        Ok(code) => code,
        Err(_) => EXIT_FAILED,
    }
}

fn run(dir: &AttemptDir) -> io::Result<i32> {
    let Some(mut lock) = take_lock(dir)? else { return Ok(EXIT_TAKEN) };
    let spec: Spec = read_record(&dir.spec())?.ok_or(io::ErrorKind::NotFound)?;
    let signals = become_shim()?;
    // From here on the command may have run. A later agent that finds this mark and no record of a start will not run it again.
    lock.write_all(b"starting\n")?;
    let record = match command::spawn(&spec) {
        Ok(child) => {
            announce(dir, &spec, child.pid)?;
            Supervisor::new(dir, &spec, child, signals)?.run()
        }
        Err(refusal) => never_started(refusal),
    };
    write_record(&dir.exit(), &record, Durability::Machine)?;
    Ok(EXIT_DONE)
}

/// Holds the lock for the life of this process, unless another shim holds it or has done the work already.
fn take_lock(dir: &AttemptDir) -> io::Result<Option<File>> {
    let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(dir.lock())?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
        Err(std::fs::TryLockError::Error(error)) => return Err(error),
    }
    Ok((lock.metadata()?.len() == 0).then_some(lock))
}

/// Leaves the agent's session, adopts every orphan below, and answers the signals that are to be read from a descriptor.
fn become_shim() -> io::Result<SigSet> {
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

/// Records who runs, then tells the agent, which may be gone: the record is what counts.
fn announce(dir: &AttemptDir, spec: &Spec, pid: i32) -> io::Result<()> {
    let start_time = |pid| procfs::stat(pid).map_or(0, |stat| stat.start_time);
    let shim_pid = nix::unistd::getpid().as_raw();
    let started = Started {
        pid,
        start_time: start_time(pid),
        boot_id: procfs::boot_id(),
        attempt: spec.attempt,
        shim_pid,
        shim_start_time: start_time(shim_pid),
        started_at: Utc::now(),
    };
    write_record(&dir.started(), &started, Durability::Process)?;
    let mut out = io::stdout();
    let _ = out.write_all(format!("started {pid}\n").as_bytes()).and_then(|()| out.flush());
    Ok(())
}

fn never_started(refusal: Refusal) -> ExitRecord {
    ExitRecord {
        exit_code: Some(refusal.exit_code),
        signal: None,
        timed_out: false,
        stopped: false,
        reason: Some(refusal.reason),
        tree_gone: true,
        finished_at: Utc::now(),
    }
}
