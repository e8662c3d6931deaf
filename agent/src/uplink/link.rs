//! Calls that carry the epoch: each waits for one, is repeated until it is answered, and notices when it was replaced.

use std::time::Duration;

use cynic::Operation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::api::{Api, CallError};
use super::operations::{AppendLogs, AppendLogsInput, AppendLogsVariables};
use super::retry::Backoff;
use super::wire;
use crate::logs::Chunk;

/// What became of a chunk of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// The line that the server wants next.
    Next(i32),
    /// The attempt is not this host's any more.
    Refused,
}

/// The connection to the server as the agent's tasks see it.
pub(crate) struct Link {
    pub(super) api: Api,
    epoch: watch::Sender<Option<i32>>,
    /// Counts signs of life that got no answer: whatever else is connected may be dead too.
    unanswered: watch::Sender<u64>,
}

impl Link {
    /// A link that has not registered yet.
    pub(crate) fn new(api: Api) -> Self {
        Self { api, epoch: watch::Sender::new(None), unanswered: watch::Sender::new(0) }
    }

    /// A new epoch has begun.
    pub(super) fn begin_epoch(&self, epoch: i32) {
        self.epoch.send_replace(Some(epoch));
    }

    /// The server does not know `epoch` any more: calls wait until there is a newer one.
    pub(super) fn refuse_epoch(&self, epoch: i32) {
        self.epoch.send_if_modified(|present| {
            let is_present = *present == Some(epoch);
            if is_present {
                *present = None;
            }
            is_present
        });
    }

    /// Whether there is an epoch now.
    pub(super) fn is_registered(&self) -> bool {
        self.epoch.borrow().is_some()
    }

    /// Waits for an epoch.
    pub(super) async fn epoch(&self) -> i32 {
        let mut changes = self.epoch.subscribe();
        loop {
            if let Some(epoch) = *changes.borrow_and_update() {
                return epoch;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until `epoch` is over.
    pub(super) async fn epoch_ended(&self, epoch: i32) {
        let mut changes = self.epoch.subscribe();
        let _ = changes.wait_for(|present| *present != Some(epoch)).await;
    }

    /// A sign of life got no answer.
    pub(super) fn is_unanswered(&self) {
        self.unanswered.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Waits until a sign of life gets no answer.
    pub(super) async fn becomes_unanswered(&self) {
        let mut changes = self.unanswered.subscribe();
        changes.borrow_and_update();
        let _ = changes.changed().await;
    }

    /// One try under the present epoch, if there is an answer within this time.
    pub(super) async fn call_once<Data, Variables>(
        &self,
        build: impl Fn(i32) -> Operation<Data, Variables>,
        within: Option<Duration>,
    ) -> Result<Data, CallError>
    where
        Data: DeserializeOwned + 'static,
        Variables: Serialize,
    {
        let epoch = self.epoch().await;
        let answer = match within {
            Some(time) => self.api.call_within(&build(epoch), time).await,
            None => self.api.call(&build(epoch)).await,
        };
        // A key that was revoked shows here first; registering again tells for certain.
        if let Err(error) = &answer
            && matches!(error.code(), Some("CONFLICT" | "UNAUTHENTICATED" | "FORBIDDEN"))
        {
            self.refuse_epoch(epoch);
        }
        answer
    }

    /// Tries until the server answers; an error is one that no repetition would change.
    pub(super) async fn call<Data, Variables>(
        &self,
        build: impl Fn(i32) -> Operation<Data, Variables>,
    ) -> Result<Data, CallError>
    where
        Data: DeserializeOwned + 'static,
        Variables: Serialize,
    {
        let mut backoff = Backoff::default();
        loop {
            match self.call_once(&build, None).await {
                Err(error) if !error.is_final() => {
                    tracing::debug!(%error, "will try again");
                    backoff.wait().await;
                }
                answer => return answer,
            }
        }
    }

    /// Sends log lines, one answer for each chunk.
    pub(crate) async fn append_logs(&self, chunks: &[Chunk]) -> Vec<Appended> {
        use cynic::MutationBuilder;
        let chunks: Vec<_> = chunks.iter().map(wire::chunk).collect();
        let build = |epoch| {
            let input = AppendLogsInput { epoch, chunks: chunks.clone() };
            AppendLogs::build(AppendLogsVariables { input })
        };
        match self.call(build).await {
            Ok(answer) => {
                let results = answer.append_logs.results.into_iter();
                results
                    .map(
                        |result| {
                            if result.accepted { Appended::Next(result.next_line) } else { Appended::Refused }
                        },
                    )
                    .collect()
            }
            Err(error) => {
                tracing::error!(%error, "the server cannot take these log lines; they are passed over");
                chunks.iter().map(passed_over).collect()
            }
        }
    }
}

/// Lines that can never be sent must not keep their job from ending.
fn passed_over(chunk: &super::operations::LogChunkInput) -> Appended {
    Appended::Next(chunk.first_line.saturating_add(i32::try_from(chunk.lines.len()).unwrap_or(i32::MAX)))
}
