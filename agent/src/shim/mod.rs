//! The shim: a small process between the agent and one attempt's command.
//!
//! It exists so that a job outlives the agent that started it. It owns the output pipes, so no pipe breaks when the agent
//! dies; it is the command's subreaper, so no descendant escapes by forking twice or starting a session of its own; it ends the
//! job when the host's lease does, whether or not an agent lives; and it keeps the exit code where a later agent finds it. It
//! talks to nobody: files in the attempt's directory go out, the lease's file and signals come in (SIGTERM: stop with grace;
//! SIGUSR1: kill at once). It must stay quick to start: one thread, no async runtime.

mod birth;
mod command;
mod contained;
pub(crate) mod environment;
mod isolation;
mod output;
mod supervisor;
mod tree;
mod workdir;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::Utc;

use crate::attempt::{AttemptDir, Durability, ExitRecord, Reserved, Spec, Started, read_record};
use crate::cgroup::Cgroup;
use crate::clock::millis_since_boot;
use crate::procfs;
use command::Refusal;
use supervisor::Supervisor;

/// The attempt was handed to the end, and its exit record is written.
pub const EXIT_DONE: i32 = 0;
/// The shim could not do its work, and could not say so in an exit record.
pub const EXIT_FAILED: i32 = 1;
/// Another shim has or had this attempt; this one touched nothing.
pub const EXIT_TAKEN: i32 = 3;
/// There was no room for the records of a start and an end, so nothing was started.
pub const EXIT_NO_ROOM: i32 = 4;
/// The attempt was handed to the end, and its exit record could not be kept.
pub const EXIT_RECORD_LOST: i32 = 5;

/// Runs the attempt whose directory is `dir` to its end and answers the exit code for the process.
///
/// To be called before anything else in `main`: it changes signal dispositions of the whole process.
pub fn main(dir: &Path) -> i32 {
    run(&AttemptDir::at(dir)).unwrap_or(EXIT_FAILED)
}

fn run(dir: &AttemptDir) -> io::Result<i32> {
    isolation::keep_apart();
    let Some(mut lock) = take_lock(dir)? else { return Ok(EXIT_TAKEN) };
    let mut spec: Spec = read_record(&dir.spec())?.ok_or(io::ErrorKind::NotFound)?;
    let rooms = Reserved::take(dir.started()).and_then(|start| Ok((start, Reserved::take(dir.exit())?)));
    let Ok((start, end)) = rooms else { return Ok(EXIT_NO_ROOM) };
    let signals = isolation::become_shim()?;
    spec.cgroup = own_scope(&spec)?;
    // From here on the command may have run. A later agent that finds this mark and no record of a start will not run it again.
    lock.write_all(b"starting\n")?;
    let record = match command::spawn(&spec, dir) {
        Ok(child) => {
            announce(start, &spec, child.pid)?;
            Supervisor::new(dir, &spec, child, signals)?.run()
        }
        Err(refusal) => never_started(refusal),
    };
    Ok(end.fill(&record, Durability::Machine).map_or(EXIT_RECORD_LOST, |()| EXIT_DONE))
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

/// The command's group: the one that the agent made, or, in a scope of systemd's, one below this process's own.
fn own_scope(spec: &Spec) -> io::Result<Option<std::path::PathBuf>> {
    if !spec.in_scope {
        return Ok(spec.cgroup.clone());
    }
    let own = crate::cgroup::own().ok_or_else(|| io::Error::other("no cgroup2 file system is mounted"))?;
    let group = own.join("job");
    Cgroup::at(&group).create()?;
    Ok(Some(group))
}

/// Records who runs, then tells the agent, which may be gone: the record is what counts.
fn announce(room: Reserved, spec: &Spec, pid: i32) -> io::Result<()> {
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
        started_after_boot: Some(millis_since_boot()),
        cgroup: spec.cgroup.clone(),
    };
    room.fill(&started, Durability::Process)?;
    let mut out = io::stdout();
    let _ = out.write_all(format!("started {pid}\n").as_bytes()).and_then(|()| out.flush());
    Ok(())
}

fn never_started(refusal: Refusal) -> ExitRecord {
    ExitRecord {
        exit_code: refusal.exit_code,
        never_started: refusal.exit_code.is_none(),
        ..ExitRecord::unseen(refusal.reason)
    }
}
