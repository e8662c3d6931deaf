//! Committed events, in order and without a gap, to everyone in this process who follows them.
//!
//! One task reads the event table past what it has published and fans out. On PostgreSQL numbers can become visible out of
//! order. Where none is missing there is nothing to wait for; at a gap it waits until every transaction has ended that
//! might still commit a smaller number, and only then takes the gap for what a roll-back has left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::ids::{JobId, OrganizationId};
use entity::event;
use futures_util::FutureExt as _;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use tokio::sync::{Notify, broadcast, mpsc, watch};

use super::Store;
use super::write::Wake;
use crate::fault::Fault;

/// Events that a slow follower may be behind before it has to read the table instead.
const CAPACITY: usize = 4096;
/// Rows read at once.
const PAGE: u64 = 1000;
/// Read anyway after this long: a wake-up may be lost, an event may not.
const POLL: Duration = Duration::from_millis(1000);
/// Somebody should look who keeps a transaction open for longer.
const LONG_WAIT: Duration = Duration::from_secs(10);

/// What an event tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A job.
    Job,
    /// A GPU.
    Gpu,
    /// A host.
    Host,
    /// An organization.
    Organization,
}

impl EventKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Job => "JOB",
            Self::Gpu => "GPU",
            Self::Host => "HOST",
            Self::Organization => "ORGANIZATION",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "JOB" => Self::Job,
            "GPU" => Self::Gpu,
            "HOST" => Self::Host,
            _ => Self::Organization,
        }
    }
}

/// Made, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
}

/// A committed change.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its place in the order of all events.
    pub seq: i64,
    /// Whose object it tells of; none: nobody's alone.
    pub organization: Option<OrganizationId>,
    /// What it tells of.
    pub kind: EventKind,
    /// Made, or changed.
    pub change: ChangeKind,
    /// The object's id.
    pub subject: Uuid,
    /// The object's own fields as the change left them.
    pub payload: serde_json::Value,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl From<event::Model> for Event {
    fn from(row: event::Model) -> Self {
        Self {
            seq: row.seq,
            organization: row.organization_id.map(OrganizationId),
            kind: EventKind::parse(&row.kind),
            change: if row.change == "CREATED" { ChangeKind::Created } else { ChangeKind::Updated },
            subject: row.subject,
            payload: row.payload,
            actor: row.actor,
            at: row.at,
        }
    }
}

/// The fan-out. Cheap to clone.
#[derive(Clone)]
pub struct Feed {
    events: broadcast::Sender<Arc<Event>>,
    head: Arc<watch::Sender<i64>>,
    logs: broadcast::Sender<JobId>,
    unsettled: Arc<Notify>,
    wake: Arc<Notify>,
    /// Where a shared database's other servers are told of it.
    neighbours: Arc<std::sync::OnceLock<mpsc::Sender<Wake>>>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self {
            events: broadcast::Sender::new(CAPACITY),
            head: Arc::new(watch::Sender::new(0)),
            logs: broadcast::Sender::new(CAPACITY),
            unsettled: Arc::new(Notify::new()),
            wake: Arc::new(Notify::new()),
            neighbours: Arc::default(),
        }
    }

    /// The newest published event's number.
    #[must_use]
    pub fn head(&self) -> i64 {
        *self.head.borrow()
    }

    /// Events published from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    /// Jobs to whose log something was added from now on.
    #[must_use]
    pub fn subscribe_logs(&self) -> broadcast::Receiver<JobId> {
        self.logs.subscribe()
    }

    /// Until jobs are left that what they waited for has decided.
    pub(crate) async fn unsettled(&self) {
        self.unsettled.notified().await;
    }

    pub(crate) fn tell_neighbours_by(&self, sender: mpsc::Sender<Wake>) {
        let _ = self.neighbours.set(sender);
    }

    /// A transaction of this process was committed.
    pub(crate) fn committed(&self, wake: Wake) {
        if wake.unsettled {
            self.unsettled.notify_one();
        }
        if !wake.events && wake.logs.is_empty() {
            return;
        }
        self.wake_here(&wake);
        if let Some(neighbours) = self.neighbours.get() {
            // A full channel holds a wake-up already, and neighbours poll: nothing is lost.
            let _ = neighbours.try_send(wake);
        }
    }

    /// Something was committed, here or elsewhere.
    pub(crate) fn wake_here(&self, wake: &Wake) {
        for job in &wake.logs {
            let _ = self.logs.send(*job);
        }
        if wake.events {
            self.wake.notify_one();
        }
    }

    fn publish(&self, event: Event) {
        let seq = event.seq;
        let _ = self.events.send(Arc::new(event));
        self.head.send_replace(seq);
    }
}

impl Store {
    /// Starts the task that publishes what is committed; it ends with the process.
    pub(crate) async fn start_feed(&self) -> Result<(), Fault> {
        let newest = event::Entity::find()
            .select_only()
            .column_as(event::Column::Seq.max(), "newest")
            .into_tuple::<Option<i64>>()
            .one(self.db())
            .await?;
        if self.is_shared() {
            // Smaller numbers may still be on their way; whoever resumes below this one reads them from the table.
            self.settle().await?;
        }
        self.feed().head.send_replace(newest.flatten().unwrap_or(0));
        let store = self.clone();
        tokio::spawn(async move {
            loop {
                let _ = tokio::time::timeout(POLL, store.feed().wake.notified()).await;
                if let Err(fault) = store.publish_new().await {
                    tracing::warn!(%fault, "the event table could not be read; trying again");
                    tokio::time::sleep(POLL).await;
                }
            }
        });
        Ok(())
    }

    /// Publishes what this process has committed since this was last called, for whoever plays a fleet that nobody else writes.
    ///
    /// # Errors
    /// Database faults.
    pub async fn publish_committed(&self) -> Result<(), Fault> {
        match self.feed().wake.notified().now_or_never() {
            Some(()) => self.publish_new().await,
            None => Ok(()),
        }
    }

    /// Publishes what was committed since this was last called, by whomever.
    async fn publish_new(&self) -> Result<(), Fault> {
        loop {
            let rows = self.events_after(self.feed().head()).await?;
            let count = rows.len() as u64;
            let Some(missing_below) = self.publish_without_gap(rows) else {
                if count < PAGE {
                    return Ok(());
                }
                continue;
            };
            // What is missing is still to be committed, or never will be.
            self.settle().await?;
            let rows = self.events_after(self.feed().head()).await?;
            for row in rows.into_iter().take_while(|row| row.seq <= missing_below) {
                self.feed().publish(row.into());
            }
        }
    }

    async fn events_after(&self, seq: i64) -> Result<Vec<event::Model>, Fault> {
        let rows = event::Entity::find()
            .filter(event::Column::Seq.gt(seq))
            .order_by_asc(event::Column::Seq)
            .limit(PAGE)
            .all(self.db());
        Ok(rows.await?)
    }

    /// Publishes up to the first missing number; returns the number behind the gap, if there is one. SQLite has one writer,
    /// so that what is missing there was never given.
    fn publish_without_gap(&self, rows: Vec<event::Model>) -> Option<i64> {
        for row in rows {
            if self.is_shared() && row.seq != self.feed().head() + 1 {
                return Some(row.seq);
            }
            self.feed().publish(row.into());
        }
        None
    }

    /// Returns once every transaction of this database that has drawn a number so far has ended.
    ///
    /// Each of them had its id before its number, since events are written last; the id that is taken here is newer. The
    /// locks that transactions hold on their own ids tell who is still open, in this database alone: a snapshot's bounds
    /// would also wait for strangers, and its upper one is not newer than all that have begun.
    async fn settle(&self) -> Result<(), Fault> {
        let backend = self.db().get_database_backend();
        let barrier = "SELECT pg_current_xact_id()::xid::text AS barrier";
        let row = self.db().query_one_raw(Statement::from_string(backend, barrier)).await?;
        let row = row.ok_or_else(|| Fault::Internal("a transaction has no id".into()))?;
        let barrier: String = row.try_get("", "barrier")?;
        let (mut pause, begun) = (Duration::from_micros(500), Instant::now());
        let mut warned = false;
        loop {
            let open = Statement::from_sql_and_values(
                backend,
                "SELECT 1 FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid) \
                 WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock' AND held.granted \
                 AND session.datname = current_database() AND age(held.transactionid) > age($1::xid) LIMIT 1",
                [barrier.clone().into()],
            );
            if self.db().query_one_raw(open).await?.is_none() {
                return Ok(());
            }
            if !warned && begun.elapsed() > LONG_WAIT {
                warned = true;
                tracing::warn!(
                    "events wait for a transaction that has been open for long: see pg_stat_activity"
                );
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}
