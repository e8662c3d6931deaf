//! Subscriptions that outlive their connection: each item's cursor is kept, and after a break the subscription goes on
//! from there, with growing pauses, until the server completes it or the receiver is dropped.

use std::future::IntoFuture;
use std::time::Duration;

use cynic::{GraphQlResponse, StreamingOperation, SubscriptionBuilder};
use futures_util::StreamExt;
use graphql_ws_client::graphql::GraphqlOperation;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use tokio::sync::mpsc;

use super::socket::Socket;
use super::{Client, Extensions, Failure, unwrap_answer};
use crate::api::{
    FleetTotals, FollowGpus, FollowGpusVariables, FollowHosts, FollowHostsVariables, FollowJobs,
    FollowJobsVariables, FollowLog, FollowLogVariables, FollowQueue, FollowQueueVariables, FollowReadings,
    FollowReadingsVariables, FollowTotals, GpuLine, GpuReading, HostLine, JobFilter, JobLine, JobRow,
    LogLine,
};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const KEEP_ALIVE_RETRIES: usize = 2;
const BUFFERED: usize = 64;

/// What a followed subscription has to tell.
#[derive(Debug)]
pub(crate) enum Followed<Item> {
    /// The next item.
    Item(Item),
    /// The connection broke; it is being made again.
    Lost(String),
    /// It was made again, and nothing is missing.
    Resumed,
    /// It was made again, but the cursor had expired: what happened between is to be read anew.
    Restarted,
}

/// The receiving end: it ends when the server has completed the subscription.
pub(crate) type Following<Item> = mpsc::Receiver<Result<Followed<Item>, Failure>>;

/// Every change, from now on, of the jobs that the filter lets through.
pub(crate) fn follow_jobs(client: &Client, filter: JobFilter) -> Following<JobRow> {
    let build = move |after| FollowJobs::build(FollowJobsVariables { filter: Some(filter.clone()), after });
    follow(client.clone(), None, build, |data: FollowJobs| {
        (Some(data.job_updates.cursor), data.job_updates.job)
    })
}

/// A job's log from its start, until the job has ended.
pub(crate) fn follow_log(client: &Client, job_id: cynic::Id) -> Following<LogLine> {
    let build = move |after| FollowLog::build(FollowLogVariables { job_id: job_id.clone(), after });
    follow(client.clone(), None, build, |data: FollowLog| (Some(data.job_logs.cursor.clone()), data.job_logs))
}

/// Every change of a GPU behind this cursor.
pub(crate) fn follow_gpus(client: &Client, cursor: String) -> Following<GpuLine> {
    let build = |after| FollowGpus::build(FollowGpusVariables { after });
    follow(client.clone(), Some(cursor), build, |data: FollowGpus| {
        (Some(data.gpu_updates.cursor), data.gpu_updates.gpu)
    })
}

/// Every change of a job behind this cursor, of the job little more than its state.
pub(crate) fn follow_queue(client: &Client, cursor: String) -> Following<JobLine> {
    let build = |after| FollowQueue::build(FollowQueueVariables { after });
    follow(client.clone(), Some(cursor), build, |data: FollowQueue| {
        (Some(data.job_updates.cursor), data.job_updates.job)
    })
}

/// Every change of a host behind this cursor; none: it was removed.
pub(crate) fn follow_hosts(client: &Client, cursor: String) -> Following<Option<HostLine>> {
    let build = |after| FollowHosts::build(FollowHostsVariables { after });
    follow(client.clone(), Some(cursor), build, |data: FollowHosts| {
        (Some(data.host_updates.cursor), data.host_updates.host)
    })
}

/// What these GPUs tell: at once, again after a break, and whenever there is something newer.
pub(crate) fn follow_readings(client: &Client, gpu_ids: Vec<cynic::Id>) -> Following<Vec<GpuReading>> {
    let build = move |_| FollowReadings::build(FollowReadingsVariables { gpu_ids: gpu_ids.clone() });
    follow(client.clone(), None, build, |data: FollowReadings| (None, data.telemetry_updates.gpus))
}

/// The fleet in numbers: at once, again after a break, and whenever they changed.
pub(crate) fn follow_totals(client: &Client) -> Following<FleetTotals> {
    follow(client.clone(), None, |_| FollowTotals::build(()), |data: FollowTotals| (None, data.fleet_updates))
}

fn follow<Data, Variables, Item>(
    client: Client,
    cursor: Option<String>,
    build: impl Fn(Option<String>) -> StreamingOperation<Data, Variables> + Send + 'static,
    open: fn(Data) -> (Option<String>, Item),
) -> Following<Item>
where
    Data: DeserializeOwned + Send + 'static,
    Variables: Serialize + Send + Sync + Unpin + 'static,
    Item: Send + 'static,
{
    let (sender, receiver) = mpsc::channel(BUFFERED);
    let mut follower =
        Follower { client, open, sender, cursor, state: Connection::Never, pause: FIRST_PAUSE };
    tokio::spawn(async move { follower.run(build).await });
    receiver
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Never,
    Standing,
    Lost,
}

/// Why a connection's session came to its end.
enum Done {
    /// The server completed the subscription.
    Completed,
    /// Nobody listens any more.
    Unheard,
}

struct Follower<Data, Item> {
    client: Client,
    open: fn(Data) -> (Option<String>, Item),
    sender: mpsc::Sender<Result<Followed<Item>, Failure>>,
    cursor: Option<String>,
    state: Connection,
    pause: Duration,
}

impl<Data, Item> Follower<Data, Item>
where
    Data: DeserializeOwned + Send + 'static,
    Item: Send + 'static,
{
    async fn run<Variables>(&mut self, build: impl Fn(Option<String>) -> StreamingOperation<Data, Variables>)
    where
        Variables: Serialize + Send + Sync + Unpin + 'static,
    {
        loop {
            let failure = match self.session(Typed(build(self.cursor.clone()))).await {
                Ok(Done::Completed | Done::Unheard) => return,
                Err(failure) => self.client.advised(failure),
            };
            if failure.code() == Some("CURSOR_EXPIRED") && self.cursor.take().is_some() {
                self.tell(Followed::Restarted).await;
            } else if failure.is_passing() && self.state != Connection::Never {
                self.wait_after(&failure).await;
            } else {
                self.sender.send(Err(failure)).await.ok();
                return;
            }
            if self.sender.is_closed() {
                return;
            }
        }
    }

    /// One connection, from its opening to its end.
    async fn session<Variables>(&mut self, operation: Typed<Data, Variables>) -> Result<Done, Failure>
    where
        Variables: Serialize + Send + Sync + Unpin + 'static,
    {
        let (socket, note) = Socket::open(&self.client).await?;
        let token = self.client.token.as_ref().map(|token| format!("Bearer {token}"));
        let server = self.client.server.to_string();
        let lost = |error: graphql_ws_client::Error| match note.read() {
            Some(ending) => ending.failure(&server),
            None => Failure::Unreachable { server: server.clone(), cause: error.to_string() },
        };
        let (connection, actor) = graphql_ws_client::Client::build(socket)
            .payload(serde_json::json!({ "authorization": token }))
            .map_err(lost)?
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_retries(KEEP_ALIVE_RETRIES)
            .await
            .map_err(lost)?;
        tokio::spawn(actor.into_future());
        let mut items = connection.subscribe(operation).await.map_err(lost)?;
        self.standing().await;
        while let Some(answer) = items.next().await {
            let answer = answer.map_err(|error| self.client.not_ours(error.to_string()))?;
            if !self.take(unwrap_answer(answer)?).await {
                return Ok(Done::Unheard);
            }
        }
        // The connection leaves its note before it lets go of the stream: no note, no break.
        note.read().map_or(Ok(Done::Completed), |ending| Err(ending.failure(&server)))
    }

    async fn take(&mut self, data: Data) -> bool {
        let (cursor, item) = (self.open)(data);
        self.cursor = cursor;
        self.pause = FIRST_PAUSE;
        self.tell(Followed::Item(item)).await
    }

    async fn standing(&mut self) {
        if std::mem::replace(&mut self.state, Connection::Standing) == Connection::Lost {
            self.tell(Followed::Resumed).await;
        }
    }

    async fn wait_after(&mut self, failure: &Failure) {
        if std::mem::replace(&mut self.state, Connection::Lost) == Connection::Standing {
            self.tell(Followed::Lost(failure.to_string())).await;
        }
        // Jitter keeps a fleet's worth of clients from coming back in step after a restart.
        tokio::time::sleep(self.pause.mul_f64(rand::random_range(0.5..=1.0))).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    async fn tell(&self, news: Followed<Item>) -> bool {
        self.sender.send(Ok(news)).await.is_ok()
    }
}

/// A subscription whose errors keep their codes.
struct Typed<Data, Variables>(StreamingOperation<Data, Variables>);

impl<Data, Variables: Serialize> Serialize for Typed<Data, Variables> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<Data: DeserializeOwned, Variables: Serialize> GraphqlOperation for Typed<Data, Variables> {
    type Response = GraphQlResponse<Data, Extensions>;
    type Error = serde_json::Error;

    fn decode(&self, data: serde_json::Value) -> Result<Self::Response, Self::Error> {
        serde_json::from_value(data)
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
