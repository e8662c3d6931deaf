//! Agents that one can trust: whatever dies, stands still or is cut off, no work is done twice, and the book and the card agree.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use system_tests::answer::{column, rows, text};
use system_tests::{
    AgentOptions, AgentProcess, Client, Engine, Fleet, History, Network, Place, both, eventually,
};

both! {
    work_of_an_agent_that_stands_still_ends_before_it_begins_elsewhere,
    work_of_a_host_that_is_cut_off_ends_before_it_begins_elsewhere,
    work_of_a_dead_agent_ends_with_the_lease,
    an_outage_that_is_shorter_than_the_lease_is_not_noticed,
    connections_that_were_forgotten_cost_no_job,
    what_was_written_while_nobody_heard_is_kept,
    a_long_log_holds_no_gpu,
    a_removed_host_is_gone_with_its_key,
    of_two_agents_with_one_key_one_gives_in,
}

/// A lease that a test can wait for.
const SHORT: [&str; 4] = ["--lease", "4s", "--heartbeat", "1s"];
const ONE_GPU: &str = "simulated:1xH100-80GB";

async fn server(engine: Engine, words: &[&str]) -> (Fleet, Client) {
    let fleet = Fleet::serve_with(Place::create(engine).await, words).await;
    let client = fleet.operator().await;
    (fleet, client)
}

/// A job that notes twenty times a second that it runs: by the clock that all processes of a machine share.
fn witness(file: &Path) -> Value {
    let line = format!(
        "while :; do read up _ < /proc/uptime; echo \"$GPU_FLEET_ATTEMPT $up\" >> {}; sleep 0.05; done",
        file.display()
    );
    json!({"name": "witness", "command": ["/bin/sh", "-c", line], "maxRetries": 3, "retryPauseSeconds": 0})
}

/// When each attempt ran, first and last note, in seconds since boot.
fn intervals(file: &Path) -> HashMap<i64, (f64, f64)> {
    let mut seen: HashMap<i64, (f64, f64)> = HashMap::new();
    for line in std::fs::read_to_string(file).unwrap_or_default().lines() {
        let Some((attempt, at)) = line.split_once(' ') else { continue };
        let (Ok(attempt), Ok(at)) = (attempt.parse(), at.parse::<f64>()) else { continue };
        let interval = seen.entry(attempt).or_insert((at, at));
        *interval = (interval.0.min(at), interval.1.max(at));
    }
    seen
}

fn attempts_are_disjoint(file: &Path) {
    let seen = intervals(file);
    let mut attempts: Vec<_> = seen.iter().collect();
    attempts.sort_by_key(|(attempt, _)| **attempt);
    for pair in attempts.windows(2) {
        let ((one, (_, end)), (other, (begin, _))) = (pair[0], pair[1]);
        assert!(end < begin, "attempt {one} still ran at {end}, and {other} began at {begin}: {seen:?}");
    }
}

async fn attempt_runs(file: &Path, attempt: i64) {
    eventually(&format!("attempt {attempt} is at work"), 60, async || {
        intervals(file).contains_key(&attempt).then_some(())
    })
    .await;
}

async fn host_that_runs(client: &Client, id: &str) -> String {
    let job = client.job(id, "gpus { host { name } }").await;
    text(&job["gpus"][0]["host"]["name"])
}

/// Two hosts; on the one that gets the job something happens for three leases, and then is over.
async fn three_leases_without_a_word(
    engine: Engine,
    begin: impl Fn(&AgentProcess, &Network),
    end: impl Fn(&AgentProcess, &Network),
) {
    let (fleet, client) = server(engine, &SHORT).await;
    let mut agents = HashMap::new();
    for name in ["one", "two"] {
        let network = Network::to(&fleet.origin()).await;
        let options = AgentOptions { server: Some(network.origin()), ..AgentOptions::default() };
        agents.insert(
            name.to_owned(),
            (AgentProcess::start_with(&fleet, name, ONE_GPU, options).await, network),
        );
    }
    let file = fleet.place.folder().join("witness");
    let id = client.submit(witness(&file)).await;
    attempt_runs(&file, 1).await;
    let (agent, network) = &agents[&host_that_runs(&client, &id).await];
    begin(agent, network);
    attempt_runs(&file, 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    end(agent, network);
    // It comes back by itself, and its card is free for others.
    eventually("both hosts take work again", 60, async || {
        let data = client.graphql("{ hosts { nodes { status } } fleet { gpusAvailable } }", json!({})).await;
        let ready = column(&data["hosts"]["nodes"], "status").iter().all(|status| status == "READY");
        (ready && data["fleet"]["gpusAvailable"] == 1).then_some(())
    })
    .await;
    client.change("cancelJob", json!({"id": id}), "job { status }").await.unwrap();
    client.reaches(&id, "CANCELLED").await;
    attempts_are_disjoint(&file);
    History::read(&client).await.keeps_every_invariant();
}

async fn work_of_an_agent_that_stands_still_ends_before_it_begins_elsewhere(engine: Engine) {
    three_leases_without_a_word(engine, |agent, _| agent.pause(), |agent, _| agent.resume()).await;
}

async fn work_of_a_host_that_is_cut_off_ends_before_it_begins_elsewhere(engine: Engine) {
    three_leases_without_a_word(engine, |_, network| network.cut(), |_, network| network.heal()).await;
}

async fn work_of_a_dead_agent_ends_with_the_lease(engine: Engine) {
    let (fleet, client) = server(engine, &SHORT).await;
    let agent = AgentProcess::start(&fleet, "mortal", ONE_GPU).await;
    let file = fleet.place.folder().join("witness");
    let id = client.submit(witness(&file)).await;
    attempt_runs(&file, 1).await;
    agent.kill9();
    client.reaches(&id, "QUEUED").await;
    agent.restart(&fleet);
    attempt_runs(&file, 2).await;
    client.change("cancelJob", json!({"id": id}), "job { status }").await.unwrap();
    client.reaches(&id, "CANCELLED").await;
    attempts_are_disjoint(&file);
}

async fn an_outage_that_is_shorter_than_the_lease_is_not_noticed(engine: Engine) {
    let (mut fleet, client) = server(engine, &["--lease", "60s", "--heartbeat", "1s"]).await;
    let _agent = AgentProcess::start(&fleet, "steady", ONE_GPU).await;
    let id =
        client.submit_line("steady", "for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 1; done; exit 7").await;
    client.reaches(&id, "RUNNING").await;
    let before = client.job(&id, "startedAt").await;
    fleet.kill9();
    // The job ends while there is no server.
    tokio::time::sleep(Duration::from_secs(12)).await;
    fleet.restart().await;
    client.reaches(&id, "FAILED").await;
    let job = client.job(&id, "exitCode attempt startedAt finishedAt logTail { text }").await;
    assert_eq!((&job["exitCode"], &job["attempt"]), (&json!(7), &json!(1)), "{job}");
    assert_eq!(job["startedAt"], before["startedAt"]);
    let ran = seconds(&job["finishedAt"]) - seconds(&job["startedAt"]);
    assert!((8.5..11.5).contains(&ran), "it ran for nine seconds, whenever that was told: {job}");
    eventually("the whole log is there", 30, async || {
        let job = client.job(&id, "logTail { text }").await;
        (column(&job["logTail"], "text") == (1..=9).map(|i| i.to_string()).collect::<Vec<_>>()).then_some(())
    })
    .await;
}

fn seconds(instant: &Value) -> f64 {
    let at: chrono::DateTime<chrono::Utc> = text(instant).parse().expect("an instant");
    at.timestamp_millis() as f64 / 1000.0
}

async fn connections_that_were_forgotten_cost_no_job(engine: Engine) {
    let (fleet, client) = server(engine, &["--lease", "15s", "--heartbeat", "1s"]).await;
    let network = Network::to(&fleet.origin()).await;
    let options = AgentOptions { server: Some(network.origin()), ..AgentOptions::default() };
    let _agent = AgentProcess::start_with(&fleet, "behind", "simulated:2xH100-80GB", options).await;
    let id = client.submit_line("steady", "sleep 300").await;
    client.reaches(&id, "RUNNING").await;
    network.forget_connections();
    // Longer than the lease, if nobody had noticed.
    let next = client.submit_line("next", "exit 0").await;
    client.reaches(&next, "SUCCEEDED").await;
    tokio::time::sleep(Duration::from_secs(16)).await;
    assert_eq!(client.job(&id, "status").await["status"], "RUNNING");
    client.change("cancelJob", json!({"id": id}), "job { status }").await.unwrap();
    client.reaches(&id, "CANCELLED").await;
}

async fn what_was_written_while_nobody_heard_is_kept(engine: Engine) {
    let (fleet, client) = server(engine, &SHORT).await;
    let agent = AgentProcess::start(&fleet, "mute", ONE_GPU).await;
    let id = client.submit_line("talks", "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done").await;
    client.reaches(&id, "RUNNING").await;
    agent.pause();
    client.reaches(&id, "FAILED").await;
    let heard = rows(&client.job(&id, "logTail(lines: 1000) { text }").await["logTail"]).len();
    agent.resume();
    eventually("the lines of the meantime are there", 60, async || {
        let job = client.job(&id, "logTail(lines: 1000) { text }").await;
        let lines = column(&job["logTail"], "text");
        assert_eq!(
            lines,
            (1..=lines.len()).map(|i| i.to_string()).collect::<Vec<_>>(),
            "in order, each once"
        );
        // Three seconds of the lease at ten lines a second, and some before.
        (lines.len() > heard + 15).then_some(())
    })
    .await;
}

async fn a_long_log_holds_no_gpu(engine: Engine) {
    let fleet = Fleet::start(engine, ONE_GPU).await;
    let client = fleet.operator().await;
    let id = client.submit_line("floods", "yes 'a line of a log that is long' | head -c 2000000").await;
    client.reaches(&id, "SUCCEEDED").await;
    // Its GPU is another's while its log is still on its way, and then all of that is there.
    let next = client.submit_line("next", "exit 0").await;
    client.reaches(&next, "SUCCEEDED").await;
    let mut logs = client
        .subscribe("subscription Logs($id: ID!) { jobLogs(jobId: $id) { text } }", json!({"id": id}))
        .await;
    let mut count = 0;
    while logs.next().await.is_some() {
        count += 1;
    }
    assert_eq!(count, 2_000_000_usize.div_ceil("a line of a log that is long\n".len()));
}

async fn a_removed_host_is_gone_with_its_key(engine: Engine) {
    let (fleet, client) = server(engine, &SHORT).await;
    let agent = AgentProcess::start(&fleet, "doomed", ONE_GPU).await;
    let busy = client.submit_line("busy", "sleep 300").await;
    client.reaches(&busy, "RUNNING").await;
    let host =
        client.graphql("{ hosts { nodes { id version } } }", json!({})).await["hosts"]["nodes"][0].take();
    let remove = async || client.change("removeHost", json!({"id": host["id"]}), "name").await;
    assert_eq!(remove().await.unwrap_err().code, "CONFLICT", "something is allocated there");
    client.change("cancelJob", json!({"id": busy}), "job { status }").await.unwrap();
    client.reaches(&busy, "CANCELLED").await;
    assert_eq!(remove().await.unwrap()["name"], "doomed");
    let seen =
        client.graphql("{ hosts { totalCount } gpus { totalCount } fleet { hosts gpus } }", json!({})).await;
    let nothing =
        json!({"hosts": {"totalCount": 0}, "gpus": {"totalCount": 0}, "fleet": {"hosts": 0, "gpus": 0}});
    assert_eq!(seen, nothing);
    // Its history stays, and with it where it ran.
    assert!(
        text(
            &client.job(&busy, "allocations { gpu { host { name } } }").await["allocations"][0]["gpu"]["host"]
                ["name"]
        )
        .starts_with("doomed~")
    );
    eventually("the agent ends", 60, async || agent.ended()).await;
    assert!(
        agent.log().contains("removed from the fleet")
            || agent.log().contains("does not accept this host's key")
    );
    // Name and cards are free for whoever joins.
    let _again = AgentProcess::start(&fleet, "doomed", ONE_GPU).await;
}

async fn of_two_agents_with_one_key_one_gives_in(engine: Engine) {
    let (fleet, client) = server(engine, &[]).await;
    let original = AgentProcess::start(&fleet, "original", ONE_GPU).await;
    let copy_dir = fleet.place.folder().join("copy");
    std::fs::create_dir_all(copy_dir.join("agent")).unwrap();
    let credentials = "agent/credentials.json";
    // The server knows the host a moment before the agent has kept its key.
    let text = eventually("the agent keeps its key", 30, async || {
        let text = std::fs::read_to_string(original.data_dir().join(credentials)).unwrap_or_default();
        text.contains("gfa_").then_some(text)
    })
    .await;
    std::fs::write(copy_dir.join(credentials), text).unwrap();
    let options = AgentOptions { data_dir: Some(copy_dir), ..AgentOptions::default() };
    let copy = AgentProcess::launch(&fleet, "original", ONE_GPU, options);
    let (first, second) = (&original, &copy);
    eventually("one of the two gives in", 120, async || {
        (first.ended().is_some() || second.ended().is_some()).then_some(())
    })
    .await;
    assert!(first.ended().is_none() || second.ended().is_none(), "the other one goes on");
    let loser = if first.ended().is_some() { first } else { second };
    assert!(loser.log().contains("another agent uses this host's key"), "{}", loser.log());
    let id = client.submit_line("still works", "exit 0").await;
    client.reaches(&id, "SUCCEEDED").await;
}
