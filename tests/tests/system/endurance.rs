//! What lasts: jobs through kills of the server, and the schema through its history.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use system_tests::{Engine, Fleet, History, both};

both! {
    ten_kills_lose_no_job_and_run_none_twice,
    the_schema_goes_up_down_and_up_again,
}

async fn ten_kills_lose_no_job_and_run_none_twice(engine: Engine) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut fleet = Fleet::start(engine, "simulated:4xH100-80GB").await;
    let client = fleet.operator().await;
    let witness = fleet.place.folder().join("witness");
    let line = format!("echo $GPU_FLEET_JOB_ID:$GPU_FLEET_ATTEMPT >> {}; sleep 0.2", witness.display());
    let mut acknowledged = Vec::new();
    for _ in 0..10 {
        let until = Instant::now() + Duration::from_millis(random.random_range(20..400));
        let most = random.random_range(1..8);
        for _ in 0..most {
            acknowledged.push(client.submit_line("survivor", &line).await);
        }
        tokio::time::sleep_until(until.into()).await;
        fleet.kill9();
        fleet.restart().await;
    }
    for id in &acknowledged {
        client.reaches(id, "SUCCEEDED").await;
    }
    let mut runs: HashMap<String, usize> = HashMap::new();
    for line in std::fs::read_to_string(&witness).unwrap().lines() {
        *runs.entry(line.to_owned()).or_default() += 1;
    }
    for id in &acknowledged {
        assert_eq!(runs.get(&format!("{id}:1")), Some(&1), "{id} ran once, as its record says (seed {seed})");
    }
    let history = History::read(&client).await;
    history.keeps_every_invariant();
    assert_eq!(history.jobs.len(), acknowledged.len(), "what was acknowledged is there, and nothing else");
    client.gpus_are_free(4).await;
}

async fn the_schema_goes_up_down_and_up_again(engine: Engine) {
    let mut fleet = Fleet::start(engine, "none").await;
    fleet.kill9();
    for (direction, expected) in [("down", "pending"), ("up", "applied"), ("status", "applied")] {
        let ended = fleet.place.run(&fleet.place.words(&["migrate", direction])).await;
        assert!(ended.output().contains(expected), "{direction}: {ended:?}");
        let told = fleet.place.run(&fleet.place.words(&["migrate", "status", "--json"])).await;
        let steps: serde_json::Value = serde_json::from_str(told.output()).unwrap();
        let last = steps.as_array().unwrap().last().unwrap();
        assert_eq!(last["applied"], expected == "applied", "{direction}: {last}");
    }
    fleet.restart().await;
}
