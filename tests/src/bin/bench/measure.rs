//! What is measured through a server's API.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use system_tests::Client;
use tokio::task::JoinSet;

use crate::feed::Feed;
use crate::table::Latency;

/// How many clients send at once.
pub(crate) const CLIENTS: usize = 32;
/// How many jobs a bulk submission has.
pub(crate) const BULK: usize = 1000;
/// How many bulk submissions are measured.
pub(crate) const BULKS: usize = 10;
const LATENCIES: usize = 100;
/// Two changes that follow at once would meet a scheduler that is still busy with the first.
const PAUSE: Duration = Duration::from_millis(50);

/// What kind of job is followed through its life.
#[derive(Clone, Copy)]
pub(crate) enum Life {
    /// It starts a process that ends at once.
    Process,
    /// It only lends GPUs.
    Loan,
}

/// How long a job takes from being sent until the news that it runs has come, one job after the other.
pub(crate) async fn idle_latency(client: &Client, feed: &Feed, life: Life) -> Latency {
    let mut taken = Vec::with_capacity(LATENCIES);
    for _ in 0..LATENCIES {
        let job = match life {
            Life::Process => process(),
            Life::Loan => loan("H100"),
        };
        let began = Instant::now();
        let id = client.submit(job).await;
        taken.push(feed.running(&id).await.saturating_duration_since(began));
        if matches!(life, Life::Loan) {
            release(client, &id).await;
        }
        feed.succeeded(&id).await;
        tokio::time::sleep(PAUSE).await;
    }
    Latency::of(taken)
}

/// Lives per second of so many jobs with a process each, from the first submission to the last end.
pub(crate) async fn process_lives(client: &Client, feed: &Feed, jobs: usize) -> f64 {
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, feed) = (client.clone(), feed.clone());
        let share = jobs / CLIENTS + usize::from(number < jobs % CLIENTS);
        clients.spawn(async move {
            let mut ids = Vec::with_capacity(share);
            for _ in 0..share {
                ids.push(client.submit(process()).await);
            }
            for id in ids {
                feed.succeeded(&id).await;
            }
        });
    }
    clients.join_all().await;
    rate(jobs, began)
}

/// Lives per second of loans, each client taking one after the other.
pub(crate) async fn loan_lives(client: &Client, feed: &Feed, span: Duration) -> f64 {
    let (client, feed) = (client.clone(), feed.clone());
    repeat(CLIENTS, span, move || {
        let (client, feed) = (client.clone(), feed.clone());
        async move {
            let id = client.submit(loan("A100")).await;
            feed.running(&id).await;
            release(&client, &id).await;
            feed.succeeded(&id).await;
        }
    })
    .await
}

/// Submissions per second of jobs that are held, so that nothing else happens.
pub(crate) async fn single_submissions(client: &Client, span: Duration) -> f64 {
    let client = client.clone();
    repeat(CLIENTS, span, move || {
        let client = client.clone();
        async move { drop(client.submit(held()).await) }
    })
    .await
}

/// Jobs per second when submitted a thousand at a time.
pub(crate) async fn bulk_submissions(client: &Client) -> f64 {
    let began = Instant::now();
    for _ in 0..BULKS {
        assert_eq!(client.submit_all(vec![held(); BULK]).await.len(), BULK);
    }
    rate(BULK * BULKS, began)
}

/// How often per second so many tasks together do something for so long.
pub(crate) async fn repeat<F, Done>(tasks: usize, span: Duration, act: F) -> f64
where
    F: Fn() -> Done + Clone + Send + 'static,
    Done: Future<Output = ()> + Send,
{
    let began = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let act = act.clone();
        running.spawn(async move {
            let mut times = 0;
            while began.elapsed() < span {
                act().await;
                times += 1;
            }
            times
        });
    }
    rate(running.join_all().await.into_iter().sum(), began)
}

/// So many since then, per second.
#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^52 here")]
pub(crate) fn rate(count: usize, began: Instant) -> f64 {
    count as f64 / began.elapsed().as_secs_f64()
}

async fn release(client: &Client, job: &str) {
    client
        .change("releaseJob", json!({ "jobId": job }), "job { status }")
        .await
        .expect("a loan that is given back");
}

fn process() -> Value {
    json!({ "name": "bench", "command": ["true"], "requirements": { "gpuTypes": ["H100"] } })
}

fn loan(gpu_type: &str) -> Value {
    json!({ "name": "bench", "requirements": { "gpuTypes": [gpu_type] } })
}

fn held() -> Value {
    json!({ "name": "bench", "command": ["true"], "hold": true })
}
