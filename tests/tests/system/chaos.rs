//! Everything dies at the worst moment, disks fill up, logs flood, and jobs do what they can to stay: nothing is lost, nothing is
//! done twice, nothing is left behind.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use system_tests::answer::{column, rows, text};
use system_tests::{AgentOptions, AgentProcess, Client, Engine, Fleet, History, Place, both, eventually};

both! {
    kills_of_agent_and_server_at_random_moments_lose_nothing,
    a_job_that_will_not_go_goes_with_all_that_it_has_started,
    a_job_that_ends_while_its_agent_is_down_ends_with_its_own_code,
    a_flood_of_log_drowns_nobody,
    an_upgrade_under_a_running_agent_breaks_no_job,
}

const JOBS: usize = 64;

/// Kills at random moments for so long.
const HAVOC: Duration = Duration::from_secs(12);

async fn kills_of_agent_and_server_at_random_moments_lose_nothing(engine: Engine) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut fleet = Fleet::serve(Place::create(engine).await).await;
    let client = fleet.operator().await;
    let agent = AgentProcess::start(&fleet, "victim", "simulated:64xH100-80GB").await;
    let witness = fleet.place.folder().join("witness");
    let script = |job: usize, steps: u32| {
        let begin = format!("echo $GPU_FLEET_JOB_ID:$GPU_FLEET_ATTEMPT >> {}", witness.display());
        format!(
            "{begin}; i=0; while [ $i -lt {steps} ]; do i=$((i + 1)); echo line $i; sleep 0.1; done; exit {}",
            job % 7
        )
    };
    let jobs: Vec<u32> = (0..JOBS).map(|_| random.random_range(5..90)).collect();
    let submitted = jobs.iter().enumerate().map(|(job, steps)| {
        json!({"name": format!("job {job}"), "command": ["/bin/sh", "-c", script(job, *steps)]})
    });
    let ids = client.submit_all(submitted.collect()).await;
    let until = Instant::now() + HAVOC;
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(random.random_range(50..1500))).await;
        let both = random.random_bool(0.3);
        if both || random.random_bool(0.5) {
            agent.kill9();
        }
        if both || random.random_bool(0.5) {
            fleet.kill9();
            fleet.restart().await;
        }
        agent.kill9();
        agent.restart(&fleet);
    }
    client.all_jobs_have_ended().await;
    let history = History::read(&client).await;
    history.keeps_every_invariant();
    for (place, id) in ids.iter().enumerate() {
        let job = client.job(id, "status exitCode attempt statusReason").await;
        let expected = json!(place % 7);
        assert_eq!((&job["exitCode"], &job["attempt"]), (&expected, &json!(1)), "{job} (seed {seed})");
        let steps = usize::try_from(jobs[place]).unwrap();
        the_log_is(&client, id, &(1..=steps).map(|i| format!("line {i}")).collect::<Vec<_>>()).await;
    }
    let mut runs: HashMap<String, usize> = HashMap::new();
    for line in std::fs::read_to_string(&witness).unwrap().lines() {
        *runs.entry(line.to_owned()).or_default() += 1;
    }
    assert_eq!((runs.len(), runs.values().max()), (JOBS, Some(&1)), "each ran once (seed {seed})");
    client.gpus_are_free(64).await;
}

/// Waits until a job's log is this: the end of one may come a little after the end of its job.
async fn the_log_is(client: &Client, id: &str, expected: &[String]) {
    eventually(&format!("the log of {id} is complete"), 60, async || {
        let job = client.job(id, "logTail(lines: 1000) { text }").await;
        let lines = column(&job["logTail"], "text");
        assert!(expected.starts_with(&lines), "each line once and in order: {lines:?}");
        (lines.len() == expected.len()).then_some(())
    })
    .await;
}

async fn a_job_that_will_not_go_goes_with_all_that_it_has_started(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let client = fleet.operator().await;
    let pids = fleet.place.folder().join("pids");
    let note = format!("echo $$ >> {}", pids.display());
    // Deaf to SIGTERM, forked twice, in a session of its own, without its mark, and with children that are all of it again.
    let daemon = format!("env -i setsid sh -c \"trap '' TERM; {note}; while :; do sleep 1; done\" &")
        .replace("$$", "\\$\\$");
    let line =
        format!("trap '' TERM; ({daemon}) ; ({daemon}) ; {note}; echo ready; while :; do sleep 1; done");
    let id = client.submit_line("stubborn", &line).await;
    let listed =
        || std::fs::read_to_string(&pids).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    eventually("all of it runs", 30, async || (listed().len() == 3).then_some(())).await;
    client.change("cancelJob", json!({"id": id}), "job { status }").await.unwrap();
    client.reaches(&id, "CANCELLED").await;
    for pid in listed() {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let gone =
            state.is_empty() || state.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X']));
        assert!(gone, "process {pid} is left: {state}");
    }
    client.gpus_are_free(1).await;
}

async fn a_job_that_ends_while_its_agent_is_down_ends_with_its_own_code(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let client = fleet.operator().await;
    let agent = AgentProcess::start(&fleet, "absent", "simulated:2xH100-80GB").await;
    let ended = fleet.place.folder().join("ended");
    let line = format!("echo begun; sleep 1; echo done; touch {}; exit 5", ended.display());
    let id = client.submit_line("alone", &line).await;
    client.reaches(&id, "RUNNING").await;
    agent.kill9();
    eventually("it has ended alone", 30, async || ended.exists().then_some(())).await;
    agent.restart(&fleet);
    client.reaches(&id, "FAILED").await;
    assert_eq!(client.job(&id, "exitCode attempt").await, json!({"exitCode": 5, "attempt": 1}));
    the_log_is(&client, &id, &["begun".to_owned(), "done".to_owned()]).await;
    client.gpus_are_free(2).await;
}

async fn a_flood_of_log_drowns_nobody(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let client = fleet.operator().await;
    let agent = AgentProcess::start(&fleet, "flooded", "simulated:2xH100-80GB").await;
    // A gigabyte, in lines of eight kilobytes.
    let line = "yes $(head -c 8191 /dev/zero | tr '\\0' x) | head -c 1000000000; exit 3";
    let flood = client.submit_line("flood", line).await;
    client.reaches(&flood, "RUNNING").await;
    let quiet = client.submit_line("quiet", "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done").await;
    client.reaches(&quiet, "SUCCEEDED").await;
    the_log_is(&client, &quiet, &(1..=5).map(|i| i.to_string()).collect::<Vec<_>>()).await;
    client.reaches(&flood, "FAILED").await;
    assert_eq!(client.job(&flood, "exitCode").await["exitCode"], 3, "the job itself went through all of it");
    let memory = agent.memory_mib();
    assert!(memory < 150.0, "the agent holds {memory:.0} MiB");
    eventually("the log ends with a word about what is missing", 120, async || {
        let job = client.job(&flood, "logTail(lines: 1) { text }").await;
        let last = rows(&job["logTail"]).first().map(|line| text(&line["text"])).unwrap_or_default();
        last.contains("not kept").then_some(())
    })
    .await;
}

async fn an_upgrade_under_a_running_agent_breaks_no_job(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let client = fleet.operator().await;
    let program = fleet.place.folder().join("gpu-fleet");
    std::fs::copy(fleet.place.program(), &program).unwrap();
    let options = AgentOptions { program: Some(program.clone()), ..AgentOptions::default() };
    let _agent = AgentProcess::start_with(&fleet, "upgraded", "simulated:1xH100-80GB", options).await;
    std::fs::remove_file(&program).unwrap();
    std::fs::write(&program, "another program altogether").unwrap();
    let id = client.submit_line("job", "exit 4").await;
    client.reaches(&id, "FAILED").await;
    assert_eq!(client.job(&id, "exitCode").await["exitCode"], 4);
}

/// The agent's own disk, four megabytes in a mount of its own, so that nobody else's is filled.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_jobs_from_starting_and_loses_no_exit_code() {
    system_tests::within(async {
        let fleet = Fleet::serve(Place::create(Engine::Sqlite).await).await;
        let client = fleet.operator().await;
        let dir = fleet.place.folder().join("small");
        std::fs::create_dir(&dir).unwrap();
        let wrapper = fleet.place.folder().join("on-small-disk");
        let mount = format!("mount -t tmpfs -o size=4m,mode=0700 tmpfs {}", dir.display());
        let script = format!(
            "#!/bin/sh\nexec unshare -m{} sh -c '{mount} && exec {} \"$@\"' agent \"$@\"\n",
            if rustix::process::geteuid().is_root() { "" } else { "r" },
            fleet.place.program().display()
        );
        std::fs::write(&wrapper, script).unwrap();
        std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let options = AgentOptions {
            program: Some(wrapper),
            data_dir: Some(dir.join("data")),
            ..AgentOptions::default()
        };
        let agent = AgentProcess::start_with(&fleet, "full", "simulated:1xH100-80GB", options).await;
        let go = fleet.place.folder().join("go");
        let line =
            format!("echo begin; while [ ! -e {} ]; do sleep 0.1; done; echo end; exit 7", go.display());
        let id = client.submit_line("caught", &line).await;
        client.reaches(&id, "RUNNING").await;
        let inside = std::path::PathBuf::from(format!("/proc/{}/root{}", agent.pid(), dir.display()));
        let ballast = inside.join("ballast");
        fill(&ballast);
        std::fs::write(&go, "").unwrap();
        client.reaches(&id, "FAILED").await;
        assert_eq!(client.job(&id, "exitCode").await["exitCode"], 7);
        // What it leaves goes; then there is no room for the next one, which waits and uses up no try for it.
        eventually("its directory is gone", 30, async || {
            std::fs::read_dir(inside.join("data/agent/jobs")).ok()?.next().is_none().then_some(())
        })
        .await;
        let more = inside.join("more");
        fill(&more);
        let next = client.submit_line("next", "exit 0").await;
        eventually("the host says what is wrong", 60, async || {
            let data = client.graphql("{ hosts { nodes { statusReason } } }", json!({})).await;
            let reason = data["hosts"]["nodes"][0]["statusReason"].as_str().unwrap_or_default().to_owned();
            reason.contains("cannot start jobs").then_some(())
        })
        .await;
        std::fs::remove_file(&ballast).unwrap();
        std::fs::remove_file(&more).unwrap();
        client.reaches(&next, "SUCCEEDED").await;
    })
    .await;
}

/// Writes until there is no room left.
fn fill(file: &std::path::Path) {
    use std::io::Write;
    let mut ballast = std::fs::File::create(file).unwrap();
    for size in [1 << 16, 1 << 10, 1] {
        while ballast.write_all(&vec![0; size]).is_ok() {}
    }
}
