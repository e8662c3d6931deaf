//! A job's way from its submission to its end.

use serde_json::json;
use system_tests::answer::{column, rows, text};
use system_tests::{Engine, Fleet, both, eventually};

const FOUR_GPUS: &str = "simulated:4xH100-80GB";
const UPDATES: &str = "subscription { jobUpdates { cursor kind job { id status } } }";
const LOGS: &str = "subscription Logs($id: ID!) { jobLogs(jobId: $id) { stream text } }";

both! {
    a_job_goes_through_every_status_to_success_and_frees_its_gpus,
    a_log_holds_both_streams_and_completes,
    a_command_that_fails_is_failed_with_its_exit_code,
    a_cancelled_job_is_cancelled_and_nothing_else,
    a_loan_runs_at_once_and_succeeds_when_released,
    a_time_limit_ends_a_job,
    a_job_that_no_gpu_matches_says_so,
    a_job_waits_for_what_it_depends_on,
    the_jobs_of_an_array_know_their_numbers,
    a_failed_job_rests_before_it_is_tried_again,
    a_job_that_rests_can_be_let_go,
}

async fn a_job_goes_through_every_status_to_success_and_frees_its_gpus(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let mut updates = client.subscribe(UPDATES, json!({})).await;
    let input =
        json!({"name": "first", "command": ["/bin/sh", "-c", "echo out"], "requirements": {"count": 2}});
    let id = client.submit(input).await;
    let mut statuses = Vec::new();
    while statuses.last().is_none_or(|status| status != "SUCCEEDED") {
        let update = updates.next().await.expect("updates until the job's end");
        assert_eq!(update["jobUpdates"]["job"]["id"], json!(id));
        statuses.push(text(&update["jobUpdates"]["job"]["status"]));
    }
    statuses.dedup();
    assert_eq!(statuses, ["QUEUED", "ALLOCATED", "RUNNING", "SUCCEEDED"]);
    let job =
        client.job(&id, "exitCode attempt gpus { id } startedAt finishedAt allocations { releasedAt }").await;
    assert_eq!(job["exitCode"], 0, "{job}");
    assert_eq!(job["attempt"], 1, "{job}");
    assert_eq!(rows(&job["gpus"]).len(), 2, "{job}");
    assert!(rows(&job["allocations"]).iter().all(|it| it["releasedAt"].is_string()), "{job}");
    client.gpus_are_free(4).await;
}

async fn a_log_holds_both_streams_and_completes(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let id = client.submit_line("logs", "echo out; echo err >&2").await;
    let mut logs = client.subscribe(LOGS, json!({"id": id})).await;
    let mut lines = Vec::new();
    while let Some(line) = logs.next().await {
        lines.push((text(&line["jobLogs"]["stream"]), text(&line["jobLogs"]["text"])));
    }
    lines.sort();
    let line = |stream: &str, text: &str| (stream.to_owned(), text.to_owned());
    assert_eq!(lines, [line("STDERR", "err"), line("STDOUT", "out")]);
    client.reaches(&id, "SUCCEEDED").await;
}

async fn a_command_that_fails_is_failed_with_its_exit_code(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let id = client.submit_line("fails", "exit 3").await;
    client.reaches(&id, "FAILED").await;
    assert_eq!(client.job(&id, "exitCode").await["exitCode"], 3);
    client.gpus_are_free(4).await;
}

async fn a_cancelled_job_is_cancelled_and_nothing_else(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    // A command that ends well when it is asked to stop must not count as a success.
    let id = client.submit_line("stop me", "trap 'exit 0' TERM; sleep 60 & wait").await;
    client.reaches(&id, "RUNNING").await;
    client
        .change("cancelJob", json!({"id": id, "reason": "not needed"}), "job { status }")
        .await
        .expect("cancelled");
    client.reaches(&id, "CANCELLED").await;
    let job = client.job(&id, "events(first: 100) { nodes { status } }").await;
    let statuses: Vec<_> = rows(&job["events"]["nodes"]).iter().map(|event| text(&event["status"])).collect();
    assert!(!statuses.contains(&"SUCCEEDED".to_owned()), "{statuses:?}");
    assert_eq!(statuses.last().map(String::as_str), Some("CANCELLED"));
    client.gpus_are_free(4).await;
}

async fn a_loan_runs_at_once_and_succeeds_when_released(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let id = client.submit(json!({"name": "loan", "requirements": {"count": 3}})).await;
    client.reaches(&id, "RUNNING").await;
    client.gpus_are_free(1).await;
    client.change("releaseJob", json!({"jobId": id}), "job { status }").await.expect("released");
    client.reaches(&id, "SUCCEEDED").await;
    client.gpus_are_free(4).await;
}

async fn a_time_limit_ends_a_job(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let input = json!({"name": "too long", "command": ["sleep", "60"], "timeLimitSeconds": 1});
    let id = client.submit(input).await;
    client.reaches(&id, "TIMED_OUT").await;
    client.gpus_are_free(4).await;
}

async fn a_job_that_no_gpu_matches_says_so(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let input = json!({"name": "unknown", "command": ["true"], "requirements": {"gpuTypes": ["B9000"]}});
    let id = client.submit(input).await;
    eventually("the job says that no GPU matches", 10, async || {
        let job = client.job(&id, "status pending { blockers { code message } }").await;
        assert_eq!(job["status"], "QUEUED");
        rows(&job["pending"]["blockers"]).iter().any(|it| it["code"] == "NO_MATCHING_GPU").then_some(())
    })
    .await;
}

async fn a_job_waits_for_what_it_depends_on(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let first = client.submit(json!({"name": "first", "requirements": {"count": 1}})).await;
    let second = client.submit(json!({"name": "second", "command": ["true"], "dependsOn": [first]})).await;
    eventually("the second says that it waits for the first", 10, async || {
        let job = client.job(&second, "status pending { blockers { code } }").await;
        assert_eq!(job["status"], "HELD", "{job}");
        rows(&job["pending"]["blockers"]).iter().any(|it| it["code"] == "DEPENDENCY").then_some(())
    })
    .await;
    client.reaches(&first, "RUNNING").await;
    client.change("releaseJob", json!({"jobId": first}), "job { status }").await.expect("released");
    client.reaches(&second, "SUCCEEDED").await;
}

async fn the_jobs_of_an_array_know_their_numbers(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let script = "echo $GPU_FLEET_ARRAY_INDEX of $GPU_FLEET_ARRAY_SIZE";
    let job = json!({"name": "part", "command": ["sh", "-c", script], "idempotencyKey": "once"});
    let submit = async |times: i32| {
        let input = json!({"jobs": [job.clone()], "times": times});
        client.change("submitJobs", input, "jobs { id }").await
    };
    let made = submit(3).await.unwrap();
    let ids = column(&made["jobs"], "id");
    for (number, id) in ids.iter().enumerate() {
        client.reaches(id, "SUCCEEDED").await;
        let job = client.job(id, "labels { key value } logTail { text }").await;
        assert_eq!(job["labels"], json!([{"key": "array-index", "value": number.to_string()}]));
        assert_eq!(job["logTail"], json!([{"text": format!("{number} of 3")}]));
    }
    assert_eq!(submit(3).await.unwrap(), made, "the same submission again");
    for times in [0, -1, 1001] {
        let refused = submit(times).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("BAD_USER_INPUT", Some("times")));
    }
}

const RESTS: &str = "status attempt retryAt startedAt updatedAt pending { blockers { code message } }";

async fn a_failed_job_rests_before_it_is_tried_again(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let mut updates = client
        .subscribe(
            "subscription { jobUpdates { job { status attempt retryAt startedAt updatedAt } } }",
            json!({}),
        )
        .await;
    let input = json!({"name": "flaky", "command": ["false"], "maxRetries": 2, "retryPauseSeconds": 1});
    let id = client.submit(input).await;
    let (mut rests, mut starts) = (Vec::new(), Vec::new());
    loop {
        let job = updates.next().await.expect("updates until the job's end")["jobUpdates"]["job"].take();
        match job["status"].as_str() {
            Some("QUEUED") if job["retryAt"].is_string() => {
                rests.push((instant(&job["updatedAt"]), instant(&job["retryAt"])));
            }
            Some("RUNNING") => starts.push(instant(&job["startedAt"])),
            Some("FAILED") => break,
            _ => {}
        }
    }
    let pauses: Vec<_> = rests.iter().map(|(failed, until)| (*until - *failed).num_milliseconds()).collect();
    assert_eq!(pauses, [1000, 2000], "twice as long the second time");
    assert_eq!(starts.len(), 3);
    for ((_, until), start) in rests.iter().zip(&starts[1..]) {
        assert!(start >= until, "it starts at {start}, before it has rested until {until}");
    }
    let job = client.job(&id, "statusReason retryAt").await;
    assert_eq!(job, json!({"statusReason": "exit code 1", "retryAt": null}));
}

async fn a_job_that_rests_can_be_let_go(engine: Engine) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let line = "test $GPU_FLEET_ATTEMPT = 2";
    let input =
        json!({"name": "rests", "command": ["sh", "-c", line], "maxRetries": 1, "retryPauseSeconds": 3600});
    let id = client.submit(input).await;
    let job = eventually("it rests and says so", 30, async || {
        let job = client.job(&id, &format!("{RESTS} version")).await;
        (job["pending"]["blockers"][0]["code"] == "RETRY_PAUSE").then_some(job)
    })
    .await;
    assert!(text(&job["pending"]["blockers"][0]["message"]).contains("is tried again at"), "{job}");
    let input = json!({"id": id, "expectedVersion": job["version"], "hold": false});
    client.change("updateJob", input, "job { id }").await.unwrap();
    client.reaches(&id, "SUCCEEDED").await;
}

fn instant(value: &serde_json::Value) -> chrono::DateTime<chrono::Utc> {
    text(value).parse().expect("an instant")
}
