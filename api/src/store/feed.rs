//! Committed events, in order and without a gap, to everyone in this process who follows them.
//!
//! One task reads the event table past what it has published and fans out. On PostgreSQL numbers can become visible
//! out of order, so it reads up to a number only when every transaction that might still commit a smaller one has
//! ended: it takes the largest visible number and the snapshot's upper bound, and waits until the lower bound of a
//! later snapshot has passed that.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::{JobId, OrganizationId};
use entity::event;
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

    pub(crate) fn tell_neighbours_by(&self, sender: mpsc::Sender<Wake>) {
        let _ = self.neighbours.set(sender);
    }

    /// A transaction of this process was committed.
    pub(crate) fn committed(&self, wake: Wake) {
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

    async fn publish_new(&self) -> Result<(), Fault> {
        loop {
            let last = self.feed().head();
            let upto = if self.is_shared() { self.settled_head(last).await? } else { i64::MAX };
            if upto <= last {
                return Ok(());
            }
            let rows = event::Entity::find()
                .filter(event::Column::Seq.gt(last))
                .filter(event::Column::Seq.lte(upto))
                .order_by_asc(event::Column::Seq)
                .limit(PAGE)
                .all(self.db())
                .await?;
            let count = rows.len() as u64;
            for row in rows {
                self.feed().publish(row.into());
            }
            if count < PAGE {
                return Ok(());
            }
        }
    }

    /// The largest event number below which nothing can appear any more.
    async fn settled_head(&self, last: i64) -> Result<i64, Fault> {
        let (newest, bound, mut oldest_open) = self.event_horizon(last).await?;
        let mut pause = Duration::from_micros(500);
        while newest > last && oldest_open < bound {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
            oldest_open = self.event_horizon(last).await?.2;
        }
        Ok(newest)
    }

    /// The newest visible event, the first transaction id not yet given, and the oldest one still open.
    async fn event_horizon(&self, last: i64) -> Result<(i64, i64, i64), Fault> {
        let row = self
            .db()
            .query_one_raw(Statement::from_sql_and_values(
                self.db().get_database_backend(),
                "SELECT (SELECT coalesce(max(seq), $1) FROM event WHERE seq > $1) AS newest, \
                 pg_snapshot_xmax(s)::text::bigint AS bound, pg_snapshot_xmin(s)::text::bigint AS oldest_open \
                 FROM pg_current_snapshot() AS s",
                [last.into()],
            ))
            .await?
            .ok_or_else(|| Fault::Internal("a snapshot has no row".into()))?;
        Ok((row.try_get("", "newest")?, row.try_get("", "bound")?, row.try_get("", "oldest_open")?))
    }
}
