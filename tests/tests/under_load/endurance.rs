//! What lasts: jobs through kills of the server, the schema through its history, tokens and events between servers.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use crate::fleet::{Engine, Fleet, binary, eventually};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

crate::on_both!(ten_kills_lose_no_job_and_run_none_twice, the_schema_goes_up_down_and_up_again,);

async fn ten_kills_lose_no_job_and_run_none_twice(engine: Engine) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut fleet = Fleet::start(engine, 4).await;
    let witness = fleet.dir.path().join("witness");
    let script = format!("echo $GPU_FLEET_JOB_ID:$GPU_FLEET_ATTEMPT >> {}; sleep 0.2", witness.display());
    let document = "mutation($input: SubmitJobInput!) { submitJob(input: $input) { job { id } } }";
    let mut acknowledged = Vec::new();
    for _ in 0..10 {
        let moment = tokio::time::Instant::now() + Duration::from_millis(random.random_range(20..400));
        while tokio::time::Instant::now() < moment {
            let input = json!({ "input": { "name": "survivor", "command": ["/bin/sh", "-c", script] } });
            let answer = fleet.try_ask(&fleet.operator, document, input).await;
            let id = answer
                .and_then(|answer| answer["data"]["submitJob"]["job"]["id"].as_str().map(str::to_owned));
            acknowledged.push(id.expect("a running server acknowledges"));
            if acknowledged.len() % 3 == 0 {
                tokio::time::sleep_until(moment).await;
            }
        }
        fleet.kill();
        fleet.start_again().await;
    }
    for id in &acknowledged {
        fleet.job_is(id, "SUCCEEDED").await;
    }
    let mut runs: HashMap<String, usize> = HashMap::new();
    for line in std::fs::read_to_string(&witness).unwrap().lines() {
        *runs.entry(line.to_owned()).or_default() += 1;
    }
    for id in &acknowledged {
        assert_eq!(runs.get(&format!("{id}:1")), Some(&1), "{id} ran once, as its record says (seed {seed})");
    }
    eventually("all GPUs are free", || async {
        let free = fleet.query("{ fleet { gpusAvailable } }", json!({})).await;
        (free["fleet"]["gpusAvailable"] == 4).then_some(())
    })
    .await;
}

async fn the_schema_goes_up_down_and_up_again(engine: Engine) {
    let mut fleet = Fleet::start(engine, 1).await;
    let (dir, url) = (fleet.dir.path().to_owned(), fleet.database_url.clone());
    fleet.kill();
    for (direction, expected) in [("down", "pending"), ("up", "applied"), ("status", "applied")] {
        let mut command = Command::new(binary());
        command.arg("migrate").arg(direction).arg("--data-dir").arg(&dir);
        if let Some(url) = &url {
            command.args(["--database-url", url]);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains(expected), "{direction}: {said} {output:?}");
    }
    fleet.start_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_a_database_their_tokens_and_their_events() {
    let first = Fleet::start(Engine::Postgres, 2).await;
    let second = Fleet::start_on("serve", first.database_url.clone(), "none").await;
    let mut updates = second.subscribe("subscription { jobUpdates { job { id status } } }", json!({})).await;
    // A token of the one is accepted by the other, and what the one commits is seen through the other.
    let mut statuses = Vec::new();
    let marker = second.submit(json!({ "name": "marker", "hold": true })).await;
    assert_eq!(updates.next().await.unwrap()["jobUpdates"]["job"]["id"], marker.as_str());
    let answer = first.ask_as(&second.operator, "{ viewer { subject } }", json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let id = first.submit(json!({ "name": "shared", "command": ["/bin/true"] })).await;
    while statuses.last().is_none_or(|status| status != "SUCCEEDED") {
        let update = updates.next().await.unwrap();
        assert_eq!(update["jobUpdates"]["job"]["id"], id.as_str());
        statuses.push(update["jobUpdates"]["job"]["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(statuses, ["QUEUED", "ALLOCATED", "RUNNING", "SUCCEEDED"]);
}

#[test]
fn the_committed_schema_is_the_codes() {
    let output = Command::new(binary()).arg("schema").output().unwrap();
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), committed, "run make schema");
}
