//! Starts the command: own session, clean environment, own user, no new privileges, output into pipes that the shim reads.

use std::collections::BTreeMap;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::isolation::{Preparation, Step};
use super::workdir::entered;
use super::{birth, environment};
use crate::attempt::{AttemptDir, JobUser, Spec, create_private};
use crate::cgroup::Cgroup;
use crate::container::{self, Container, Invocation};

/// The command, running.
pub(super) struct Child {
    pub(super) pid: i32,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// Why the command never ran, with the exit code that a shell gives for it; without a code it was the host's fault.
pub(super) struct Refusal {
    pub(super) exit_code: Option<i32>,
    pub(super) reason: String,
}

const NOT_FOUND: i32 = 127;
const NOT_EXECUTABLE: i32 = 126;

impl Refusal {
    fn of_host(reason: String) -> Self {
        Self { exit_code: None, reason }
    }

    fn of_command(exit_code: i32, reason: String) -> Self {
        Self { exit_code: Some(exit_code), reason }
    }
}

/// Starts the command of `spec`, or what runs it in a container.
pub(super) fn spawn(spec: &Spec, dir: &AttemptDir) -> Result<Child, Refusal> {
    let start = match &spec.container {
        Some(container) => contained(spec, container, dir)?,
        None => plain_start(spec)?,
    };
    let (mut told, report) = io::pipe().map_err(|error| Refusal::of_host(plain(&error)))?;
    let preparation = prepare(spec, &start, report.as_raw_fd())?;
    let mut command = Command::new(&start.program);
    command.args(&start.words).env_clear().envs(&start.env);
    let pipe = || io::pipe().map_err(|error| Refusal::of_host(plain(&error)));
    let ((stdout, out), (stderr, err)) = (pipe()?, pipe()?);
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    let group = spec.cgroup.as_ref().and_then(|path| File::open(path).ok());
    let started = birth::start(command, preparation, group.as_ref());
    drop(report);
    // The child is reaped by the supervisor together with all its descendants.
    let pid = started.map_err(|error| explain(spec, &start, step_told(&mut told), &error))?;
    Ok(Child { pid, stdout: stdout.into(), stderr: stderr.into() })
}

/// What is to be executed, and as whom.
struct Start<'a> {
    program: OsString,
    words: Vec<OsString>,
    env: BTreeMap<String, String>,
    workdir: PathBuf,
    user: Option<&'a JobUser>,
    /// A program of this host, and not of the job.
    trusted: bool,
}

fn plain_start(spec: &Spec) -> Result<Start<'_>, Refusal> {
    let Some((program, arguments)) = spec.command.split_first() else {
        return Err(Refusal::of_command(NOT_FOUND, "the command is empty".to_owned()));
    };
    Ok(Start {
        program: program.into(),
        words: arguments.iter().map(OsString::from).collect(),
        env: environment::of(spec),
        workdir: environment::workdir(spec),
        user: spec.user.as_ref(),
        trusted: false,
    })
}

/// The client of what runs containers is the agent's own and runs as the agent does; only what it runs is the job's user's.
fn contained<'a>(spec: &'a Spec, container: &Container, dir: &AttemptDir) -> Result<Start<'a>, Refusal> {
    let workdir = spec.workdir.as_deref().filter(|dir| !dir.is_empty()).map(Path::new);
    let workdir = workdir.map(|wanted| enterable(spec, wanted)).transpose()?;
    let variables = environment::in_container(spec);
    let written = create_private(&dir.environment())
        .and_then(|mut file| file.write_all(container::environment_file(&variables).as_bytes()));
    written.map_err(|error| {
        Refusal::of_host(format!("cannot write the variables for a container: {}", plain(&error)))
    })?;
    let Invocation { program, words, env, as_job_user } =
        container::invocation(container, spec, dir, workdir.as_deref(), &variables);
    Ok(Start {
        program: program.into(),
        words,
        env,
        workdir: PathBuf::from("/"),
        user: spec.user.as_ref().filter(|_| as_job_user),
        trusted: !as_job_user,
    })
}

/// A working directory by its real name, if the job's user may enter it: what mounts it might enter any.
fn enterable(spec: &Spec, wanted: &Path) -> Result<PathBuf, Refusal> {
    let refuse = |why: &str| {
        let reason = format!("cannot enter the working directory '{}': {why}", wanted.display());
        Refusal::of_command(NOT_EXECUTABLE, reason)
    };
    let found = entered(wanted, spec.user.as_ref()).map_err(|error| refuse(&plain(&error)))?;
    if ["/proc", "/sys", "/dev"].iter().any(|system| found.starts_with(system)) {
        return Err(refuse("a container has its own of that"));
    }
    if found.to_str().is_none_or(|name| name.contains([',', ':', '\n'])) {
        return Err(refuse("its name cannot be told to what runs containers"));
    }
    Ok(found)
}

fn prepare(spec: &Spec, start: &Start<'_>, report: i32) -> Result<Preparation, Refusal> {
    let join = |path| Cgroup::at(path).open_for_joining();
    let cgroup = spec.cgroup.as_ref().map(join).transpose();
    let cgroup =
        cgroup.map_err(|error| Refusal::of_host(refused(Step::Cgroup, spec, &start.workdir, &error)))?;
    let user = start.user.map(Into::into);
    let workdir = CString::new(start.workdir.as_os_str().as_bytes()).map_err(|_| {
        Refusal::of_command(NOT_EXECUTABLE, "the working directory's name holds a NUL".to_owned())
    })?;
    Ok(Preparation { cgroup, user, workdir, trusted: start.trusted, report })
}

/// The step at which the child has stopped, if it got that far.
fn step_told(told: &mut impl Read) -> Option<Step> {
    let mut byte = [0];
    told.read_exact(&mut byte).ok()?;
    Step::told(byte[0])
}

/// A working directory that is missing and a program that is missing fail with the same error: the step tells them apart.
fn explain(spec: &Spec, start: &Start<'_>, step: Option<Step>, error: &io::Error) -> Refusal {
    let (program, workdir) = (start.program.display(), start.workdir.as_path());
    match step {
        Some(Step::Workdir) => {
            Refusal::of_command(NOT_EXECUTABLE, refused(Step::Workdir, spec, workdir, error))
        }
        Some(step) => Refusal::of_host(refused(step, spec, workdir, error)),
        None if spec.container.is_some() => {
            Refusal::of_host(format!("cannot execute '{program}': {}", plain(error)))
        }
        None if is_hosts_fault(error) => {
            Refusal::of_host(format!("cannot start a process: {}", plain(error)))
        }
        None => {
            let exit_code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
            Refusal::of_command(exit_code, format!("cannot execute '{program}': {}", plain(error)))
        }
    }
}

fn refused(step: Step, spec: &Spec, workdir: &Path, error: &io::Error) -> String {
    let what = match step {
        Step::Cgroup => "join its control group".to_owned(),
        Step::User => {
            let user = spec.user.as_ref().map_or("nobody in particular", |user| user.name.as_str());
            format!("become the user '{user}'")
        }
        Step::Workdir => format!("enter the working directory '{}'", workdir.display()),
    };
    format!("cannot {what}: {}", plain(error))
}

/// Too many processes, too little memory, too many open files: no job can help it.
fn is_hosts_fault(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE | libc::ENOSPC)
    )
}

/// The system's words without Rust's "(os error 2)".
fn plain(error: &io::Error) -> String {
    error
        .raw_os_error()
        .map_or_else(|| error.to_string(), |code| nix::errno::Errno::from_raw(code).desc().to_owned())
}
