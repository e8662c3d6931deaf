//! Guarantees: what others have borrowed comes back, by stopping jobs that then run again.

use serde_json::{Value, json};
use system_tests::{Client, Engine, Fleet, Place, PlayedHost, both, eventually};

both! {
    borrowed_gpus_come_back_and_their_jobs_run_again,
    a_job_that_is_cancelled_while_it_gives_back_does_not_run_again,
    a_job_that_was_done_before_it_was_asked_does_not_run_again,
    a_job_that_ends_well_because_it_was_asked_runs_again,
    of_an_agent_that_does_not_say_it_the_time_of_the_end_is_taken,
    a_job_that_its_time_limit_had_stopped_before_it_was_asked_has_timed_out,
    a_loan_goes_back_and_waits_again,
}

/// Two organizations: one to which this many GPUs are guaranteed, one that lives on what others leave.
async fn neighbours(fleet: &Fleet, guaranteed: usize) -> (Client, Client) {
    let operator = fleet.operator().await;
    for (slug, gpus) in [("owner", guaranteed), ("borrower", 0)] {
        let input = json!({"slug": slug, "name": slug, "quota": {"guaranteedGpus": gpus}});
        operator.change("createOrganization", input, "organization { id }").await.unwrap();
    }
    (fleet.member("owner").await, fleet.member("borrower").await)
}

async fn history(client: &Client, id: &str) -> Vec<(Value, Value)> {
    let events =
        client.job(id, "events(first: 50) { nodes { status message } }").await["events"]["nodes"].take();
    let events = events.as_array().expect("events").clone();
    events.into_iter().map(|event| (event["status"].clone(), event["message"].clone())).collect()
}

const CLAIM: &str = "preempted: its GPUs were borrowed, and owner claims what is guaranteed to it";

async fn borrowed_gpus_come_back_and_their_jobs_run_again(engine: Engine) {
    let words = ["--gpus", "simulated:2xH100-80GB", "--min-run", "1s"];
    let fleet = Fleet::start_in(Place::create(engine).await, &words, &[]).await;
    let (owner, borrower) = neighbours(&fleet, 2).await;
    let line = "trap 'echo saved; exit 0' TERM; echo began; sleep 600 & wait";
    let borrowed = [borrower.submit_line("one", line).await, borrower.submit_line("two", line).await];
    for job in &borrowed {
        borrower.reaches(job, "RUNNING").await;
    }
    let input = json!({"name": "claim", "command": ["true"], "requirements": {"count": 2}});
    let claim = owner.submit(input).await;
    owner.reaches(&claim, "SUCCEEDED").await;
    for job in &borrowed {
        eventually("it runs again", 60, async || {
            let now = borrower.job(job, "status attempt").await;
            (now == json!({"status": "RUNNING", "attempt": 2})).then_some(())
        })
        .await;
        let history = history(&borrower, job).await;
        let steps: Vec<&str> = history.iter().filter_map(|(status, _)| status.as_str()).collect();
        let lives = ["QUEUED", "ALLOCATED", "RUNNING", "STOPPING", "QUEUED", "ALLOCATED", "RUNNING"];
        assert_eq!(steps, lives, "{history:?}");
        assert_eq!(history[3].1, CLAIM);
        assert_eq!(history[4].1, CLAIM);
        let log = borrower.job(job, "logTail { text }").await["logTail"].take();
        assert!(log.as_array().unwrap().contains(&json!({"text": "saved"})), "its grace was its own: {log}");
        borrower.change("cancelJob", json!({"id": job}), "job { id }").await.unwrap();
    }
}

/// A played host, so that the test decides when a job has ended.
async fn asked_to_give_back(engine: Engine) -> (Fleet, Client, PlayedHost, String) {
    let fleet = Fleet::serve_with(Place::create(engine).await, &["--min-run", "1s"]).await;
    let (owner, borrower) = neighbours(&fleet, 1).await;
    let host = PlayedHost::join(&fleet, "played", 1).await;
    let job = borrower.submit(json!({"name": "job", "command": ["train"]})).await;
    borrower.reaches(&job, "ALLOCATED").await;
    host.report(&job, 1, "STARTED", json!({})).await.unwrap();
    borrower.reaches(&job, "RUNNING").await;
    owner.submit(json!({"name": "claim", "command": ["train"]})).await;
    borrower.reaches(&job, "STOPPING").await;
    (fleet, borrower, host, job)
}

async fn a_job_that_is_cancelled_while_it_gives_back_does_not_run_again(engine: Engine) {
    let (_fleet, borrower, host, job) = asked_to_give_back(engine).await;
    borrower.change("cancelJob", json!({"id": job}), "job { id }").await.unwrap();
    host.report(&job, 1, "EXITED", json!({"exitCode": 0})).await.unwrap();
    borrower.reaches(&job, "CANCELLED").await;
}

async fn a_job_that_was_done_before_it_was_asked_does_not_run_again(engine: Engine) {
    let (_fleet, borrower, host, job) = asked_to_give_back(engine).await;
    // Its agent knows, and times decide nothing: by them it ends just now.
    host.report(&job, 1, "EXITED", json!({"exitCode": 0, "asked": false})).await.unwrap();
    borrower.reaches(&job, "SUCCEEDED").await;
}

async fn a_job_that_ends_well_because_it_was_asked_runs_again(engine: Engine) {
    let (_fleet, borrower, host, job) = asked_to_give_back(engine).await;
    ended_before_it_was_asked(&borrower, &host, &job, json!({"exitCode": 0, "asked": true})).await;
    eventually("it waits again", 10, async || {
        let now = borrower.job(&job, "attempt statusReason").await;
        (now == json!({"attempt": 2, "statusReason": CLAIM})).then_some(())
    })
    .await;
}

async fn of_an_agent_that_does_not_say_it_the_time_of_the_end_is_taken(engine: Engine) {
    let (_fleet, borrower, host, job) = asked_to_give_back(engine).await;
    ended_before_it_was_asked(&borrower, &host, &job, json!({"exitCode": 0})).await;
    borrower.reaches(&job, "SUCCEEDED").await;
}

async fn a_job_that_its_time_limit_had_stopped_before_it_was_asked_has_timed_out(engine: Engine) {
    let (_fleet, borrower, host, job) = asked_to_give_back(engine).await;
    ended_before_it_was_asked(&borrower, &host, &job, json!({"exitCode": 0, "timedOut": true})).await;
    borrower.reaches(&job, "TIMED_OUT").await;
}

/// Later than it was started, and long before its GPUs were asked for: the word of its end took its time.
async fn ended_before_it_was_asked(borrower: &Client, host: &PlayedHost, job: &str, mut end: Value) {
    let asked = eventually("it is asked", 10, async || {
        let history = history(borrower, job).await;
        history.iter().any(|(status, _)| status == "STOPPING").then_some(std::time::Instant::now())
    })
    .await;
    end["secondsAgo"] = json!(asked.elapsed().as_secs_f64() + 0.9);
    host.report(job, 1, "EXITED", end).await.unwrap();
}

async fn a_loan_goes_back_and_waits_again(engine: Engine) {
    let fleet = Fleet::serve_with(Place::create(engine).await, &["--min-run", "1s"]).await;
    let (owner, borrower) = neighbours(&fleet, 1).await;
    let _host = PlayedHost::join(&fleet, "played", 1).await;
    let loan = borrower.submit(json!({"name": "loan"})).await;
    borrower.reaches(&loan, "RUNNING").await;
    let claim = owner.submit(json!({"name": "claim"})).await;
    owner.reaches(&claim, "RUNNING").await;
    let waiting = borrower.job(&loan, "status attempt statusReason").await;
    assert_eq!(waiting, json!({"status": "QUEUED", "attempt": 2, "statusReason": CLAIM}));
    owner.change("releaseJob", json!({"jobId": claim}), "job { id }").await.unwrap();
    borrower.reaches(&loan, "RUNNING").await;
}
