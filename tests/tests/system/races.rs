//! Many at once: for GPUs, for gangs, for a ceiling, for a version, for a key, and against a job's own end. What the record
//! says afterwards has to be the truth about one winner.

use std::collections::HashSet;

use futures_util::future::join_all;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use system_tests::answer::{rows, text};
use system_tests::{Client, Engine, Fleet, History, Refusal, both};

both! {
    forty_clients_race_for_four_gpus_and_four_win,
    gangs_that_race_for_the_same_gpus_get_all_or_none,
    a_ceiling_holds_when_all_reach_for_it_at_once,
    of_twenty_edits_of_one_version_one_wins,
    one_key_sent_by_many_at_once_makes_one_job,
    two_hundred_jobs_on_eight_gpus_keep_every_invariant,
    a_cancel_that_races_with_the_jobs_end_is_kept_or_refused,
}

fn held(name: &str, gpus: usize) -> Value {
    json!({"name": name, "hold": true, "requirements": {"count": gpus}})
}

fn lost_with<'a>(outcomes: &'a [Result<Value, Refusal>], code: &'a str) -> usize {
    outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(|refusal| refusal.code == code)).count()
}

async fn forty_clients_race_for_four_gpus_and_four_win(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:4xH100-80GB").await;
    let client = fleet.operator().await;
    let gpus = client.graphql("{ gpus { nodes { id version } } }", json!({})).await["gpus"]["nodes"].take();
    let jobs = client.submit_all(vec![held("racer", 1); 40]).await;
    let race = jobs.iter().enumerate().map(|(place, job)| {
        let gpu = &gpus[place % 4];
        client.allocate(job, vec![json!({"id": gpu["id"], "expectedVersion": gpu["version"]})])
    });
    let outcomes = join_all(race).await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((won, lost_with(&outcomes, "CONFLICT")), (4, 36), "{outcomes:?}");
    let named: usize =
        outcomes.iter().flat_map(|it| it.as_ref().err()).filter_map(|it| it.current_version).count();
    assert_eq!(named, 36, "each loser is told the GPU's present version: {outcomes:?}");
    History::read(&client).await.keeps_every_invariant();
}

async fn gangs_that_race_for_the_same_gpus_get_all_or_none(engine: Engine) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let fleet = Fleet::start(engine, "simulated:8xH100-80GB").await;
    let client = fleet.operator().await;
    let gpus = client.gpu_ids().await;
    let jobs = client.submit_all(vec![held("gang", 3); 30]).await;
    let race = jobs.iter().map(|job| {
        let chosen = gpus.sample(&mut random, 3).map(|id| json!({"id": id})).collect();
        client.allocate(job, chosen)
    });
    let outcomes = join_all(race.collect::<Vec<_>>()).await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((1..=2).contains(&won), "eight GPUs hold one or two gangs of three: {outcomes:?}");
    assert_eq!(won + lost_with(&outcomes, "CONFLICT"), 30, "{outcomes:?}");
    let history = History::read(&client).await;
    history.keeps_every_invariant();
    let given: usize = history.jobs.iter().map(|job| rows(&job["allocations"]).len()).sum();
    assert_eq!(given, 3 * won, "losers got nothing");
}

async fn a_ceiling_holds_when_all_reach_for_it_at_once(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:8xH100-80GB").await;
    let operator = fleet.operator().await;
    let input = json!({"slug": "capped", "name": "Capped", "quota": {"maxGpus": 2}});
    let made = operator.change("createOrganization", input, "organization { id }").await.unwrap();
    let member = fleet.member("capped").await;
    let gpus = member.gpu_ids().await;
    let jobs = member.submit_all(vec![held("reach", 1); 8]).await;
    let race = jobs.iter().zip(&gpus).map(|(job, gpu)| member.allocate(job, vec![json!({"id": gpu})]));
    let outcomes = join_all(race).await;
    assert_eq!(lost_with(&outcomes, "QUOTA_EXCEEDED"), 6, "{outcomes:?}");
    // And the scheduler keeps it too, with more waiting than it may place.
    member.submit_all(vec![json!({"name": "queued", "command": ["true"]}); 20]).await;
    for job in &jobs {
        member.change("cancelJob", json!({"id": job}), "job { status }").await.unwrap();
    }
    member.all_jobs_have_ended().await;
    let history = History::read(&member).await;
    history.keeps_every_invariant();
    assert_eq!(history.most_held_by(&text(&made["organization"]["id"])), 2000);
}

async fn of_twenty_edits_of_one_version_one_wins(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let client = fleet.operator().await;
    let id = client.submit(held("edited", 1)).await;
    let version = client.job(&id, "version").await["version"].clone();
    let edits = (0..20).map(|priority| {
        let input = json!({"id": id, "expectedVersion": version, "priority": priority});
        client.change("updateJob", input, "job { version }")
    });
    let outcomes = join_all(edits).await;
    assert_eq!(lost_with(&outcomes, "CONFLICT"), 19, "{outcomes:?}");
    let now = client.job(&id, "version").await["version"].as_i64();
    assert!(
        outcomes.iter().flat_map(|it| it.as_ref().err()).all(|it| it.current_version == now),
        "{outcomes:?}"
    );
}

async fn one_key_sent_by_many_at_once_makes_one_job(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let client = fleet.operator().await;
    let input = json!({"name": "once", "hold": true, "idempotencyKey": "k1"});
    let ids: HashSet<String> =
        join_all((0..30).map(|_| client.submit(input.clone()))).await.into_iter().collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let count = client.graphql("{ jobs { totalCount } }", json!({})).await;
    assert_eq!(count["jobs"]["totalCount"], 1);
    let other = json!({"name": "other", "hold": true, "idempotencyKey": "k1"});
    assert_eq!(client.change("submitJob", other, "job { id }").await.unwrap_err().code, "CONFLICT");
}

async fn two_hundred_jobs_on_eight_gpus_keep_every_invariant(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:8xH100-80GB").await;
    let client = fleet.operator().await;
    let job = |place: usize| {
        json!({
            "name": format!("job {place}"), "command": ["/bin/true"],
            "requirements": {"count": 1 + place % 4}, "priority": place % 3,
        })
    };
    client.submit_all((0..200).map(job).collect()).await;
    client.all_jobs_have_ended().await;
    let history = History::read(&client).await;
    history.keeps_every_invariant();
    assert_eq!(history.jobs.len(), 200);
    for job in &history.jobs {
        let statuses: Vec<_> =
            rows(&job["events"]["nodes"]).iter().map(|event| text(&event["status"])).collect();
        assert_eq!(statuses, ["QUEUED", "ALLOCATED", "RUNNING", "SUCCEEDED"], "{job}");
    }
    client.gpus_are_free(8).await;
}

async fn a_cancel_that_races_with_the_jobs_end_is_kept_or_refused(engine: Engine) {
    const JOBS: usize = 500;
    const AT_ONCE: usize = 25;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let fleet = Fleet::start(engine, "simulated:32xH100-80GB").await;
    let client = fleet.operator().await;
    let mut outcomes = Vec::new();
    // No more at once than there are GPUs, so that each cancel meets a job that runs, or has just ended.
    for _ in 0..JOBS / AT_ONCE {
        let races: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (sleep, wait) = (random.random_range(0..300), random.random_range(100..1500));
                cancel_after(&client, sleep, std::time::Duration::from_millis(wait))
            })
            .collect();
        outcomes.extend(join_all(races).await);
    }
    client.all_jobs_have_ended().await;
    let history = History::read(&client).await;
    history.keeps_every_invariant();
    for (id, outcome) in &outcomes {
        let job = history.jobs.iter().find(|job| job["id"] == json!(id)).expect("every job is still there");
        match outcome {
            Ok(_) => assert_eq!(job["status"], "CANCELLED", "an acknowledged cancel is final: {job}"),
            Err(refusal) => {
                assert_eq!(refusal.code, "CONFLICT", "{refusal:?}");
                assert_ne!(job["status"], "CANCELLED", "a refused cancel has done nothing: {job}");
            }
        }
    }
    let cancelled = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    println!("{cancelled} of {JOBS} were cancelled in time");
}

/// Submits a job that runs so many milliseconds, and cancels it so long after its submission.
async fn cancel_after(
    client: &Client,
    runs_ms: u32,
    wait: std::time::Duration,
) -> (String, Result<Value, Refusal>) {
    let line = format!("exec sleep 0.{runs_ms:03}");
    let id = client.submit_line("raced", &line).await;
    tokio::time::sleep(wait).await;
    let outcome = client.change("cancelJob", json!({"id": id}), "job { status }").await;
    (id, outcome)
}
