//! The stream of what is to run and to stop, kept up for as long as the agent lives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cynic::SubscriptionBuilder;
use futures_util::StreamExt;
use graphql_ws_client::Client;
use serde_json::json;
use tokio::sync::watch;

use super::link::Link;
use super::operations::{Assignments, AssignmentsVariables};
use super::registration::Registrar;
use super::retry::Backoff;
use super::socket::Socket;
use super::wire;
use crate::AgentError;
use crate::decide::Rivalry;
use crate::jobs::Jobs;
use crate::lease::LeaseKeeper;
use crate::pages::give_back_start_up;

/// A stream that is silent for so long, and then once more, is dead.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
const KEEP_ALIVE_RETRIES: usize = 1;
/// How long the opening of a stream may take.
const OPENING: Duration = Duration::from_secs(15);
/// An epoch that lasts so long was not taken away by a rival.
const PEACE: Duration = Duration::from_secs(60);
/// Orders that may wait while earlier ones are carried out.
const BUFFERED_UPDATES: usize = 64;

/// What a registration agreed on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) heartbeat: Duration,
}

/// How a subscription ended.
enum End {
    /// The connection was lost: another one goes on under the same epoch.
    Lost(String),
    /// The epoch is over, or the server no longer takes our word under it.
    EpochOver(String),
}

/// Registers and subscribes, again and again.
pub(crate) struct Session {
    pub(crate) registrar: Registrar,
    pub(crate) jobs: Jobs,
    pub(crate) lease: Arc<LeaseKeeper>,
    pub(crate) terms: watch::Sender<Option<Terms>>,
}

impl Session {
    /// Ends only with an error that people must see to.
    pub(crate) async fn run(mut self) -> AgentError {
        let mut between_epochs = Backoff::default();
        let mut rivalry = Rivalry::default();
        loop {
            let (registered, granted_at) = match self.registrar.register().await {
                Ok(registered) => registered,
                Err(error) => return error,
            };
            rivalry.begins(registered.epoch);
            let begun = Instant::now();
            let seconds = |seconds: i32| Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1));
            // Before anything is started under it.
            self.lease.renew(granted_at, seconds(registered.lease_seconds));
            self.terms.send_replace(Some(Terms { heartbeat: seconds(registered.heartbeat_seconds) }));
            give_back_start_up();
            let reason = self.stay_subscribed(registered.epoch).await;
            tracing::warn!(reason, "this epoch is over; registering again");
            let peaceful = begun.elapsed() >= PEACE.min(seconds(registered.lease_seconds));
            if rivalry.ends(peaceful) {
                return AgentError::Rival;
            }
            if peaceful {
                between_epochs.reset();
            }
            // Two copies of one agent would otherwise fence each other out as fast as they can.
            between_epochs.wait().await;
        }
    }

    async fn stay_subscribed(&self, epoch: i32) -> String {
        let link = &self.registrar.link;
        let mut backoff = Backoff::default();
        loop {
            let end = tokio::select! {
                end = self.subscribe(link, epoch, &mut backoff) => end,
                () = link.becomes_unanswered() => End::Lost("a sign of life got no answer".to_owned()),
                () = link.epoch_ended(epoch) => End::EpochOver("the server refused a call under it".to_owned()),
            };
            match end {
                End::EpochOver(reason) => {
                    link.refuse_epoch(epoch);
                    return reason;
                }
                End::Lost(reason) => {
                    tracing::info!(reason, "lost the stream of assignments; connecting again");
                    backoff.wait().await;
                }
            }
        }
    }

    async fn subscribe(&self, link: &Arc<Link>, epoch: i32, lost: &mut Backoff) -> End {
        let mut updates = match open(link, epoch).await {
            Ok(updates) => updates,
            Err(end) => return end,
        };
        while let Some(update) = updates.next().await {
            let answer = match update {
                Ok(answer) => answer,
                Err(error) => return End::Lost(error.to_string()),
            };
            if let Some(error) = answer.errors.and_then(|errors| errors.into_iter().next()) {
                // Codes do not reach us here; registering again finds out what is the matter.
                return End::EpochOver(error.message);
            }
            let Some(Assignments { assignments: update }) = answer.data else { continue };
            lost.reset();
            tracing::debug!(complete = update.complete, count = update.assignments.len(), "assignments");
            self.jobs.apply(update.complete, update.assignments.into_iter().map(wire::order).collect());
        }
        End::Lost("the stream ended".to_owned())
    }
}

type Updates = graphql_ws_client::Subscription<cynic::StreamingOperation<Assignments, AssignmentsVariables>>;

async fn open(link: &Link, epoch: i32) -> Result<Updates, End> {
    let socket = Socket::connect(&link.api.socket_url()).await.map_err(End::Lost)?;
    let operation = Assignments::build(AssignmentsVariables { epoch });
    let payload = json!({ "authorization": format!("Bearer {}", link.api.bearer()) });
    let client = Client::build(socket).payload(payload).map_err(|error| End::Lost(error.to_string()))?;
    let opening = client
        .subscription_buffer_size(BUFFERED_UPDATES)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_retries(KEEP_ALIVE_RETRIES)
        .subscribe(operation);
    match tokio::time::timeout(OPENING, opening).await {
        Ok(Ok(updates)) => Ok(updates),
        Ok(Err(graphql_ws_client::Error::Close(4401 | 4403, reason))) => Err(End::EpochOver(reason)),
        Ok(Err(error)) => Err(End::Lost(error.to_string())),
        Err(_) => Err(End::Lost("no answer to the connection's init".to_owned())),
    }
}
