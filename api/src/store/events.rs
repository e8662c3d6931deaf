//! Events: what is written with every change, history, and the gap-free follow of a subscription.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::{JobId, OrganizationId};
use domain::job::JobStatus;
use entity::json::IdleWarning;
use entity::{event, gpu, host, job, organization};
use futures_util::stream::{self, Stream};
use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::feed::{ChangeKind, Event, EventKind};
use super::{Scope, Store, Tx};
use crate::fault::Fault;

/// Rows of the past read at once.
const PAGE: u64 = 500;
/// Events that one transaction forgets.
const PRUNED_AT_ONCE: i64 = 10_000;

/// A job's own changing fields, as an event keeps them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobState {
    /// See the job's columns of the same names.
    pub status: JobStatus,
    /// Why it is in that status.
    pub status_reason: Option<String>,
    /// Held by a person.
    pub held: bool,
    /// Its priority.
    pub priority: i32,
    /// Its time limit.
    pub time_limit_seconds: Option<i32>,
    /// Its attempt.
    pub attempt: i32,
    /// Its exit code.
    pub exit_code: Option<i32>,
    /// Before when it is not tried again.
    #[serde(default)]
    pub retry_at: Option<DateTime<Utc>>,
    /// The warning of its idleness that stands.
    #[serde(default)]
    pub idle: Option<IdleWarning>,
    /// When it got its GPUs.
    pub allocated_at: Option<DateTime<Utc>>,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
    /// What happened, for a person.
    pub message: Option<String>,
}

impl JobState {
    fn of(row: &job::Model, message: Option<String>) -> Self {
        Self {
            status: status_of(row),
            status_reason: row.status_reason.clone(),
            held: row.held,
            priority: row.priority,
            time_limit_seconds: row.time_limit_seconds,
            attempt: row.attempt,
            exit_code: row.exit_code,
            retry_at: row.retry_at,
            idle: row.idle,
            allocated_at: row.allocated_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            updated_at: row.updated_at,
            version: row.version,
            message,
        }
    }

    /// The job as this change left it: what never changes from `row`, the rest from here.
    #[must_use]
    pub fn over(self, mut row: job::Model) -> job::Model {
        self.status.as_str().clone_into(&mut row.status);
        row.status_reason = self.status_reason;
        row.held = self.held;
        row.priority = self.priority;
        row.time_limit_seconds = self.time_limit_seconds;
        row.attempt = self.attempt;
        row.exit_code = self.exit_code;
        row.retry_at = self.retry_at;
        row.idle = self.idle;
        row.allocated_at = self.allocated_at;
        row.started_at = self.started_at;
        row.finished_at = self.finished_at;
        row.updated_at = self.updated_at;
        row.version = self.version;
        row
    }
}

/// A job row's status; the table's CHECK admits no other text.
#[must_use]
pub fn status_of(row: &job::Model) -> JobStatus {
    row.status.parse().unwrap_or(JobStatus::Failed)
}

impl Tx<'_> {
    /// Tells that a job was made or changed.
    pub fn tell_job(&self, row: &job::Model, change: ChangeKind, actor: &str, message: Option<String>) {
        let payload = serde_json::to_value(JobState::of(row, message)).unwrap_or_default();
        self.tell(Some(row.organization_id), EventKind::Job, change, row.id, payload, actor);
    }

    /// Tells that a GPU's status, health or allocation changed.
    pub fn tell_gpu(&self, row: &gpu::Model, dedicated_to: Option<Uuid>, actor: &str) {
        let payload = serde_json::json!({ "version": row.version, "host": row.host_id });
        self.tell(dedicated_to, EventKind::Gpu, ChangeKind::Updated, row.id, payload, actor);
    }

    /// Tells that a host was made or changed.
    pub fn tell_host(&self, row: &host::Model, change: ChangeKind, actor: &str) {
        let payload = serde_json::json!({
            "name": row.name, "drain": row.drain, "drainReason": row.drain_reason, "down": row.down,
            "downReason": row.down_reason, "epoch": row.epoch, "version": row.version,
        });
        self.tell(row.organization_id, EventKind::Host, change, row.id, payload, actor);
    }

    /// Tells that an organization was made or changed.
    pub fn tell_organization(&self, row: &organization::Model, change: ChangeKind, actor: &str) {
        let payload = serde_json::json!({
            "slug": row.slug, "name": row.name, "weight": row.weight, "guaranteedGpus": row.guaranteed_gpus,
            "maxGpus": row.max_gpus, "maxQueuedJobs": row.max_queued_jobs, "version": row.version,
        });
        self.tell(Some(row.id), EventKind::Organization, change, row.id, payload, actor);
    }

    fn tell(
        &self,
        organization: Option<Uuid>,
        kind: EventKind,
        change: ChangeKind,
        subject: Uuid,
        payload: serde_json::Value,
        actor: &str,
    ) {
        let change = if change == ChangeKind::Created { "CREATED" } else { "UPDATED" };
        self.emit(event::ActiveModel {
            seq: NotSet,
            organization_id: Set(organization),
            kind: Set(kind.as_str().to_owned()),
            change: Set(change.to_owned()),
            subject: Set(subject),
            payload: Set(payload),
            actor: Set(actor.to_owned()),
            at: Set(self.now),
        });
    }
}

/// The caller's part of a kind of events.
fn in_sight(scope: Scope, kind: EventKind) -> Condition {
    let of_kind = Condition::all().add(event::Column::Kind.eq(kind.as_str()));
    match scope {
        Scope::Fleet => of_kind,
        Scope::Organization(id) if kind == EventKind::Gpu || kind == EventKind::Host => of_kind.add(
            Condition::any()
                .add(event::Column::OrganizationId.is_null())
                .add(event::Column::OrganizationId.eq(id.0)),
        ),
        Scope::Organization(id) => of_kind.add(event::Column::OrganizationId.eq(id.0)),
        Scope::Nothing => of_kind.add(event::Column::Seq.lt(0)),
    }
}

fn sees(scope: Scope, event: &Event) -> bool {
    match event.kind {
        EventKind::Gpu | EventKind::Host => scope.includes_host_of(event.organization),
        EventKind::Job | EventKind::Organization => {
            event.organization.is_some_and(|organization: OrganizationId| scope.includes(organization))
                || scope == Scope::Fleet
        }
    }
}

impl Store {
    /// A job's history, oldest first, from after a number.
    ///
    /// # Errors
    /// Database faults.
    pub async fn job_history(&self, job: JobId, after: i64, limit: u64) -> Result<Vec<Event>, Fault> {
        let rows = event::Entity::find()
            .filter(event::Column::Subject.eq(job.0))
            .filter(event::Column::Seq.gt(after))
            .order_by_asc(event::Column::Seq)
            .limit(limit)
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(Event::from).collect())
    }

    /// Every committed event of a kind in the scope, in order, none missing and none twice: after a number, or from
    /// now on. A follower that falls behind the fan-out reads what it missed from the table.
    ///
    /// # Errors
    /// [`Fault::CursorExpired`] for a number that is pruned or was never given.
    pub async fn follow(
        &self,
        scope: Scope,
        kind: EventKind,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Arc<Event>, Fault>> + Send + use<>, Fault> {
        let live = self.feed().subscribe();
        let head = self.feed().head();
        let last = after.unwrap_or(head);
        if after.is_some() {
            self.check_cursor(last, head).await?;
        }
        let follow =
            Follow { store: self.clone(), scope, kind, live, past: VecDeque::new(), last, read_until: head };
        Ok(stream::unfold(follow, |mut follow| async move {
            let next = follow.next().await?;
            Some((next, follow))
        }))
    }

    /// Forgets events older than `before`; the newest one always stays, so that numbers go on.
    ///
    /// # Errors
    /// Database faults.
    pub async fn prune_events(&self, before: DateTime<Utc>) -> Result<(), Fault> {
        let keep = event::Entity::find()
            .select_only()
            .column(event::Column::Seq)
            .filter(event::Column::At.gte(before))
            .order_by_asc(event::Column::Seq)
            .limit(1)
            .into_tuple::<i64>()
            .one(self.db())
            .await?;
        let head = self.feed().head();
        let keep = keep.map_or(head, |seq| seq.min(head));
        while self.prune_some(keep).await? {}
        Ok(())
    }

    /// Forgets some of the events in front of `keep`: whether there may be more. Few at a time, since others want to write.
    async fn prune_some(&self, keep: i64) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let oldest: Option<Option<i64>> = event::Entity::find()
                    .select_only()
                    .column_as(event::Column::Seq.min(), "oldest")
                    .into_tuple()
                    .one(tx.db)
                    .await?;
                let Some(oldest) = oldest.flatten().filter(|oldest| *oldest < keep) else { return Ok(false) };
                let end = keep.min(oldest.saturating_add(PRUNED_AT_ONCE));
                event::Entity::delete_many().filter(event::Column::Seq.lt(end)).exec(tx.db).await?;
                Ok(end < keep)
            })
        })
        .await
    }

    async fn check_cursor(&self, after: i64, head: i64) -> Result<(), Fault> {
        let known: Option<(Option<i64>, Option<i64>)> = event::Entity::find()
            .select_only()
            .column_as(event::Column::Seq.min(), "oldest")
            .column_as(event::Column::Seq.max(), "newest")
            .into_tuple()
            .one(self.db())
            .await?;
        let (oldest, newest) = known.unwrap_or_default();
        // On a shared database another server may have published further than this one.
        let newest = newest.map_or(head, |newest| newest.max(head));
        let oldest = oldest.unwrap_or(0);
        if (oldest - 1..=newest).contains(&after) { Ok(()) } else { Err(Fault::CursorExpired) }
    }
}

struct Follow {
    store: Store,
    scope: Scope,
    kind: EventKind,
    live: Receiver<Arc<Event>>,
    past: VecDeque<Arc<Event>>,
    /// Everything up to here was delivered or is in `past`.
    last: i64,
    /// The table is to be read up to here before going on with what is live.
    read_until: i64,
}

impl Follow {
    async fn next(&mut self) -> Option<Result<Arc<Event>, Fault>> {
        loop {
            if let Some(event) = self.past.pop_front() {
                return Some(Ok(event));
            }
            if self.last < self.read_until {
                if let Err(fault) = self.read_past().await {
                    return Some(Err(fault));
                }
                continue;
            }
            match self.live.recv().await {
                Ok(event) if event.seq <= self.last => {}
                Ok(event) => {
                    self.last = event.seq;
                    self.read_until = event.seq;
                    if event.kind == self.kind && sees(self.scope, &event) {
                        return Some(Ok(event));
                    }
                }
                Err(RecvError::Lagged(_)) => self.read_until = self.store.feed().head(),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn read_past(&mut self) -> Result<(), Fault> {
        let rows = event::Entity::find()
            .filter(in_sight(self.scope, self.kind))
            .filter(event::Column::Seq.gt(self.last))
            .filter(event::Column::Seq.lte(self.read_until))
            .order_by_asc(event::Column::Seq)
            .limit(PAGE)
            .all(self.store.db())
            .await?;
        self.last = match rows.last() {
            Some(row) if rows.len() as u64 == PAGE => row.seq,
            _ => self.read_until,
        };
        self.past.extend(rows.into_iter().map(|row| Arc::new(Event::from(row))));
        Ok(())
    }
}
