//! The agent against a server: what it starts, tells, survives and gives up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod server_under_test;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agent::{AgentConfig, AgentError, GpuSpec, detect, procfs};
use server_under_test::{JOIN_TOKEN, Server};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One agent. To drop it is to kill it: nothing of it runs any more, and nothing was said goodbye to.
struct Agent {
    task: Option<JoinHandle<Result<(), AgentError>>>,
    runtime: Option<Runtime>,
    shutdown: CancellationToken,
}

impl Agent {
    fn start(server: &Server, data_dir: &Path) -> Self {
        Self::start_with(Self::config(server, data_dir))
    }

    fn config(server: &Server, data_dir: &Path) -> AgentConfig {
        let gpus: GpuSpec = "simulated:2xH100-80GB".parse().unwrap();
        let devices = detect(&gpus, None, false).devices;
        let mut config = AgentConfig::new(server.url(), data_dir, "host", devices);
        config.join_token = Some(JOIN_TOKEN.to_owned());
        config.shim_program = Some(env!("CARGO_BIN_EXE_gpu-fleet-shim").into());
        config
    }

    fn start_with(config: AgentConfig) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let shutdown = CancellationToken::new();
        let task = runtime.spawn(agent::run(config, shutdown.clone()));
        Self { task: Some(task), runtime: Some(runtime), shutdown }
    }

    /// Waits until it ends by itself.
    fn end(mut self) -> Result<(), AgentError> {
        self.runtime.as_ref().unwrap().block_on(self.task.take().unwrap()).unwrap()
    }

    fn shut_down(self) -> Result<(), AgentError> {
        self.shutdown.cancel();
        self.end()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn world() -> (Server, TempDir) {
    (Server::start(), tempfile::tempdir().unwrap())
}

fn attempts_left(data_dir: &TempDir) -> usize {
    std::fs::read_dir(data_dir.path().join("agent/jobs")).unwrap().count()
}

fn is_alive(pid: &str) -> bool {
    procfs::stat(pid.parse().unwrap()).is_some_and(|process| process.is_alive())
}

fn pid_written_by(server: &Server, job: &str) -> String {
    server.until(&format!("{job} has written its PID"), |known| !known.lines(job).is_empty());
    server.knowledge().lines(job).first().unwrap().clone()
}

#[test]
fn a_job_runs_and_its_whole_log_is_there_before_its_end() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "echo $ANSWER; seq 5000; exit 3");
    let end = server.end_of("job");
    assert_eq!((end.exit_code, end.asked, end.lines), (Some(3), Some(false), 5001));
    let known = server.knowledge();
    assert!(known.says("job", "STARTED").is_some());
    assert_eq!(known.lines("job").first().unwrap(), "42");
    assert_eq!(known.lines("job").last().unwrap(), "5000");
}

#[test]
fn what_is_over_is_cleaned_up_and_a_late_order_does_not_run_it_again() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "echo once");
    server.end_of("job");
    server.run("job", "echo once");
    server.run("after", "true");
    server.end_of("after");
    assert_eq!(server.knowledge().times("job", "EXITED"), 1);
    server.until("the directories are gone", |_| attempts_left(&data_dir) == 0);
}

/// Where the agent makes control groups, if it may here.
fn groups(data_dir: &TempDir) -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?.split(' ').nth(4)?;
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let dir = std::fs::canonicalize(data_dir.path().join("agent")).unwrap();
    let digest = Sha256::digest(dir.as_os_str().as_encoded_bytes());
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let base = Path::new(mount).join(own).join(format!("gpu-fleet-jobs-{mark}"));
    base.is_dir().then_some(base)
}

#[test]
fn an_agent_that_ends_takes_its_control_group_away_when_no_job_is_left() {
    let (server, data_dir) = world();
    let agent = Agent::start(&server, data_dir.path());
    server.run("job", "echo ready; while test ! -e done; do sleep 0.05; done; exit 4");
    server.until_line("job", "ready");
    let Some(groups) = groups(&data_dir) else { return };
    agent.shut_down().unwrap();
    assert!(groups.is_dir(), "its job is still in it");
    let agent = Agent::start(&server, data_dir.path());
    server.order("job", "STOP", "");
    server.end_of("job");
    server.until("the directories are gone", |_| attempts_left(&data_dir) == 0);
    // Whoever tidies up is no hindrance.
    std::fs::remove_dir(&groups).unwrap();
    server.run("after", "exit 5");
    assert_eq!(server.end_of("after").exit_code, Some(5));
    server.until("the directories are gone", |_| attempts_left(&data_dir) == 0);
    agent.shut_down().unwrap();
    assert!(!groups.exists());
}

#[test]
fn a_command_that_is_not_found_ends_with_127_and_others_go_on() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "exec /no/such/program");
    server.run("other", "true");
    assert_eq!(server.end_of("job").exit_code, Some(127));
    server.end_of("other");
}

#[test]
fn a_stop_ends_a_job_with_its_grace() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    let script = "trap 'echo saved; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    server.run("job", script);
    server.until_line("job", "ready");
    server.order("job", "STOP", script);
    let end = server.end_of("job");
    assert_eq!((end.exit_code, end.asked), (Some(9), Some(true)));
    assert!(server.knowledge().lines("job").contains(&"saved".to_owned()));
}

#[test]
fn a_stop_of_what_never_ran_here_is_answered() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.order("stranger", "STOP", "true");
    let end = server.end_of("stranger");
    assert_eq!((end.exit_code, end.reason.as_deref()), (None, Some("it was not running on this host")));
}

#[test]
fn a_forgotten_job_is_killed_and_not_spoken_of() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "trap '' TERM; echo $$; while :; do sleep 0.05; done");
    let pid = pid_written_by(&server, "job");
    server.order("job", "FORGET", "");
    server.until("it is killed", |_| !is_alive(&pid));
    server.until("its directory is gone", |_| attempts_left(&data_dir) == 0);
    assert_eq!(server.knowledge().times("job", "EXITED"), 0);
}

#[test]
fn a_job_whose_start_is_refused_is_killed() {
    let (server, data_dir) = world();
    server.knowledge().refused_jobs.push("job".to_owned());
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "echo $$; exec sleep 300");
    server.until("its directory is gone", |known| {
        known.says("job", "STARTED").is_some() && attempts_left(&data_dir) == 0
    });
    assert_eq!(server.knowledge().times("job", "EXITED"), 0);
}

#[test]
fn a_job_outlives_its_agent_and_the_next_one_misses_nothing() {
    let (server, data_dir) = world();
    let agent = Agent::start(&server, data_dir.path());
    server.run("long", "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep 0.1; done; exit 4");
    server.run("short", "echo $$; sleep 0.4; echo late; exit 5");
    server.until_line("long", "line 1");
    pid_written_by(&server, "short");
    drop(agent);
    // Ends while there is no agent at all.
    let exit_record = || {
        let attempts = std::fs::read_dir(data_dir.path().join("agent/jobs")).unwrap().flatten();
        attempts.map(|attempt| attempt.path().join("exit.json")).any(|record| record.exists())
    };
    server.until("the short job has ended", |_| exit_record());
    let _agent = Agent::start(&server, data_dir.path());
    assert_eq!(server.end_of("short").exit_code, Some(5));
    assert_eq!(server.end_of("long").exit_code, Some(4));
    let known = server.knowledge();
    assert_eq!(known.epoch, 2);
    assert_eq!(known.lines("long"), (1..=10).map(|i| format!("line {i}")).collect::<Vec<_>>());
    assert_eq!(known.lines("short").last().unwrap(), "late");
}

#[test]
fn a_clean_shutdown_leaves_jobs_running_and_a_second_agent_must_wait_for_it() {
    let (server, data_dir) = world();
    let agent = Agent::start(&server, data_dir.path());
    server.run("job", "echo $$; exec sleep 300");
    let pid = pid_written_by(&server, "job");
    let second = Agent::start(&server, data_dir.path()).end();
    assert!(matches!(second, Err(AgentError::AlreadyRunning(_))), "{second:?}");
    agent.shut_down().unwrap();
    assert!(is_alive(&pid));
    let _agent = Agent::start(&server, data_dir.path());
    server.order("job", "STOP", "");
    assert_eq!(server.end_of("job").exit_code, Some(128 + 15));
}

#[test]
fn what_the_server_gave_up_while_the_agent_was_away_is_killed() {
    let (server, data_dir) = world();
    let agent = Agent::start(&server, data_dir.path());
    server.run("job", "echo $$; exec sleep 300");
    let pid = pid_written_by(&server, "job");
    drop(agent);
    server.knowledge().orders.clear();
    let _agent = Agent::start(&server, data_dir.path());
    server.until("it is killed", |_| !is_alive(&pid));
}

#[test]
fn a_killed_shim_means_a_lost_job_and_no_process_left_behind() {
    let (server, data_dir) = world();
    let agent = Agent::start(&server, data_dir.path());
    server.run("job", "setsid sh -c 'echo $$; exec sleep 300' & wait");
    let leftover = pid_written_by(&server, "job");
    drop(agent);
    let parent_of = |pid: i32| procfs::stat(pid).unwrap().parent;
    // Leftover, command, shim.
    let shim = parent_of(parent_of(leftover.parse().unwrap()));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(shim), nix::sys::signal::Signal::SIGKILL).unwrap();
    server.until("the shim is dead", |_| !is_alive(&shim.to_string()));
    let _agent = Agent::start(&server, data_dir.path());
    let end = server.end_of("job");
    assert_eq!(
        (end.exit_code, end.reason.as_deref()),
        (None, Some("its process was lost: its shim was killed"))
    );
    assert!(!is_alive(&leftover));
}

#[test]
fn a_restart_of_the_server_costs_nothing() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done; exit 6");
    server.until_line("job", "1");
    server.knowledge().down = true;
    server.cut_subscriptions();
    server.until("the agent was turned away a few times", |known| known.turned_away >= 3);
    server.knowledge().down = false;
    server.run("next", "exit 0");
    assert_eq!(server.end_of("next").exit_code, Some(0));
    assert_eq!(server.end_of("job").exit_code, Some(6));
    let known = server.knowledge();
    assert_eq!((known.epoch, known.lines("job").len()), (1, 8));
}

#[test]
fn an_agent_that_was_fenced_out_begins_a_new_epoch() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "sleep 0.5; exit 2");
    server.until("it started", |known| known.says("job", "STARTED").is_some());
    server.knowledge().epoch += 10;
    assert_eq!(server.end_of("job").exit_code, Some(2));
    assert_eq!(server.knowledge().epoch, 12);
}

#[test]
fn without_word_from_the_server_jobs_end_with_the_lease_and_are_reported_later() {
    let (server, data_dir) = world();
    server.knowledge().lease_seconds = 3;
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "trap '' TERM; echo $$; while :; do sleep 0.05; done");
    let pid = pid_written_by(&server, "job");
    server.knowledge().down = true;
    server.cut_subscriptions();
    let cut_off = Instant::now();
    server.until("it is killed", |_| !is_alive(&pid));
    assert!(cut_off.elapsed() < Duration::from_secs(10));
    server.knowledge().down = false;
    let reason = server.end_of("job").reason;
    assert_eq!(reason.as_deref(), Some("this host had lost the server for longer than its lease"));
}

#[test]
fn a_revoked_key_ends_the_agent_with_a_clear_error() {
    let (server, data_dir) = world();
    let agent = Agent::start(&server, data_dir.path());
    server.until("it has joined", |known| !known.heartbeats.is_empty());
    drop(agent);
    server.knowledge().key_is_revoked = true;
    let devices = detect(&GpuSpec::None, None, false).devices;
    let config = AgentConfig::new(server.url(), data_dir.path(), "host", devices);
    let error = Agent::start_with(config).end().unwrap_err().to_string();
    assert!(error.contains("does not accept this host's key"), "{error}");
}

#[test]
fn heartbeats_tell_of_every_gpu() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.until("two heartbeats have come", |known| known.heartbeats.len() >= 2);
    let known = server.knowledge();
    let gpus = known.heartbeats.last().unwrap().as_array().unwrap();
    assert_eq!(gpus.len(), 2);
    assert!(gpus.iter().all(|gpu| gpu["use"] == "FREE" && gpu["health"] == "HEALTHY"));
}

#[test]
fn an_idle_agent_starts_a_job_at_once() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.until("it has joined", |known| !known.heartbeats.is_empty());
    let mut times = Vec::new();
    for number in 0..20 {
        let (job, ordered) = (format!("job-{number}"), Instant::now());
        server.run(&job, "true");
        server.until("it started", |known| known.says(&job, "STARTED").is_some());
        times.push(ordered.elapsed());
        server.end_of(&job);
    }
    times.sort();
    println!("order to STARTED: median {:?}, slowest {:?}", times[10], times[19]);
}

#[test]
fn two_hundred_jobs_at_once_all_end_once() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.until("it has joined", |known| !known.heartbeats.is_empty());
    let names: Vec<_> = (0..200).map(|number| format!("job-{number}")).collect();
    let begun = Instant::now();
    for name in &names {
        server.run(name, "echo hello");
    }
    server.until("all have ended", |known| names.iter().all(|name| known.says(name, "EXITED").is_some()));
    let took = begun.elapsed();
    let known = server.knowledge();
    assert!(names.iter().all(|name| known.times(name, "EXITED") == 1 && known.lines(name) == ["hello"]));
    println!("200 jobs in {took:?}");
}

/// The shim of the command whose PID a job wrote.
fn shim_of(pid: &str) -> i32 {
    procfs::stat(pid.parse().unwrap()).unwrap().parent
}

#[test]
fn what_is_said_to_run_and_is_not_known_here_is_never_started_again() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.order_started("job", "echo again");
    let end = server.end_of("job");
    assert_eq!((end.exit_code, end.cause.as_str()), (None, "LOST"));
    assert_eq!(end.reason.as_deref(), Some("its host lost track of it"));
    let known = server.knowledge();
    assert_eq!((known.times("job", "STARTED"), known.lines("job").len()), (0, 0));
}

#[test]
fn a_stopped_shim_does_not_make_its_job_immortal() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    let late = "sleep 0.5; kill -STOP $PPID; exec sleep 300";
    let at_once = "kill -STOP $PPID; exec sleep 300";
    for (job, script) in [("late", late), ("at once", at_once)] {
        server.run(job, script);
        std::thread::sleep(Duration::from_secs(1));
        server.order(job, "STOP", script);
        assert_eq!(server.end_of(job).exit_code, Some(128 + 15));
    }
}

#[test]
fn a_shim_that_is_kept_from_answering_is_killed_with_its_job() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "sleep 0.5; while :; do kill -STOP $PPID; done");
    let shim_file = |name: &str| data_dir.path().join("agent/jobs/job-1").join(name);
    server.until("it has started", |_| shim_file("started.json").exists());
    let started = std::fs::read_to_string(shim_file("started.json")).unwrap();
    let pid = serde_json::from_str::<serde_json::Value>(started.trim()).unwrap()["pid"].to_string();
    server.order("job", "FORGET", "");
    server.until("it is killed", |_| !is_alive(&pid));
    server.until("its directory is gone", |_| attempts_left(&data_dir) == 0);
}

#[test]
fn a_job_that_kills_its_shim_takes_everything_along_even_what_shed_its_environment() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "env -i setsid sh -c 'echo $$; exec sleep 7771' & sleep 0.5; kill -9 $PPID");
    let leftover = pid_written_by(&server, "job");
    let end = server.end_of("job");
    assert_eq!((end.exit_code, end.cause.as_str()), (None, "COMMAND"));
    assert_eq!(end.reason.as_deref(), Some("its process was lost: its shim was killed"));
    assert!(!is_alive(&leftover));
}

#[test]
fn the_shim_hears_nothing_of_the_agents_environment() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "tr '\\0' '\\n' < /proc/$PPID/environ | cut -d= -f1; echo end");
    server.end_of("job");
    let names = server.knowledge().lines("job");
    let harmless = ["HOME", "LANG", "USER", "TMPDIR", "PATH", "end"];
    assert!(names.iter().all(|name| harmless.contains(&name.as_str())), "{names:?}");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "there was something to hide");
}

#[test]
fn a_job_that_cannot_be_started_is_the_hosts_fault_and_the_host_says_so_until_it_can() {
    let (server, data_dir) = world();
    let program = data_dir.path().join("program");
    let mut config = Agent::config(&server, data_dir.path());
    config.shim_program = Some(program.clone());
    let _agent = Agent::start_with(config);
    for job in ["one", "two", "three"] {
        server.run(job, "true");
        let end = server.end_of(job);
        assert_eq!((end.exit_code, end.cause.as_str()), (None, "NEVER_STARTED"));
        assert!(end.reason.unwrap().contains("could not start it"));
    }
    server.until("the host says that it is unfit", |known| {
        known.unfit.as_deref().is_some_and(|reason| reason.contains("cannot start jobs"))
    });
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gpu-fleet-shim"), &program).unwrap();
    server.until("a trial start has gone well", |known| known.unfit.is_none());
    server.run("four", "exit 4");
    assert_eq!(server.end_of("four").exit_code, Some(4));
}

#[test]
fn times_are_told_by_how_long_ago_they_were() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("job", "echo ready; sleep 0.2");
    server.until_line("job", "ready");
    server.knowledge().down = true;
    std::thread::sleep(Duration::from_millis(1500));
    server.knowledge().down = false;
    let ago = server.end_of("job").seconds_ago.unwrap();
    assert!((0.5..20.0).contains(&ago), "{ago}");
}

#[test]
fn what_is_lost_with_a_killed_shim_is_not_mixed_up_with_others() {
    let (server, data_dir) = world();
    let _agent = Agent::start(&server, data_dir.path());
    server.run("other", "echo $$; exec sleep 300");
    server.run("job", "echo $$; exec sleep 300");
    let (other, job) = (pid_written_by(&server, "other"), pid_written_by(&server, "job"));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(shim_of(&job)), nix::sys::signal::Signal::SIGKILL)
        .unwrap();
    server.end_of("job");
    assert!(!is_alive(&job) && is_alive(&other));
    server.order("other", "STOP", "");
    server.end_of("other");
}
