//! The shim as a process: what becomes of a command, its descendants, its output and its exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attempt_under_test;

use std::fs;
use std::process::Command;

use agent::attempt::frame::Stream;
use agent::procfs;
use attempt_under_test::{AttemptUnderTest, ControlGroup, Shim, until};

#[test]
fn an_exit_code_reaches_the_record() {
    let exit = AttemptUnderTest::of_script("exit 7").run_to_the_end();
    assert_eq!((exit.exit_code, exit.signal, exit.tree_gone), (Some(7), None, true));
    assert_eq!(exit.reason, None);
}

#[test]
fn a_deadly_signal_is_told_apart_from_an_exit_code() {
    let exit = AttemptUnderTest::of_script("kill -SEGV $$").run_to_the_end();
    assert_eq!((exit.exit_code, exit.signal, exit.shell_code()), (None, Some(11), Some(139)));
    assert_eq!(exit.reason.as_deref(), Some("killed by SIGSEGV"));
}

#[test]
fn a_missing_program_is_127_and_says_so() {
    let exit = AttemptUnderTest::of_command(&["no-such-program"]).run_to_the_end();
    assert_eq!(exit.exit_code, Some(127));
    assert_eq!(exit.reason.as_deref(), Some("cannot execute 'no-such-program': No such file or directory"));
}

#[test]
fn a_file_that_is_no_program_is_126_and_a_missing_directory_is_named() {
    let exit = AttemptUnderTest::of_command(&["/etc/passwd"]).run_to_the_end();
    assert_eq!(exit.exit_code, Some(126));
    assert_eq!(exit.reason.as_deref(), Some("cannot execute '/etc/passwd': Permission denied"));
    let mut attempt = AttemptUnderTest::of_script("true");
    attempt.spec.workdir = Some("/no/such/place".to_owned());
    let reason = attempt.run_to_the_end().reason.unwrap();
    assert!(reason.contains("working directory '/no/such/place'"), "{reason}");
}

#[test]
fn the_time_limit_ends_a_job_that_ignores_sigterm() {
    let mut attempt = AttemptUnderTest::of_script("trap '' TERM; while :; do sleep 0.05; done");
    attempt.spec.time_limit_seconds = Some(1);
    attempt.spec.grace_seconds = 1;
    let exit = attempt.run_to_the_end();
    assert!(exit.timed_out && !exit.stopped && exit.tree_gone);
    assert_eq!(exit.signal, Some(9));
}

#[test]
fn a_stop_lets_the_job_say_goodbye() {
    let attempt = AttemptUnderTest::of_script(
        "trap 'echo saved; exit 3' TERM; echo ready; while :; do sleep 0.05; done",
    );
    let shim = attempt.start();
    until("the job is ready", || attempt.texts().contains(&"ready".to_owned()));
    shim.signal(libc::SIGTERM);
    let exit = attempt.exit();
    assert_eq!((exit.exit_code, exit.stopped), (Some(3), true));
    assert!(attempt.texts().contains(&"saved".to_owned()));
}

#[test]
fn a_stop_that_comes_when_the_command_has_ended_was_not_the_reason_for_it() {
    for signal in [libc::SIGTERM, libc::SIGUSR1] {
        let folder = tempfile::tempdir().unwrap();
        let done = folder.path().join("done");
        let line = format!("sleep 300 & until test -e {}; do sleep 0.02; done; exit 0", done.display());
        let attempt = AttemptUnderTest::of_script(&line);
        let shim = attempt.start();
        let command = attempt.started().pid;
        shim.signal(libc::SIGSTOP);
        fs::write(&done, "").unwrap();
        until("the command has ended", || !procfs::stat(command).is_some_and(|process| process.is_alive()));
        shim.signal(signal);
        shim.signal(libc::SIGCONT);
        let exit = attempt.exit();
        assert_eq!((exit.exit_code, exit.stopped, exit.stopped_late), (Some(0), false, Some(true)));
        assert!(exit.was_asked() == Some(false) && exit.tree_gone, "{exit:?}");
    }
}

#[test]
fn a_stop_of_a_job_that_traps_sigterm_ends_in_sigkill_after_the_grace() {
    let mut attempt = AttemptUnderTest::of_script("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    attempt.spec.grace_seconds = 1;
    let shim = attempt.start();
    until("the job is ready", || !attempt.texts().is_empty());
    shim.signal(libc::SIGTERM);
    let exit = attempt.exit();
    assert_eq!((exit.signal, exit.stopped, exit.tree_gone), (Some(9), true, true));
}

#[test]
fn a_forced_kill_does_not_wait_for_the_grace() {
    let mut attempt = AttemptUnderTest::of_script("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    attempt.spec.grace_seconds = 100_000;
    let shim = attempt.start();
    until("the job is ready", || !attempt.texts().is_empty());
    shim.signal(libc::SIGUSR1);
    assert_eq!(attempt.exit().signal, Some(9));
}

#[test]
fn a_daemon_that_forked_twice_into_its_own_session_is_killed_with_the_job() {
    let attempt =
        AttemptUnderTest::of_script("(setsid sh -c 'echo $$; exec sleep 300' &) ; sleep 0.3; exit 0");
    let exit = attempt.run_to_the_end();
    let daemon: i32 = attempt.texts().first().unwrap().parse().unwrap();
    assert_eq!((exit.exit_code, exit.tree_gone), (Some(0), true));
    assert!(!procfs::stat(daemon).is_some_and(|process| process.is_alive()));
}

#[test]
fn a_stop_reaches_the_daemon_too() {
    let attempt = AttemptUnderTest::of_script(
        "(setsid sh -c 'trap \"echo daemon saved; exit\" TERM; echo ready; while :; do sleep 0.05; done' &); exec sleep 300",
    );
    let shim = attempt.start();
    until("the daemon is ready", || !attempt.texts().is_empty());
    shim.signal(libc::SIGTERM);
    assert_eq!(attempt.exit().signal, Some(15));
    assert!(attempt.texts().contains(&"daemon saved".to_owned()));
}

#[test]
fn both_streams_are_kept_in_the_order_of_writing() {
    let attempt = AttemptUnderTest::of_script(
        "for i in 1 2 3; do echo out$i; sleep 0.05; echo err$i >&2; sleep 0.05; done",
    );
    attempt.run_to_the_end();
    let lines: Vec<_> = attempt.lines().into_iter().map(|line| (line.stream, line.text)).collect();
    let expected = [1, 2, 3]
        .map(|i| [(Stream::Stdout, format!("out{i}")), (Stream::Stderr, format!("err{i}"))])
        .concat();
    assert_eq!(lines, expected);
}

#[test]
fn odd_output_becomes_lines_all_the_same() {
    let attempt = AttemptUnderTest::of_script(
        r"printf 'bad \377 byte\n'; head -c 40000 /dev/zero | tr '\0' x; printf '\nno end'",
    );
    attempt.run_to_the_end();
    let texts = attempt.texts();
    assert_eq!(texts.first().unwrap(), "bad \u{fffd} byte");
    assert_eq!(texts.last().unwrap(), "no end");
    let pieces: Vec<_> = texts[1..texts.len() - 1].iter().map(String::len).collect();
    assert_eq!(pieces, [16384, 16384, 40000 - 2 * 16384]);
}

#[test]
fn a_flood_of_output_is_cut_with_a_marker_and_the_job_goes_on() {
    let attempt = AttemptUnderTest::of_script(
        "yes 0123456789012345678901234567890123456789 | head -c 90000000; exit 5",
    );
    assert_eq!(attempt.run_to_the_end().exit_code, Some(5));
    assert!(attempt.log_size() <= 64 * 1024 * 1024 + 100);
    assert_eq!(attempt.texts().last().unwrap(), "[output beyond 64 MiB is not kept]");
}

#[test]
fn the_environment_is_clean_and_names_the_attempt_and_its_gpus() {
    let mut attempt = AttemptUnderTest::of_command(&["env"]);
    attempt.spec.env =
        vec![("CUDA_VISIBLE_DEVICES".to_owned(), "all".to_owned()), ("MINE".to_owned(), "1".to_owned())];
    attempt.spec.gpu_uuids = vec!["GPU-a".to_owned(), "GPU-b".to_owned()];
    attempt.run_to_the_end();
    let variables = attempt.texts();
    for expected in
        ["CUDA_VISIBLE_DEVICES=GPU-a,GPU-b", "CUDA_DEVICE_ORDER=PCI_BUS_ID", "MINE=1", "GPU_FLEET_ATTEMPT=1"]
    {
        assert!(
            variables.iter().any(|variable| variable == expected),
            "{expected} is missing in {variables:?}"
        );
    }
    assert!(!variables.iter().any(|variable| variable.starts_with("CARGO")), "{variables:?}");
}

#[test]
fn a_job_without_gpus_sees_none() {
    let attempt = AttemptUnderTest::of_command(&["env"]);
    attempt.run_to_the_end();
    assert!(attempt.texts().contains(&"CUDA_VISIBLE_DEVICES=".to_owned()));
}

#[test]
fn an_attempt_is_never_run_twice() {
    let attempt = AttemptUnderTest::of_script("echo once; sleep 0.3");
    let shim = attempt.start();
    until("the job runs", || !attempt.texts().is_empty());
    assert_eq!(attempt.start().wait(), agent::shim::EXIT_TAKEN, "while the first one runs");
    assert_eq!(shim.wait(), agent::shim::EXIT_DONE);
    assert_eq!(attempt.start().wait(), agent::shim::EXIT_TAKEN, "after it has ended");
    assert_eq!(attempt.texts(), ["once"]);
}

#[test]
fn a_job_outlives_the_process_that_started_its_shim() {
    let attempt =
        AttemptUnderTest::of_script("for i in 1 2 3 4 5 6; do echo line $i; sleep 0.1; done; exit 7");
    attempt.write_spec();
    // The shell is the agent here; its pipe and process are gone long before the job ends.
    let script = "\"$0\" shim \"$1\" & read first < /dev/null; exit 0";
    let status =
        Command::new("sh").args(["-c", script, Shim::program()]).arg(attempt.dir.path()).status().unwrap();
    assert!(status.success());
    assert_eq!(attempt.exit().exit_code, Some(7));
    assert_eq!(attempt.texts().len(), 6);
}

#[test]
fn a_killed_shim_takes_its_command_along_and_frees_the_lock() {
    let attempt = AttemptUnderTest::of_script("exec sleep 300");
    let shim = attempt.start();
    let started = attempt.started();
    assert_eq!(procfs::stat(started.pid).unwrap().start_time, started.start_time);
    assert!(!attempt.lock_is_free());
    shim.signal(libc::SIGKILL);
    until("the command is gone", || !procfs::stat(started.pid).is_some_and(|process| process.is_alive()));
    until("the lock is free", || attempt.lock_is_free());
    assert!(!attempt.dir.exit().exists());
}

#[test]
fn the_record_of_the_start_is_there_when_the_shim_says_so() {
    let attempt = AttemptUnderTest::of_script("sleep 0.1");
    let mut shim = attempt.start();
    let pid = shim.started_line();
    assert_eq!(attempt.started().pid, pid);
}

#[test]
fn a_lease_that_ends_ends_the_job_without_any_agent() {
    let mut attempt = AttemptUnderTest::of_script(
        "trap 'echo saved; exit 3' TERM; echo ready; while :; do sleep 0.05; done",
    );
    let lease = attempt.dir.path().with_file_name("lease");
    attempt.write_lease(&lease, 60, 61);
    attempt.spec.lease = Some(lease.clone());
    attempt.start();
    until("the job is ready", || !attempt.texts().is_empty());
    attempt.write_lease(&lease, -1, 5);
    let exit = attempt.exit();
    assert_eq!((exit.exit_code, exit.lease_lost, exit.stopped), (Some(3), true, false));
    assert_eq!(exit.reason.as_deref(), Some("this host had lost the server for longer than its lease"));
    assert!(attempt.texts().contains(&"saved".to_owned()));
}

#[test]
fn a_job_that_ignores_the_end_of_the_lease_is_killed_with_it() {
    let mut attempt = AttemptUnderTest::of_script("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    let lease = attempt.dir.path().with_file_name("lease");
    attempt.write_lease(&lease, 60, 61);
    attempt.spec.lease = Some(lease.clone());
    attempt.spec.grace_seconds = 100_000;
    attempt.start();
    until("the job is ready", || !attempt.texts().is_empty());
    attempt.write_lease(&lease, -2, -1);
    let exit = attempt.exit();
    assert_eq!((exit.signal, exit.lease_lost, exit.tree_gone), (Some(9), true, true));
}

#[test]
fn a_process_whose_name_is_cut_inside_a_character_is_stopped_too() {
    let attempt = AttemptUnderTest::of_script("./обучение 300 & ./обучение 300 & echo $!; wait");
    std::fs::copy("/bin/sleep", attempt.dir.path().with_file_name("обучение")).unwrap();
    let mut attempt = attempt;
    attempt.spec.workdir = Some(attempt.dir.path().parent().unwrap().display().to_string());
    let shim = attempt.start();
    until("it runs", || !attempt.texts().is_empty());
    let pid: i32 = attempt.texts().first().unwrap().parse().unwrap();
    shim.signal(libc::SIGTERM);
    let exit = attempt.exit();
    assert!(exit.tree_gone && exit.stopped, "{exit:?}");
    assert!(!procfs::stat(pid).is_some_and(|process| process.is_alive()));
}

#[test]
fn a_job_in_a_control_group_cannot_slip_out_by_any_fork() {
    let Some(group) = ControlGroup::create() else { return };
    let mut attempt = AttemptUnderTest::of_script(
        "for i in 1 2 3 4 5; do (setsid sh -c 'while :; do sleep 300 & sleep 0.001; done' &); done; sleep 0.3; exit 0",
    );
    attempt.spec.cgroup = Some(group.path.clone());
    let exit = attempt.run_to_the_end();
    assert_eq!((exit.exit_code, exit.tree_gone), (Some(0), true));
    assert_eq!(std::fs::read_to_string(group.path.join("cgroup.procs")).unwrap(), "");
}

#[test]
fn nothing_of_the_agent_passes_to_the_job() {
    let attempt = AttemptUnderTest::of_script(
        "echo descriptors $(ls /proc/self/fd | wc -l); grep -E 'SigIgn|SigBlk' /proc/self/status; cat /proc/self/oom_score_adj",
    );
    // Descriptors that are not closed on exec, as a careless parent leaves them.
    let left_open: Vec<_> = (0..3).map(|_| nix::unistd::dup(std::io::stdin()).unwrap()).collect();
    for descriptor in &left_open {
        nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    }
    attempt.run_to_the_end();
    let texts = attempt.texts();
    // Its three streams, and the directory that ls itself reads.
    assert_eq!(texts.first().unwrap(), "descriptors 4");
    let zeros =
        texts.iter().filter(|line| line.contains("Sig") && line.ends_with("0000000000000000")).count();
    assert_eq!((zeros, texts.last().unwrap().as_str()), (2, "0"), "{texts:?}");
}

#[test]
fn a_shim_cannot_be_looked_into_and_its_own_environment_is_bare() {
    let attempt = AttemptUnderTest::of_script("exec sleep 300");
    let shim = attempt.start();
    let started = attempt.started();
    let owner = std::os::unix::fs::MetadataExt::uid(
        &std::fs::metadata(format!("/proc/{}/mem", started.shim_pid)).unwrap(),
    );
    shim.signal(libc::SIGKILL);
    assert_eq!(owner, 0, "what belongs to a process that nobody may look into is root's");
}

#[test]
fn a_job_runs_as_its_user_in_its_users_home() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let mut attempt =
        AttemptUnderTest::of_script("id -u; id -g; echo $HOME $USER; pwd; kill -STOP $PPID 2>&1");
    attempt.spec.user = Some(agent::attempt::JobUser {
        name: "nobody".to_owned(),
        uid: 65_534,
        gid: 65_534,
        groups: vec![65_534],
        home: "/tmp".into(),
    });
    attempt.run_to_the_end();
    let texts = attempt.texts();
    assert_eq!(texts[..4], ["65534", "65534", "/tmp nobody", "/tmp"].map(str::to_owned));
    assert!(texts[4].contains("not permitted"), "it must not signal its shim: {texts:?}");
}

#[test]
fn without_room_for_its_records_nothing_is_started() {
    let attempt = AttemptUnderTest::of_script("touch ran");
    // A limit on the length of files is as good as a full disk: nothing can grow.
    attempt.write_spec();
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" shim \"$1\"";
    let mut limited = Command::new("sh");
    let status = limited.args(["-c", script, Shim::program()]).arg(attempt.dir.path()).status().unwrap();
    assert_eq!(status.code(), Some(agent::shim::EXIT_NO_ROOM));
    assert!(!attempt.dir.started().exists() && !attempt.dir.exit().exists());
    assert_eq!(std::fs::metadata(attempt.dir.lock()).unwrap().len(), 0, "another shim may still take it");
}
