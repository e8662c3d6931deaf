//! Writing to SQLite: one task puts all waiting work into one transaction, each behind the first in a savepoint of its own, and
//! answers after the commit.
//!
//! When the disk is full or fails, SQLite rolls back the whole transaction by itself, beneath the library, which goes on to
//! count savepoints that are no more; whatever such a connection is then told to commit, it does not keep. So a connection
//! is given up at the first sign of that, and nothing of its group is acknowledged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};

use super::{Wake, Work, run_once};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::store::feed::Feed;
use crate::store::reserve::Reserve;

/// Work that waits for the writer at most; beyond that, callers wait to hand theirs in.
const QUEUE: usize = 1024;
/// Work in one group at most, and the time after which a group takes no more: both bound the wait for the commit.
const GROUP: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(25);

/// The way to the one writer.
pub(crate) struct GroupWriter {
    queue: mpsc::Sender<Box<dyn Queued>>,
    failure: Arc<Mutex<Option<Fault>>>,
    reserve: Arc<Reserve>,
}

impl GroupWriter {
    /// Starts the writer; it ends when the store is dropped.
    pub(crate) fn start(
        connection: DatabaseConnection,
        options: ConnectOptions,
        reserve: Reserve,
        feed: Feed,
        clock: Clock,
    ) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Box<dyn Queued>>(QUEUE);
        let (failure, reserve) = (Arc::default(), Arc::new(reserve));
        let mut task = Task {
            options,
            connection: Some(connection),
            feed,
            clock,
            failure: Arc::clone(&failure),
            reserve: Arc::clone(&reserve),
        };
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                task.write_group(first, &mut waiting).await;
            }
        });
        Self { queue, failure, reserve }
    }

    /// Puts work into the queue; `reply` is told once it is durable.
    pub(super) async fn hand_in<T, W>(
        &self,
        work: W,
        reply: oneshot::Sender<Result<T, Fault>>,
    ) -> Result<(), Fault>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let item = Box::new(Item { work, done: None, reply });
        self.queue.send(item).await.map_err(|_| Fault::Unavailable("the writer has stopped".into()))
    }

    /// The room that is set aside for a full disk.
    pub(crate) fn reserve(&self) -> &Reserve {
        &self.reserve
    }

    /// Transactions that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Why the newest group was not kept, if it was not.
    pub(crate) fn failure(&self) -> Option<Fault> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Work of any result type, as the writer sees it.
trait Queued: Send {
    /// Runs it; true: keep what it did.
    fn run<'a>(&'a mut self, db: &'a DatabaseTransaction, clock: &'a Clock) -> BoxFuture<'a, bool>;
    /// Why the database failed it, if that is why it failed.
    fn failed_by_database(&self) -> Option<Fault>;
    /// Answers, the group's commit having ended so.
    fn finish(self: Box<Self>, commit: Result<(), Fault>) -> Wake;
}

struct Item<T, W> {
    work: W,
    done: Option<Result<(T, Wake), Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send + 'static, W: Work<T>> Queued for Item<T, W> {
    fn run<'a>(&'a mut self, db: &'a DatabaseTransaction, clock: &'a Clock) -> BoxFuture<'a, bool> {
        async move {
            let outcome = run_once(&self.work, db, clock).await;
            let keep = outcome.is_ok();
            self.done = Some(outcome);
            keep
        }
        .boxed()
    }

    fn failed_by_database(&self) -> Option<Fault> {
        match &self.done {
            Some(Err(fault @ (Fault::DiskFull(_) | Fault::Unavailable(_)))) => Some(fault.clone()),
            _ => None,
        }
    }

    fn finish(self: Box<Self>, commit: Result<(), Fault>) -> Wake {
        let done = self.done.unwrap_or_else(|| Err(Fault::Unavailable("the transaction was not run".into())));
        let (answer, wake) = match (done, commit) {
            (Ok((value, wake)), Ok(())) => (Ok(value), wake),
            (Err(Fault::Retry), _) => (Err(Fault::conflict("another change came first")), Wake::default()),
            (Err(fault), _) | (Ok(_), Err(fault)) => (Err(fault), Wake::default()),
        };
        // Who asked may have gone.
        let _ = self.reply.send(answer);
        wake
    }
}

struct Task {
    options: ConnectOptions,
    /// None: the last one was given up.
    connection: Option<DatabaseConnection>,
    feed: Feed,
    clock: Clock,
    failure: Arc<Mutex<Option<Fault>>>,
    reserve: Arc<Reserve>,
}

impl Task {
    async fn write_group(&mut self, first: Box<dyn Queued>, waiting: &mut mpsc::Receiver<Box<dyn Queued>>) {
        let mut group: Vec<Box<dyn Queued>> = vec![first];
        let clock = self.clock.clone();
        let outcome = match self.connection().await {
            Ok(connection) => run_group(connection, &clock, waiting, &mut group).await,
            Err(fault) => Err(fault),
        };
        metrics::histogram!("gpu_fleet_write_group_size").record(group.len() as f64);
        if let Err(fault) = &outcome {
            tracing::error!(%fault, "what was to be written was not kept; the connection is given up");
            self.give_up().await;
        }
        match &outcome {
            Err(Fault::DiskFull(_)) => self.reserve.give_up(),
            Err(_) => {}
            Ok(()) => self.reserve.restore(),
        }
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = outcome.as_ref().err().cloned();
        let mut wake = Wake::default();
        for item in group {
            wake.add(item.finish(outcome.clone()));
        }
        self.feed.committed(wake);
    }

    async fn connection(&mut self) -> Result<&DatabaseConnection, Fault> {
        if self.connection.is_none() {
            self.connection = Some(Database::connect(self.options.clone()).await?);
        }
        self.connection.as_ref().ok_or_else(|| Fault::Unavailable("there is no connection".into()))
    }

    async fn give_up(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if let Err(error) = connection.close().await {
            tracing::debug!(%error, "a connection that was given up could not be closed");
        }
    }
}

/// Runs the first piece of work, and what waits beside it, in one transaction. An error means that nothing was kept.
async fn run_group(
    connection: &DatabaseConnection,
    clock: &Clock,
    waiting: &mut mpsc::Receiver<Box<dyn Queued>>,
    group: &mut Vec<Box<dyn Queued>>,
) -> Result<(), Fault> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let started = Instant::now();
    let group_tx = connection.begin_with_options(options).await?;
    // Often there is no other. While it runs, nothing else is there to be kept: a savepoint would be two statements for nothing.
    if !run_one(&group_tx, clock, &mut group[0]).await? {
        return Ok(group_tx.rollback().await?);
    }
    while group.len() < GROUP && started.elapsed() < GROUP_TIME {
        let Ok(mut item) = waiting.try_recv() else { break };
        let outcome = run_in_savepoint(&group_tx, clock, &mut item).await;
        group.push(item);
        outcome?;
    }
    Ok(group_tx.commit().await?)
}

/// True: what it did is to be kept. An error means that the transaction around it cannot be trusted any more.
async fn run_one(db: &DatabaseTransaction, clock: &Clock, item: &mut Box<dyn Queued>) -> Result<bool, Fault> {
    let keep = item.run(db, clock).await;
    item.failed_by_database().map_or(Ok(keep), Err)
}

/// As [`run_one`], with what came before kept whatever becomes of this.
async fn run_in_savepoint(
    group_tx: &DatabaseTransaction,
    clock: &Clock,
    item: &mut Box<dyn Queued>,
) -> Result<(), Fault> {
    let savepoint = group_tx.begin().await?;
    let keep = run_one(&savepoint, clock, item).await?;
    let ended = if keep { savepoint.commit().await } else { savepoint.rollback().await };
    Ok(ended?)
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
