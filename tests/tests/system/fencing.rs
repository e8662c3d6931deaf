//! What the server believes of an agent: words of the past change nothing, and a GPU that is not clean is nobody's.

use serde_json::{Value, json};
use system_tests::answer::text;
use system_tests::{Client, Engine, Fleet, History, Place, PlayedHost, both, eventually};

both! {
    words_of_an_epoch_that_has_ended_change_nothing,
    reports_of_attempts_that_are_not_this_hosts_are_refused_one_by_one,
    an_end_that_is_told_twice_is_one_end,
    an_unclean_gpu_is_quarantined_and_heals_when_the_card_says_so,
    a_foreign_process_keeps_jobs_off_a_free_gpu,
    a_join_token_and_a_name_belong_to_one_machine,
    a_silent_hosts_jobs_go_back_to_the_queue_or_fail,
}

async fn world(engine: Engine, gpus: usize) -> (Fleet, Client, PlayedHost) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let client = fleet.operator().await;
    let host = PlayedHost::join(&fleet, "played", gpus).await;
    (fleet, client, host)
}

/// The same with a lease that a test can wait for.
async fn with_lease(engine: Engine, gpus: usize, lease: &str) -> (Fleet, Client, PlayedHost) {
    let words = ["--lease", lease, "--heartbeat", "1s"];
    let fleet = Fleet::serve_with(Place::create(engine).await, &words).await;
    let client = fleet.operator().await;
    let host = PlayedHost::join(&fleet, "played", gpus).await;
    (fleet, client, host)
}

/// A job that the host has started.
async fn started(client: &Client, host: &PlayedHost, input: Value) -> String {
    let id = client.submit(input).await;
    client.reaches(&id, "ALLOCATED").await;
    assert_eq!(host.report(&id, 1, "STARTED", json!({})).await.unwrap()["accepted"], true);
    client.reaches(&id, "RUNNING").await;
    id
}

fn command(name: &str) -> Value {
    json!({"name": name, "command": ["train"]})
}

async fn words_of_an_epoch_that_has_ended_change_nothing(engine: Engine) {
    let (_fleet, client, mut host) = world(engine, 1).await;
    let id = started(&client, &host, command("job")).await;
    let old = host.epoch;
    host.come_back().await;
    let now = host.epoch;
    assert_eq!(now, old + 1);
    host.epoch = old;
    let late = host.report(&id, 1, "EXITED", json!({"exitCode": 0})).await.unwrap_err();
    assert_eq!((late.code.as_str(), late.current_version), ("CONFLICT", Some(now)));
    let late = host.heartbeat("FREE", json!([])).await.unwrap_err();
    assert_eq!((late.code.as_str(), late.current_version), ("CONFLICT", Some(now)));
    assert_eq!(client.job(&id, "status").await["status"], "RUNNING");
    // The job itself is the new epoch's to go on with.
    host.epoch = now;
    let all = host.assignments().await.next().await.expect("what it is to run")["assignments"].take();
    assert_eq!((&all["complete"], &all["assignments"][0]["jobId"]), (&json!(true), &json!(id)));
    host.report(&id, 1, "EXITED", json!({"exitCode": 0})).await.unwrap();
    client.reaches(&id, "SUCCEEDED").await;
}

async fn reports_of_attempts_that_are_not_this_hosts_are_refused_one_by_one(engine: Engine) {
    let (fleet, client, host) = world(engine, 1).await;
    let id = started(&client, &host, json!({"name": "job", "command": ["train"], "maxRetries": 1})).await;
    let stranger = PlayedHost::join(&fleet, "stranger", 0).await;
    let refused = stranger.report(&id, 1, "EXITED", json!({"exitCode": 0})).await.unwrap();
    assert_eq!(refused["accepted"], false, "another host's job: {refused}");
    let refused = host.report(&id, 2, "STARTED", json!({})).await.unwrap();
    assert_eq!(refused["accepted"], false, "an attempt that does not exist yet: {refused}");
    host.report(&id, 1, "EXITED", json!({"exitCode": 7})).await.unwrap();
    // Its second attempt is there; the first is over for good.
    eventually("it is tried again", 30, async || {
        let job = client.job(&id, "status attempt").await;
        (job == json!({"status": "ALLOCATED", "attempt": 2})).then_some(())
    })
    .await;
    let refused = host.report(&id, 1, "STARTED", json!({})).await.unwrap();
    assert_eq!(refused["accepted"], false, "the first attempt, late: {refused}");
    assert_eq!(client.job(&id, "status").await["status"], "ALLOCATED");
    host.report(&id, 2, "EXITED", json!({"exitCode": 0})).await.unwrap();
    client.reaches(&id, "SUCCEEDED").await;
    History::read(&client).await.keeps_every_invariant();
}

async fn an_end_that_is_told_twice_is_one_end(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    let id = started(&client, &host, command("job")).await;
    for code in [3, 0] {
        let answer = host.report(&id, 1, "EXITED", json!({"exitCode": code})).await.unwrap();
        assert_eq!(answer["accepted"], true, "{answer}");
    }
    let job = client.job(&id, "status exitCode events(first: 10) { nodes { status } }").await;
    assert_eq!((&job["status"], &job["exitCode"]), (&json!("FAILED"), &json!(3)), "{job}");
    assert_eq!(job["events"]["nodes"].as_array().map(Vec::len), Some(4), "{job}");
}

async fn gpu(client: &Client) -> Value {
    let query = "{ gpus { nodes { status statusReason allocatedMilli use } } }";
    client.graphql(query, json!({})).await["gpus"]["nodes"][0].take()
}

async fn an_unclean_gpu_is_quarantined_and_heals_when_the_card_says_so(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    let id = started(&client, &host, command("messy")).await;
    let unclean =
        json!([{"uuid": host.gpu_uuids[0], "reason": "the card still lists processes: 4711 (python)"}]);
    host.report(&id, 1, "EXITED", json!({"exitCode": 0, "uncleanGpus": unclean})).await.unwrap();
    client.reaches(&id, "SUCCEEDED").await;
    let next = client.submit(command("next")).await;
    let card = gpu(&client).await;
    assert_eq!((&card["status"], &card["allocatedMilli"]), (&json!("QUARANTINED"), &json!(0)), "{card}");
    assert!(text(&card["statusReason"]).contains("4711"), "{card}");
    let process = json!([{"pid": 4711, "owner": "ORPHAN", "command": "python"}]);
    host.heartbeat("ORPHANED", process).await.unwrap();
    says_that_nothing_matches(&client, &next).await;
    host.heartbeat("FREE", json!([])).await.unwrap();
    client.reaches(&next, "ALLOCATED").await;
    assert_eq!(gpu(&client).await["status"], "ALLOCATED");
}

async fn says_that_nothing_matches(client: &Client, id: &str) {
    eventually("the job says that no GPU is usable", 30, async || {
        let job = client.job(id, "status pending { blockers { code } }").await;
        assert_eq!(job["status"], "QUEUED", "{job}");
        (job["pending"]["blockers"][0]["code"] == "NO_MATCHING_GPU").then_some(())
    })
    .await;
}

async fn a_foreign_process_keeps_jobs_off_a_free_gpu(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    let process = json!([{"pid": 99, "owner": "FOREIGN", "command": "miner", "memoryUsedMib": 40_000}]);
    host.heartbeat("FOREIGN", process).await.unwrap();
    let card = gpu(&client).await;
    assert_eq!((&card["status"], &card["use"]), (&json!("QUARANTINED"), &json!("FOREIGN")), "{card}");
    let id = client.submit(command("waits")).await;
    says_that_nothing_matches(&client, &id).await;
    host.heartbeat("FREE", json!([])).await.unwrap();
    client.reaches(&id, "ALLOCATED").await;
}

async fn a_join_token_and_a_name_belong_to_one_machine(engine: Engine) {
    let (fleet, _client, _host) = world(engine, 1).await;
    let joining = fleet.client(&["--role", "agent"]).await;
    let gpus = ["GPU-x".to_owned()];
    let refused = PlayedHost::register(&joining, "played", "another machine", &gpus).await.unwrap_err();
    assert_eq!(refused.code, "CONFLICT");
    PlayedHost::register(&joining, "other", "another machine", &gpus).await.expect("a name of its own");
    let refused = PlayedHost::register(&joining, "third", "a third machine", &[]).await.unwrap_err();
    assert_eq!(refused.code, "CONFLICT", "a join token is good for one host");
    // Who did not hear the answer asks again, and gets a key that is good.
    let again = PlayedHost::register(&joining, "other", "another machine", &gpus).await.unwrap();
    let key = Client::new(&fleet.origin(), &text(&again["agentKey"]));
    key.change("heartbeat", json!({"epoch": again["epoch"], "gpus": []}), "epoch").await.unwrap();
}

/// The silence has to pass in earnest: the server's patience is measured against its own clock.
async fn a_silent_hosts_jobs_go_back_to_the_queue_or_fail(engine: Engine) {
    let (_fleet, client, mut host) = with_lease(engine, 2, "5s").await;
    let may_retry = json!({"name": "may retry", "command": ["train"], "maxRetries": 1});
    let (retried, failed) =
        (started(&client, &host, may_retry).await, started(&client, &host, command("may not")).await);
    client.reaches(&failed, "FAILED").await;
    let job = client.job(&failed, "statusReason allocations { releasedAt }").await;
    assert!(text(&job["statusReason"]).contains("was lost"), "{job}");
    let job = client.job(&retried, "status attempt").await;
    assert_eq!(job, json!({"status": "QUEUED", "attempt": 2}));
    let hosts = client.graphql("{ hosts { nodes { status } } }", json!({})).await;
    assert_eq!(hosts["hosts"]["nodes"][0]["status"], "DOWN");
    // It wakes up late, and its first word tells it that its epoch is over.
    let late = host.report(&failed, 1, "EXITED", json!({"exitCode": 0})).await.unwrap_err();
    assert_eq!(late.code, "CONFLICT");
    assert_eq!(host.heartbeat("FREE", json!([])).await.unwrap_err().code, "CONFLICT");
    host.come_back().await;
    // Nobody has seen yet that its cards are free.
    says_that_nothing_matches(&client, &retried).await;
    host.heartbeat("FREE", json!([])).await.unwrap();
    client.reaches(&retried, "ALLOCATED").await;
    let all = host.assignments().await.next().await.expect("what it is to run")["assignments"].take();
    assert_eq!(all["assignments"].as_array().map(Vec::len), Some(1), "{all}");
    assert_eq!(all["assignments"][0]["attempt"], 2, "{all}");
    History::read(&client).await.keeps_every_invariant();
}
