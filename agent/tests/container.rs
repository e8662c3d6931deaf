//! The shim with a command in a container, run by a stand-in for podman.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attempt_under_test;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agent::attempt::JobUser;
use agent::container::{Container, GpuAccess, Kind, Runtime};
use agent::procfs;
use attempt_under_test::{AttemptUnderTest, Shim, until};
use tempfile::TempDir;

/// An attempt whose command is run by a stand-in of its own.
struct Contained {
    attempt: AttemptUnderTest,
    folder: TempDir,
}

impl Contained {
    fn of_script(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let program = folder.path().join("podman");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stand-in-podman"), &program).unwrap();
        let mut attempt = AttemptUnderTest::of_script(script);
        let runtime = Runtime {
            kind: Kind::Podman,
            program,
            version: "0".to_owned(),
            rootless: false,
            init: true,
            in_group: false,
            gpus: GpuAccess::None,
            env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap())],
        };
        attempt.spec.image = Some("lab/model:1".to_owned());
        attempt.spec.container = Some(Container::of(&attempt.spec.id(), runtime, "lab/model:1".to_owned()));
        Self { attempt, folder }
    }

    /// What the stand-in was told, call by call.
    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn nobody() -> JobUser {
    JobUser {
        name: "nobody".to_owned(),
        uid: 65_534,
        gid: 65_534,
        groups: vec![65_534],
        home: "/nonexistent".into(),
    }
}

#[test]
fn a_command_in_a_container_has_its_variables_and_gives_its_exit_code() {
    let mut contained =
        Contained::of_script("echo $SECRET $GPU_FLEET_JOB_ID; echo $HOME; echo oops >&2; exit 7");
    contained.attempt.spec.env = vec![("SECRET".to_owned(), "a b".to_owned())];
    let exit = contained.attempt.run_to_the_end();
    assert_eq!(
        (exit.exit_code, exit.reason, exit.tree_gone, exit.never_started),
        (Some(7), None, true, false)
    );
    assert_eq!(contained.attempt.texts()[0], "a b job");
    let calls = contained.calls();
    assert_eq!(calls.len(), 1, "an end of its own leaves nothing to take away: {calls:?}");
    assert!(!calls[0].contains("a b"), "{calls:?}");
    let mode = fs::metadata(contained.attempt.dir.environment()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_image_that_is_none_is_told_apart_from_one_that_cannot_be_had_now() {
    for (words, refused, reason) in [
        (
            "Error: initializing source: manifest unknown",
            true,
            "there is no image 'lab/model:1': Error: initializing source: manifest unknown",
        ),
        (
            "Error: initializing source: i/o timeout",
            false,
            "the image 'lab/model:1' cannot be had on this host: Error: initializing source: i/o timeout",
        ),
    ] {
        let contained = Contained::of_script("echo ran");
        fs::write(contained.place("no-image"), words).unwrap();
        let exit = contained.attempt.run_to_the_end();
        assert!(exit.never_started && exit.exit_code.is_none(), "{exit:?}");
        assert_eq!((exit.image_refused, exit.reason.as_deref()), (refused, Some(reason)));
        assert!(!contained.attempt.texts().contains(&"ran".to_owned()));
    }
}

#[test]
fn a_command_that_exits_as_podman_does_is_not_taken_for_a_missing_image() {
    let exit = Contained::of_script("echo 'Error: mine' >&2; exit 125").attempt.run_to_the_end();
    assert_eq!((exit.exit_code, exit.never_started), (Some(125), false));
}

#[test]
fn a_stop_reaches_all_inside_once_and_lets_them_say_goodbye() {
    let contained = Contained::of_script(
        "trap 'wait; echo saved; exit 3' TERM; (trap 'echo daemon saved; exit' TERM; echo ready; while :; do sleep 0.05; done) & \
         while :; do sleep 0.05; done",
    );
    let shim = contained.attempt.start();
    until("the job is ready", || contained.attempt.texts().contains(&"ready".to_owned()));
    shim.signal(libc::SIGTERM);
    let exit = contained.attempt.exit();
    assert_eq!((exit.exit_code, exit.stopped, exit.tree_gone), (Some(3), true, true));
    let said = |what: &str| contained.attempt.texts().iter().filter(|line| *line == what).count();
    assert_eq!(said("saved"), 1);
    if nix::unistd::geteuid().is_root() {
        assert_eq!(said("daemon saved"), 1, "where there is a process namespace");
    }
}

#[test]
fn what_serves_a_container_that_is_killed_gets_a_moment_to_take_it_down() {
    let mut contained = Contained::of_script("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    contained.attempt.spec.grace_seconds = 1;
    let shim = contained.attempt.start();
    until("the job is ready", || !contained.attempt.texts().is_empty());
    shim.signal(libc::SIGTERM);
    let exit = contained.attempt.exit();
    assert_eq!((exit.shell_code(), exit.stopped, exit.tree_gone), (Some(137), true, true));
    if nix::unistd::geteuid().is_root() {
        assert_eq!(exit.exit_code, Some(137), "the client has said so itself");
        assert_eq!(contained.calls().len(), 1, "{:?}", contained.calls());
    }
}

#[test]
fn a_container_whose_client_hangs_is_taken_away_by_its_name() {
    let contained = Contained::of_script("echo ready; sleep 300");
    fs::write(contained.place("stuck"), "").unwrap();
    let shim = contained.attempt.start();
    until("the job is ready", || !contained.attempt.texts().is_empty());
    shim.signal(libc::SIGUSR1);
    let exit = contained.attempt.exit();
    assert_eq!((exit.shell_code(), exit.stopped, exit.tree_gone), (Some(137), true, true));
    let calls = contained.calls();
    assert_eq!(calls.last().unwrap(), "rm --force --ignore --volumes --time 0 gpu-fleet-job-1", "{calls:?}");
    let pid = contained.attempt.started().pid;
    assert!(!procfs::stat(pid).is_some_and(|process| process.is_alive()));
}

/// A container whose command has ended, and whose client hangs before it has told how. None: not without root.
fn whose_client_hangs() -> Option<(Contained, Shim)> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let mut contained = Contained::of_script("until test -e \"$DONE\"; do sleep 0.02; done");
    let done = contained.place("done");
    contained.attempt.spec.env = vec![("DONE".to_owned(), done.display().to_string())];
    contained.attempt.spec.grace_seconds = 1;
    fs::write(contained.place("stuck"), "").unwrap();
    let shim = contained.attempt.start();
    let shim_pid = contained.attempt.started().shim_pid;
    let is_first = |pid: i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1"))
    };
    let first = || procfs::descendants(shim_pid).unwrap().into_iter().find(|process| is_first(process.pid));
    until("there is a container", || first().is_some());
    let first = first().unwrap().pid;
    until("the shim has seen it", || {
        let held = fs::read_dir(format!("/proc/{shim_pid}/fd")).unwrap().flatten();
        held.filter_map(|one| fs::read_link(one.path()).ok())
            .any(|one| one.to_string_lossy().contains("pidfd"))
    });
    fs::write(done, "").unwrap();
    until("the command has ended", || !procfs::stat(first).is_some_and(|process| process.is_alive()));
    Some((contained, shim))
}

#[test]
fn a_stop_that_finds_the_client_alone_comes_too_late() {
    let Some((contained, shim)) = whose_client_hangs() else { return };
    let shim_pid = contained.attempt.started().shim_pid;
    shim.signal(libc::SIGTERM);
    until("the shim has read the signal", || {
        let status = fs::read_to_string(format!("/proc/{shim_pid}/status")).unwrap();
        let waits = status.lines().find_map(|line| line.strip_prefix("ShdPnd:\t")).unwrap();
        u64::from_str_radix(waits, 16).unwrap() & (1 << (libc::SIGTERM - 1)) == 0
    });
    fs::remove_file(contained.place("stuck")).unwrap();
    let exit = contained.attempt.exit();
    assert_eq!((exit.exit_code, exit.stopped, exit.stopped_late), (Some(0), false, Some(true)), "{exit:?}");
}

#[test]
fn how_a_container_ended_whose_client_is_killed_is_made_up_by_nobody() {
    let Some((contained, shim)) = whose_client_hangs() else { return };
    shim.signal(libc::SIGTERM);
    let exit = contained.attempt.exit();
    assert_eq!((exit.shell_code(), exit.stopped, exit.lost), (None, false, true), "{exit:?}");
    assert_eq!(exit.reason.as_deref(), Some("its container had ended, and what was to tell how was killed"));
}

#[test]
fn a_container_runs_as_the_jobs_user_in_a_directory_that_it_may_enter() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let (open, closed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::set_permissions(open.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let inner = closed.path().join("open to all, behind a closed door");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, PermissionsExt::from_mode(0o777)).unwrap();
    let link = open.path().join("link");
    std::os::unix::fs::symlink(open.path(), &link).unwrap();

    let mut contained = Contained::of_script("id -u; pwd");
    contained.attempt.spec.user = Some(nobody());
    contained.attempt.spec.workdir = Some(link.display().to_string());
    contained.attempt.run_to_the_end();
    let real = fs::canonicalize(open.path()).unwrap().display().to_string();
    assert_eq!(contained.attempt.texts(), ["65534".to_owned(), real.clone()]);
    let mount = format!("--mount=type=bind,\"source={real}\",\"destination={real}\"");
    assert!(contained.calls()[0].contains(&mount), "{:?}", contained.calls());

    for place in [inner.as_path(), Path::new("/no/such/place"), Path::new("/proc")] {
        let mut contained = Contained::of_script("true");
        contained.attempt.spec.user = Some(nobody());
        contained.attempt.spec.workdir = Some(place.display().to_string());
        let exit = contained.attempt.run_to_the_end();
        assert_eq!(exit.exit_code, Some(126));
        assert!(exit.reason.unwrap().contains("cannot enter the working directory"));
        assert!(contained.calls().is_empty(), "what it may not enter is mounted for nobody");
    }
}
