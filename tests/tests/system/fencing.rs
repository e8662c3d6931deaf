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
    what_is_not_the_jobs_own_fault_uses_up_no_retry,
    times_are_what_the_hosts_clock_says_passed,
    a_sign_of_life_is_never_too_long,
    a_host_that_fails_jobs_fast_is_drained_and_a_bad_batch_drains_none,
    a_host_that_cannot_start_jobs_gets_none,
    history_is_kept_in_minutes,
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
    let id = started(
        &client,
        &host,
        json!({"name": "job", "command": ["train"], "maxRetries": 1, "retryPauseSeconds": 0}),
    )
    .await;
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
    let may_retry =
        json!({"name": "may retry", "command": ["train"], "maxRetries": 1, "retryPauseSeconds": 0});
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

async fn what_is_not_the_jobs_own_fault_uses_up_no_retry(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    let id = client
        .submit(json!({"name": "job", "command": ["train"], "maxRetries": 1, "retryPauseSeconds": 0}))
        .await;
    let ends =
        [("NEVER_STARTED", Value::Null), ("LOST", Value::Null), ("COMMAND", json!(3)), ("LOST", Value::Null)];
    for (attempt, (cause, code)) in (1_i64..).zip(&ends) {
        eventually("its next attempt is there", 30, async || {
            let job = client.job(&id, "status attempt").await;
            (job == json!({"status": "ALLOCATED", "attempt": attempt})).then_some(())
        })
        .await;
        let end = json!({"cause": cause, "exitCode": code, "reason": "so it was"});
        assert_eq!(host.report(&id, attempt, "EXITED", end).await.unwrap()["accepted"], true);
    }
    eventually("there is a fifth attempt", 30, async || {
        (client.job(&id, "attempt").await["attempt"] == 5).then_some(())
    })
    .await;
    // The second failure of its own is one too many.
    client.reaches(&id, "ALLOCATED").await;
    host.report(&id, 5, "EXITED", json!({"exitCode": 3})).await.unwrap();
    client.reaches(&id, "FAILED").await;
    // Without retries a job runs once at most: what may have run is not run again, what certainly has not is.
    let once = client.submit(command("once")).await;
    client.reaches(&once, "ALLOCATED").await;
    host.report(&once, 1, "EXITED", json!({"cause": "NEVER_STARTED"})).await.unwrap();
    eventually("it is tried again", 30, async || {
        (client.job(&once, "status attempt").await == json!({"status": "ALLOCATED", "attempt": 2}))
            .then_some(())
    })
    .await;
    host.report(&once, 2, "EXITED", json!({"cause": "LOST", "reason": "its host lost track of it"}))
        .await
        .unwrap();
    client.reaches(&once, "FAILED").await;
}

async fn times_are_what_the_hosts_clock_says_passed(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    let id = client.submit(command("job")).await;
    client.reaches(&id, "ALLOCATED").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    host.report(&id, 1, "STARTED", json!({"secondsAgo": 2.0})).await.unwrap();
    host.report(&id, 1, "EXITED", json!({"exitCode": 0, "secondsAgo": 1.0})).await.unwrap();
    client.reaches(&id, "SUCCEEDED").await;
    let job = client.job(&id, "allocatedAt startedAt finishedAt").await;
    let at = |field: &str| -> chrono::DateTime<chrono::Utc> { text(&job[field]).parse().unwrap() };
    let ran = (at("finishedAt") - at("startedAt")).num_milliseconds();
    assert!((900..1500).contains(&ran), "it ran for a second: {job}");
    // What cannot have been is set right.
    let next = client.submit(command("next")).await;
    client.reaches(&next, "ALLOCATED").await;
    host.report(&next, 1, "STARTED", json!({"secondsAgo": 1e9})).await.unwrap();
    let job = client.job(&next, "allocatedAt startedAt").await;
    assert_eq!(job["startedAt"], job["allocatedAt"], "not before it was allocated: {job}");
}

async fn a_sign_of_life_is_never_too_long(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    let process = |pid: i64| json!({"pid": pid, "owner": "FOREIGN"});
    host.heartbeat("FOREIGN", (1..3000).map(process).collect())
        .await
        .expect("it is alive, however much it has to tell");
    assert_eq!(gpu(&client).await["use"], "FOREIGN");
}

async fn a_host_that_fails_jobs_fast_is_drained_and_a_bad_batch_drains_none(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    let fail = async |name: &str, program: &str| {
        let id = client.submit(json!({"name": name, "command": [program, "x"]})).await;
        client.reaches(&id, "ALLOCATED").await;
        host.report(&id, 1, "STARTED", json!({})).await.unwrap();
        host.report(&id, 1, "EXITED", json!({"exitCode": 1})).await.unwrap();
        client.reaches(&id, "FAILED").await;
    };
    let hosts = async || {
        client.graphql("{ hosts { nodes { id version status statusReason } } }", json!({})).await["hosts"]["nodes"][0].take()
    };
    for _ in 0..8 {
        fail("batch", "same").await;
    }
    assert_eq!(hosts().await["status"], "READY", "a bad batch says nothing about the host");
    for program in ["a", "b"] {
        fail("others", program).await;
    }
    let drained = hosts().await;
    assert_eq!(drained["status"], "DRAINED", "{drained}");
    assert!(text(&drained["statusReason"]).contains("failed within 10 s"), "{drained}");
    let undrain = json!({"id": drained["id"], "expectedVersion": drained["version"], "drain": false});
    client.change("updateHost", undrain, "host { status }").await.unwrap();
    fail("one more", "e").await;
    assert_eq!(hosts().await["status"], "READY", "whoever undrains it begins anew");
}

async fn a_host_that_cannot_start_jobs_gets_none(engine: Engine) {
    let (_fleet, client, host) = world(engine, 1).await;
    host.heartbeat_unfit("its agent cannot start jobs: No space left on device").await;
    let id = client.submit(command("waits")).await;
    says_that_nothing_matches(&client, &id).await;
    let data = client
        .graphql(
            "{ hosts { nodes { status statusReason } } gpus { nodes { status statusReason } } }",
            json!({}),
        )
        .await;
    let (seen, card) = (&data["hosts"]["nodes"][0], &data["gpus"]["nodes"][0]);
    assert_eq!((&seen["status"], &card["status"]), (&json!("DRAINED"), &json!("UNAVAILABLE")), "{data}");
    assert!(
        text(&seen["statusReason"]).contains("No space left")
            && text(&card["statusReason"]).contains("No space left")
    );
    host.heartbeat("FREE", json!([])).await.unwrap();
    client.reaches(&id, "ALLOCATED").await;
}

/// A minute has to be over before it is history; it may take a second one until the first heartbeat's is.
async fn history_is_kept_in_minutes(engine: Engine) {
    let (fleet, client, host) = world(engine, 1).await;
    let since = chrono::Utc::now().to_rfc3339();
    host.heartbeat("FREE", json!([])).await.unwrap();
    let query = "query($since: DateTime!) { gpus { nodes { telemetryHistory(since: $since) { at utilizationPercent } } } }";
    let steps = async |client: &Client| {
        let data = client.graphql(query, json!({"since": since})).await;
        data["gpus"]["nodes"][0]["telemetryHistory"].as_array().map(Vec::len).unwrap()
    };
    let end = std::time::Instant::now() + std::time::Duration::from_secs(100);
    while steps(&client).await == 0 {
        assert!(std::time::Instant::now() < end, "no minute has become history");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    // Of others' use of a shared card nobody is told.
    client
        .change("createOrganization", json!({"slug": "rival", "name": "Rival"}), "organization { id }")
        .await
        .unwrap();
    assert_eq!(steps(&fleet.member("rival").await).await, 0);
    let tiny = "query($since: DateTime!) { gpus { nodes { telemetryHistory(since: $since, stepSeconds: 61) { at } } } }";
    let refused = client.ask(tiny, json!({"since": since})).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("BAD_USER_INPUT", Some("stepSeconds")));
}
