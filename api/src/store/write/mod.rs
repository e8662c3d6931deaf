//! Transactions. Work is a closure that may be run again; it gets a [`Tx`], and what it emits becomes events of the
//! same transaction. No caller's cancellation can touch a transaction: it lives in a task of its own.
//!
//! SQLite has one writer task, which puts all waiting work into one transaction, each behind the first in a savepoint of its
//! own, and answers after the commit: one fsync serves many. PostgreSQL groups commits by itself: each piece of work is a
//! transaction, run again after a serialization failure or a connection lost before its commit.

mod postgres;
mod sqlite;

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use domain::ids::JobId;
use entity::{audit, event};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::prelude::Uuid;
use sea_orm::{DatabaseConnection, DatabaseTransaction, EntityTrait};
use tokio::sync::oneshot;

use super::Store;
use super::feed::Feed;
use crate::clock::Clock;
use crate::fault::Fault;
pub(crate) use sqlite::GroupWriter;

/// Rows in one INSERT at most: SQLite binds at most 32,766 values.
pub(crate) const INSERT_ROWS: usize = 500;

/// An open transaction, and what it will tell the world once committed.
pub struct Tx<'a> {
    /// The transaction.
    pub db: &'a DatabaseTransaction,
    /// The time of everything in it, in whole microseconds: what both databases keep.
    pub now: DateTime<Utc>,
    clock: &'a Clock,
    news: Mutex<News>,
}

#[derive(Default)]
struct News {
    audit: Vec<audit::ActiveModel>,
    events: Vec<event::ActiveModel>,
    logs: Vec<JobId>,
    unsettled: bool,
}

/// What a committed transaction wakes.
#[derive(Default)]
pub(crate) struct Wake {
    pub(crate) events: bool,
    pub(crate) logs: Vec<JobId>,
    pub(crate) unsettled: bool,
}

impl Wake {
    pub(crate) fn add(&mut self, other: Self) {
        self.events |= other.events;
        self.logs.extend(other.logs);
        self.unsettled |= other.unsettled;
    }
}

impl<'a> Tx<'a> {
    fn new(db: &'a DatabaseTransaction, clock: &'a Clock) -> Self {
        Self { db, now: clock.now().trunc_subsecs(6), clock, news: Mutex::default() }
    }

    /// A new id.
    pub(crate) fn id(&self) -> Uuid {
        self.clock.id()
    }

    /// Appends an event when the work is done.
    pub fn emit(&self, event: event::ActiveModel) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).events.push(event);
    }

    /// Appends a line of the audit trail when the work is done.
    pub(super) fn append(&self, line: audit::ActiveModel) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).audit.push(line);
    }

    /// Has what waits for jobs that have ended looked after, once this is committed.
    pub(crate) fn leave_unsettled(&self) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).unsettled = true;
    }

    /// Wakes those who follow this job's log.
    pub fn wake_log(&self, job: JobId) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).logs.push(job);
    }

    /// Events go in last, under the row locks of what they tell of, so that one object's events are in order.
    async fn close(self) -> Result<Wake, Fault> {
        let news = self.news.into_inner().unwrap_or_else(PoisonError::into_inner);
        let wake = Wake { events: !news.events.is_empty(), logs: news.logs, unsettled: news.unsettled };
        for rows in news.audit.chunks(INSERT_ROWS) {
            audit::Entity::insert_many(rows.to_vec()).exec_without_returning(self.db).await?;
        }
        for rows in news.events.chunks(INSERT_ROWS) {
            event::Entity::insert_many(rows.to_vec()).exec_without_returning(self.db).await?;
        }
        Ok(wake)
    }
}

/// Work for a transaction: it may be run more than once, and only the last run counts.
pub trait Work<T>: for<'a> Fn(&'a Tx<'a>) -> BoxFuture<'a, Result<T, Fault>> + Send + Sync + 'static {}
impl<T, F> Work<T> for F where
    F: for<'a> Fn(&'a Tx<'a>) -> BoxFuture<'a, Result<T, Fault>> + Send + Sync + 'static
{
}

/// How this database is written.
pub(crate) enum Writer {
    Sqlite(GroupWriter),
    Postgres(DatabaseConnection, Feed),
}

impl Store {
    /// Runs `work` in a transaction and returns after it is durable.
    ///
    /// # Errors
    /// What the work returns, in which case nothing of it was kept; [`Fault::Unavailable`] when the database failed.
    pub async fn write<T, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let (reply, answer) = oneshot::channel();
        match self.writer() {
            Writer::Sqlite(writer) => writer.hand_in(work, reply).await?,
            Writer::Postgres(pool, feed) => {
                let (pool, feed, clock) = (pool.clone(), feed.clone(), self.clock().clone());
                tokio::spawn(async move {
                    let _ = reply.send(postgres::run(&pool, &feed, &clock, work).await);
                });
            }
        }
        answer.await.unwrap_or_else(|_| Err(Fault::Unavailable("the writer has stopped".into())))
    }
}

async fn run_once<T, W: Work<T>>(
    work: &W,
    db: &DatabaseTransaction,
    clock: &Clock,
) -> Result<(T, Wake), Fault> {
    let tx = Tx::new(db, clock);
    let outcome = AssertUnwindSafe(work(&tx)).catch_unwind().await;
    let value = outcome.unwrap_or_else(|_| Err(Fault::Internal("a transaction panicked".into())))?;
    Ok((value, tx.close().await?))
}
