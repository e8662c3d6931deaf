//! Transactions. Work is a closure that may be run again; it gets a [`Tx`], and what it emits becomes events of the
//! same transaction. No caller's cancellation can touch a transaction: it lives in a task of its own.
//!
//! SQLite has one writer task, which puts all waiting work into one transaction, each in a savepoint of its own, and
//! answers after the commit: one fsync serves many. PostgreSQL groups commits by itself: each piece of work is a
//! transaction, run again after a serialization failure or a connection lost before its commit.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use domain::ids::JobId;
use entity::event;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, EntityTrait, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};

use super::Store;
use super::feed::Feed;
use crate::fault::Fault;

/// Work that waits for the SQLite writer at most; beyond that, callers wait to hand theirs in.
const QUEUE: usize = 1024;
/// Work in one group at most, and the time after which a group takes no more: both bound the wait for the commit.
const GROUP: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(25);
/// How often PostgreSQL work is run at most.
const ATTEMPTS: u32 = 6;
/// Rows in one INSERT at most: SQLite binds at most 32,766 values.
pub(crate) const INSERT_ROWS: usize = 500;

/// An open transaction, and what it will tell the world once committed.
pub struct Tx<'a> {
    /// The transaction.
    pub db: &'a DatabaseTransaction,
    /// The time of everything in it, in whole microseconds: what both databases keep.
    pub now: DateTime<Utc>,
    news: Mutex<News>,
}

#[derive(Default)]
struct News {
    events: Vec<event::ActiveModel>,
    logs: Vec<JobId>,
}

/// What a committed transaction wakes.
#[derive(Default)]
pub(crate) struct Wake {
    pub(crate) events: bool,
    pub(crate) logs: Vec<JobId>,
}

impl<'a> Tx<'a> {
    fn new(db: &'a DatabaseTransaction) -> Self {
        Self { db, now: Utc::now().trunc_subsecs(6), news: Mutex::default() }
    }

    /// Appends an event when the work is done.
    pub fn emit(&self, event: event::ActiveModel) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).events.push(event);
    }

    /// Wakes those who follow this job's log.
    pub fn wake_log(&self, job: JobId) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).logs.push(job);
    }

    /// Events go in last, under the row locks of what they tell of, so that one object's events are in order.
    async fn close(self) -> Result<Wake, Fault> {
        let news = self.news.into_inner().unwrap_or_else(PoisonError::into_inner);
        let wake = Wake { events: !news.events.is_empty(), logs: news.logs };
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
    Sqlite(mpsc::Sender<Box<dyn Queued>>),
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
            Writer::Sqlite(queue) => {
                let item = Box::new(Item { work, done: None, reply });
                queue.send(item).await.map_err(|_| Fault::Unavailable("the writer has stopped".into()))?;
            }
            Writer::Postgres(pool, feed) => {
                let (pool, feed) = (pool.clone(), feed.clone());
                tokio::spawn(async move {
                    let _ = reply.send(run_on_postgres(&pool, &feed, work).await);
                });
            }
        }
        answer.await.unwrap_or_else(|_| Err(Fault::Unavailable("the writer has stopped".into())))
    }
}

async fn run_once<T, W: Work<T>>(work: &W, db: &DatabaseTransaction) -> Result<(T, Wake), Fault> {
    let tx = Tx::new(db);
    let outcome = AssertUnwindSafe(work(&tx)).catch_unwind().await;
    let value = outcome.unwrap_or_else(|_| Err(Fault::Internal("a transaction panicked".into())))?;
    Ok((value, tx.close().await?))
}

async fn run_on_postgres<T, W: Work<T>>(pool: &DatabaseConnection, feed: &Feed, work: W) -> Result<T, Fault> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match once_on_postgres(pool, &work).await {
            Ok((value, wake)) => {
                feed.committed(wake);
                return Ok(value);
            }
            Err(Failure::Again(_)) if attempt < ATTEMPTS => {
                metrics::counter!("gpu_fleet_transaction_retries_total").increment(1);
                tokio::time::sleep(backoff(attempt)).await;
            }
            Err(Failure::Again(fault) | Failure::Final(fault)) => {
                return Err(match fault {
                    Fault::Retry => Fault::Unavailable("too many transactions met each other".into()),
                    other => other,
                });
            }
        }
    }
}

enum Failure {
    Again(Fault),
    Final(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Retry | Fault::Unavailable(_) => Self::Again(fault),
            other => Self::Final(other),
        }
    }
}

async fn once_on_postgres<T, W: Work<T>>(pool: &DatabaseConnection, work: &W) -> Result<(T, Wake), Failure> {
    let db = pool.begin().await.map_err(Fault::from)?;
    match run_once(work, &db).await {
        Ok(done) => match db.commit().await.map_err(Fault::from) {
            Ok(()) => Ok(done),
            Err(Fault::Retry) => Err(Failure::Again(Fault::Retry)),
            // Whether a commit took place whose answer was lost is unknown: running it again could do it twice.
            Err(fault) => Err(Failure::Final(fault)),
        },
        Err(fault) => {
            if let Err(error) = db.rollback().await {
                tracing::debug!(%error, "a roll-back failed; the server will do it");
            }
            Err(fault.into())
        }
    }
}

/// 10 ms doubling, each with full jitter.
fn backoff(attempt: u32) -> Duration {
    let ceiling = 10.0 * f64::from(2u32.pow(attempt.min(8)));
    Duration::from_secs_f64(rand::random::<f64>() * ceiling / 1000.0)
}

/// Work of any result type, as the SQLite writer sees it.
pub(crate) trait Queued: Send {
    /// Runs it; true: keep what it did.
    fn run<'a>(&'a mut self, db: &'a DatabaseTransaction) -> BoxFuture<'a, bool>;
    /// Marks it failed, its savepoint having failed.
    fn fail(&mut self, fault: Fault);
    /// Answers, the group's commit having ended so.
    fn finish(self: Box<Self>, commit: Result<(), Fault>) -> Wake;
}

struct Item<T, W> {
    work: W,
    done: Option<Result<(T, Wake), Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send + 'static, W: Work<T>> Queued for Item<T, W> {
    fn run<'a>(&'a mut self, db: &'a DatabaseTransaction) -> BoxFuture<'a, bool> {
        async move {
            let outcome = run_once(&self.work, db).await;
            let keep = outcome.is_ok();
            self.done = Some(outcome);
            keep
        }
        .boxed()
    }

    fn fail(&mut self, fault: Fault) {
        self.done = Some(Err(fault));
    }

    fn finish(self: Box<Self>, commit: Result<(), Fault>) -> Wake {
        let done = self.done.unwrap_or_else(|| Err(Fault::Unavailable("the transaction was not run".into())));
        match (done, commit) {
            (Ok((value, wake)), Ok(())) => {
                let _ = self.reply.send(Ok(value));
                wake
            }
            (Err(Fault::Retry), _) => {
                let _ = self.reply.send(Err(Fault::conflict("another change came first")));
                Wake::default()
            }
            (Err(fault), _) | (Ok(_), Err(fault)) => {
                let _ = self.reply.send(Err(fault));
                Wake::default()
            }
        }
    }
}

/// Starts the one SQLite writer; it ends when the store is dropped.
pub(crate) fn start_sqlite_writer(connection: DatabaseConnection, feed: Feed) -> Writer {
    let (queue, mut waiting) = mpsc::channel::<Box<dyn Queued>>(QUEUE);
    tokio::spawn(async move {
        while let Some(first) = waiting.recv().await {
            write_group(&connection, &feed, first, &mut waiting).await;
        }
    });
    Writer::Sqlite(queue)
}

async fn write_group(
    connection: &DatabaseConnection,
    feed: &Feed,
    first: Box<dyn Queued>,
    waiting: &mut mpsc::Receiver<Box<dyn Queued>>,
) {
    let mut group: Vec<Box<dyn Queued>> = Vec::with_capacity(16);
    let outcome = run_group(connection, first, waiting, &mut group).await;
    metrics::histogram!("gpu_fleet_write_group_size").record(group.len() as f64);
    let mut wake = Wake::default();
    for item in group {
        let one = item.finish(outcome.clone());
        wake.events |= one.events;
        wake.logs.extend(one.logs);
    }
    feed.committed(wake);
}

async fn run_group(
    connection: &DatabaseConnection,
    first: Box<dyn Queued>,
    waiting: &mut mpsc::Receiver<Box<dyn Queued>>,
    group: &mut Vec<Box<dyn Queued>>,
) -> Result<(), Fault> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    group.push(first);
    let started = Instant::now();
    let group_tx = connection.begin_with_options(options).await?;
    let mut next = 0;
    loop {
        run_in_savepoint(&group_tx, &mut group[next]).await;
        next += 1;
        if group.len() >= GROUP || started.elapsed() >= GROUP_TIME {
            break;
        }
        let Ok(item) = waiting.try_recv() else { break };
        group.push(item);
    }
    Ok(group_tx.commit().await?)
}

async fn run_in_savepoint(group_tx: &DatabaseTransaction, item: &mut Box<dyn Queued>) {
    let savepoint = match group_tx.begin().await {
        Ok(savepoint) => savepoint,
        Err(error) => return item.fail(error.into()),
    };
    let keep = item.run(&savepoint).await;
    let end = if keep { savepoint.commit().await } else { savepoint.rollback().await };
    if let (true, Err(error)) = (keep, end) {
        item.fail(error.into());
    }
}
