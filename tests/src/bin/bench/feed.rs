//! Every job's changes as one subscription brings them, handed to whoever waits for that job.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use system_tests::answer::text;
use system_tests::{Client, Subscription};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(60);

/// How far a job has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// It runs.
    Running,
    /// It has ended.
    Ended,
}

/// A job as the subscription knows it.
#[derive(Default)]
struct Known {
    running: Option<Instant>,
    ended: Option<(Instant, String)>,
    waiter: Option<(Stage, oneshot::Sender<()>)>,
}

/// The subscription's memory, and the task that listens for as long as somebody has it.
#[derive(Clone)]
pub(crate) struct Feed {
    jobs: Jobs,
    _listening: Arc<JoinSet<()>>,
}

#[derive(Clone, Default)]
struct Jobs(Arc<Mutex<HashMap<String, Known>>>);

impl Feed {
    /// Subscribes to all of the client's jobs.
    pub(crate) async fn follow(client: &Client) -> Self {
        let query = "subscription { jobUpdates { job { id status } } }";
        let mut updates = client.subscribe(query, json!({})).await;
        // The subscription begins some time after it was sent for: it has begun when it brings news of a job of now.
        let jobs = Jobs::default();
        let marker = loop {
            let marker = client.submit(json!({ "name": "marker", "hold": true })).await;
            if let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(500), updates.next()).await {
                break marker;
            }
        };
        client
            .change("cancelJob", json!({ "id": marker }), "job { id }")
            .await
            .expect("a marker that is held");
        let mut listening = JoinSet::new();
        listening.spawn(jobs.clone().listen(updates));
        Self { jobs, _listening: Arc::new(listening) }
    }

    /// When the news came that this job runs.
    pub(crate) async fn running(&self, job: &str) -> Instant {
        self.jobs.wait(job, Stage::Running).await;
        self.jobs.lock().get(job).and_then(|known| known.running).expect("a job that was not forgotten")
    }

    /// When the news came that this job has succeeded. The job is forgotten.
    pub(crate) async fn succeeded(&self, job: &str) -> Instant {
        self.jobs.wait(job, Stage::Ended).await;
        let (at, status) = self.jobs.lock().remove(job).and_then(|known| known.ended).expect("an end");
        assert_eq!(status, "SUCCEEDED", "job {job} ended otherwise");
        at
    }
}

impl Jobs {
    async fn listen(self, mut updates: Subscription) {
        while let Some(update) = updates.next().await {
            self.learn(&update["jobUpdates"]["job"]);
        }
    }

    fn learn(&self, job: &Value) {
        let status = text(&job["status"]);
        let stage = match status.as_str() {
            "RUNNING" => Stage::Running,
            "SUCCEEDED" | "FAILED" | "CANCELLED" | "TIMED_OUT" => Stage::Ended,
            _ => return,
        };
        let mut jobs = self.lock();
        let known = jobs.entry(text(&job["id"])).or_default();
        known.running.get_or_insert_with(Instant::now);
        if stage == Stage::Ended {
            known.ended.get_or_insert_with(|| (Instant::now(), status));
        }
        if known.waiter.as_ref().is_some_and(|(wanted, _)| *wanted <= stage)
            && let Some((_, waiter)) = known.waiter.take()
        {
            // Nobody waits any more when the wait ran out of patience.
            let _ = waiter.send(());
        }
    }

    async fn wait(&self, job: &str, stage: Stage) {
        let (sender, receiver) = oneshot::channel();
        {
            let mut jobs = self.lock();
            let known = jobs.entry(job.to_owned()).or_default();
            if known.ended.is_some() || (stage == Stage::Running && known.running.is_some()) {
                return;
            }
            known.waiter = Some((stage, sender));
        }
        let told = tokio::time::timeout(PATIENCE, receiver).await;
        told.expect("news of a job in time").expect("a subscription that goes on");
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
