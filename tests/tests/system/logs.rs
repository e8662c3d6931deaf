//! Logs after the end: moved into a log store, read back from it, and forgotten when they are too old.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use system_tests::answer::{rows, text};
use system_tests::{Client, Engine, Fleet, Place, both, eventually};

both! {
    a_moved_log_is_read_back_across_kills_and_outages,
    an_old_log_is_forgotten_and_says_so,
}

const LINES: usize = 3000;

/// A job that has written some lines and ended. Nobody waits with its end for the last of them: they are there soon after.
async fn ended(client: &Client) -> String {
    let job = client.submit_line("writer", &format!("seq 1 {LINES}")).await;
    client.reaches(&job, "SUCCEEDED").await;
    eventually("all of its log has come", 60, async || {
        (lines(client, &job).await.len() == LINES).then_some(())
    })
    .await;
    job
}

/// Every line of a log, page by page.
async fn lines(client: &Client, job: &str) -> Vec<String> {
    let (mut lines, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = "query Log($id: ID!, $after: String) { job(id: $id) {
            log(first: 700, after: $after) { nodes { text } pageInfo { hasNextPage endCursor } } } }";
        let mut data = client.graphql(query, json!({"id": job, "after": after})).await;
        let mut log = data["job"]["log"].take();
        lines.extend(rows(&log["nodes"]).iter().map(|line| text(&line["text"])));
        after = log["pageInfo"]["endCursor"].take();
        if log["pageInfo"]["hasNextPage"] == false {
            return lines;
        }
    }
}

fn objects(folder: &Path) -> Vec<PathBuf> {
    let jobs = fs::read_dir(folder).map(|jobs| jobs.map(|job| job.expect("a folder").path()));
    let jobs: Vec<PathBuf> = jobs.map(Iterator::collect).unwrap_or_default();
    let files = jobs.iter().filter_map(|job| fs::read_dir(job).ok()).flatten();
    files
        .map(|file| file.expect("a file").path())
        .filter(|file| file.to_string_lossy().ends_with(".gz"))
        .collect()
}

async fn readiness(fleet: &Fleet) -> String {
    let answer = reqwest::get(format!("{}/readyz", fleet.origin())).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("a text")
}

async fn a_moved_log_is_read_back_across_kills_and_outages(engine: Engine) {
    let place = Place::create(engine).await;
    let folder = place.folder().join("logs");
    let words = ["--gpus", "simulated:1xH100-80GB", "--log-store", &format!("file://{}", folder.display())];
    let mut fleet = Fleet::start_in(place, &words, &[]).await;
    let client = fleet.operator().await;
    let job = ended(&client).await;
    let all: Vec<String> = (1..=LINES).map(|number| number.to_string()).collect();
    assert_eq!(lines(&client, &job).await, all);
    eventually("the log is moved", 60, async || {
        let figures = reqwest::get(format!("{}/metrics", fleet.origin())).await.ok()?.text().await.ok()?;
        figures.contains("gpu_fleet_logs_moved_total 1").then_some(())
    })
    .await;
    assert_eq!(objects(&folder).len(), 1, "one object for one attempt");
    assert_eq!(lines(&client, &job).await, all);

    // Killed at a moment that nobody has chosen, with a log on its way.
    let second = ended(&client).await;
    fleet.kill9();
    fleet.restart().await;
    eventually("the second is moved", 60, async || (objects(&folder).len() == 2).then_some(())).await;
    for job in [&job, &second] {
        assert_eq!(lines(&client, job).await, all);
        let tail = client.job(job, "logTail(lines: 2) { text } logExpired").await;
        assert_eq!(tail, json!({"logTail": [{"text": "2999"}, {"text": "3000"}], "logExpired": false}));
    }

    // The folder is away: somebody has put something else in its place.
    let aside = folder.with_extension("aside");
    fs::rename(&folder, &aside).unwrap();
    fs::write(&folder, "").unwrap();
    let refused =
        client.ask("query Q($id: ID!) { job(id: $id) { logTail { text } } }", json!({"id": job})).await;
    assert_eq!(refused.expect_err("nothing to read").code, "UNAVAILABLE");
    let ready = readiness(&fleet).await;
    assert!(ready.contains("degraded") && ready.contains("log store"), "{ready}");
    let third = ended(&client).await;
    assert_eq!(lines(&client, &third).await, all, "it stays where it can be read");
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    eventually("the store is back", 60, async || {
        (!readiness(&fleet).await.contains("degraded")).then_some(())
    })
    .await;
    eventually("the third is moved", 60, async || (objects(&folder).len() == 3).then_some(())).await;
    for job in [&job, &second, &third] {
        assert_eq!(lines(&client, job).await, all);
    }
}

async fn an_old_log_is_forgotten_and_says_so(engine: Engine) {
    let words = ["--gpus", "simulated:1xH100-80GB", "--log-retention", "1s"];
    let fleet = Fleet::start_in(Place::create(engine).await, &words, &[]).await;
    let client = fleet.operator().await;
    let job = ended(&client).await;
    eventually("it is forgotten", 60, async || {
        let now = client.job(&job, "status logExpired logTail { text }").await;
        (now == json!({"status": "SUCCEEDED", "logExpired": true, "logTail": []})).then_some(())
    })
    .await;
}
