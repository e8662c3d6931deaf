//! Every job's changes as one subscription brings them, handed to whoever waits for that job.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::Fault;
use crate::fleet::Fleet;

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

/// The subscription's memory.
#[derive(Clone, Default)]
pub(crate) struct Feed(Arc<Mutex<HashMap<String, Known>>>);

impl Feed {
    /// Subscribes to all of the client's jobs.
    pub(crate) async fn follow(fleet: &Fleet) -> Result<Self, Fault> {
        let address = format!("{}/graphql", fleet.url().replacen("http", "ws", 1));
        let mut request = address.into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
        let bearer = format!("Bearer {}", fleet.client().token());
        let hello = json!({ "type": "connection_init", "payload": { "Authorization": bearer } });
        socket.send(Message::text(hello.to_string())).await?;
        let answer = socket.next().await.ok_or("the server hung up")??;
        if !answer.to_text()?.contains("connection_ack") {
            return Err(format!("no subscription: {answer}").into());
        }
        let query = "subscription { jobUpdates { job { id status } } }";
        let subscribe = json!({ "id": "jobs", "type": "subscribe", "payload": { "query": query } });
        socket.send(Message::text(subscribe.to_string())).await?;

        let feed = Self::default();
        let memory = feed.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                match message {
                    Message::Text(text) => memory.take(&text, &mut socket).await,
                    Message::Close(frame) => crate::table::progress(&format!("  subscription closed: {frame:?}")),
                    _ => {}
                }
            }
        });
        // The subscription begins some time after it was sent for; this much is enough on an idle server.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(feed)
    }

    async fn take<S>(&self, text: &str, socket: &mut S)
    where
        S: SinkExt<Message> + Unpin,
    {
        let Ok(message) = serde_json::from_str::<Value>(text) else { return };
        match message["type"].as_str() {
            Some("next") => self.learn(&message["payload"]["data"]["jobUpdates"]["job"]),
            Some("ping") => drop(socket.send(Message::text(json!({ "type": "pong" }).to_string())).await),
            _ => crate::table::progress(&format!("  subscription: {text}")),
        }
    }

    fn learn(&self, job: &Value) {
        let (Some(id), Some(status)) = (job["id"].as_str(), job["status"].as_str()) else { return };
        let stage = match status {
            "RUNNING" => Stage::Running,
            "SUCCEEDED" | "FAILED" | "CANCELLED" | "TIMED_OUT" => Stage::Ended,
            _ => return,
        };
        let mut jobs = self.lock();
        let known = jobs.entry(id.to_owned()).or_default();
        known.running.get_or_insert_with(Instant::now);
        if stage == Stage::Ended {
            known.ended.get_or_insert_with(|| (Instant::now(), status.to_owned()));
        }
        if known.waiter.as_ref().is_some_and(|(wanted, _)| *wanted <= stage)
            && let Some((_, waiter)) = known.waiter.take()
        {
            // Nobody waits any more when the wait ran out of patience.
            let _ = waiter.send(());
        }
    }

    /// When the news came that this job runs.
    pub(crate) async fn running(&self, job: &str) -> Result<Instant, Fault> {
        self.wait(job, Stage::Running).await?;
        self.lock().get(job).and_then(|known| known.running).ok_or_else(|| "a job was forgotten".into())
    }

    /// When the news came that this job has succeeded; any other end is an error. The job is forgotten.
    pub(crate) async fn succeeded(&self, job: &str) -> Result<Instant, Fault> {
        self.wait(job, Stage::Ended).await?;
        match self.lock().remove(job).and_then(|known| known.ended) {
            Some((at, status)) if status == "SUCCEEDED" => Ok(at),
            other => Err(format!("job {job} ended as {:?}", other.map(|(_, status)| status)).into()),
        }
    }

    async fn wait(&self, job: &str, stage: Stage) -> Result<(), Fault> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut jobs = self.lock();
            let known = jobs.entry(job.to_owned()).or_default();
            if known.ended.is_some() || (stage == Stage::Running && known.running.is_some()) {
                return Ok(());
            }
            known.waiter = Some((stage, sender));
        }
        let wanted = if stage == Stage::Running { "RUNNING" } else { "ended" };
        tokio::time::timeout(PATIENCE, receiver)
            .await
            .map_err(|_| format!("job {job} was not {wanted} within {} s", PATIENCE.as_secs()))??;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
