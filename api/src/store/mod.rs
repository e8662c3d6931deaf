//! The only place with SQL. Reads take a [`Scope`], so that there is no unscoped call to forget; writes go through
//! [`Store::write`], which owns the transaction, and edits of versioned rows through one door, [`versioned`].

pub mod agents;
pub mod allocations;
pub mod api_keys;
pub mod audit;
pub mod census;
mod dependents;
pub mod events;
pub mod feed;
pub mod fleet;
pub mod gpus;
pub mod hosts;
mod idle;
pub mod jobs;
pub mod keys;
pub mod leases;
pub mod life;
pub mod logs;
mod notify;
pub mod open;
pub mod organizations;
pub mod page;
pub mod placing;
mod preempting;
pub mod queue;
mod reserve;
pub mod scope;
pub mod telemetry;
pub mod usage;
pub mod versioned;
pub mod write;

use std::sync::{Arc, OnceLock};

use sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::clock::Clock;
use crate::fault::Fault;
use crate::log_store::LogStore;
pub use audit::Actor;
pub use feed::{ChangeKind, Event, EventKind, Feed};
pub use scope::Scope;
pub use write::Tx;

/// The database, opened: readers, the writer and the feed of committed events. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: DatabaseConnection,
    writer: write::Writer,
    feed: Feed,
    clock: Clock,
    logs: OnceLock<LogStore>,
}

impl Store {
    pub(crate) fn assemble(
        readers: DatabaseConnection,
        writer: write::Writer,
        feed: Feed,
        clock: Clock,
    ) -> Self {
        Self { inner: Arc::new(Inner { readers, writer, feed, clock, logs: OnceLock::new() }) }
    }

    /// For reads outside a transaction.
    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.inner.readers
    }

    pub(crate) fn writer(&self) -> &write::Writer {
        &self.inner.writer
    }

    /// What time it is for this server.
    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Has logs of jobs that have ended moved there, and read from there. Said once, before anybody reads.
    pub fn keep_logs_in(&self, logs: LogStore) {
        let _ = self.inner.logs.set(logs);
    }

    /// Where logs are moved, if they are.
    #[must_use]
    pub fn log_store(&self) -> Option<&LogStore> {
        self.inner.logs.get()
    }

    /// What has been committed, as it is committed.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.inner.feed
    }

    /// Whether the database answers, and whether what was written last was kept.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when not.
    pub async fn check_health(&self) -> Result<(), Fault> {
        if let write::Writer::Sqlite(writer) = self.writer()
            && let Some(failure) = writer.failure()
        {
            return Err(failure);
        }
        self.ping().await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.db().execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Whether several servers may share this database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.db().get_database_backend(), sea_orm::DatabaseBackend::Postgres)
    }
}

#[cfg(test)]
mod asked_tests;
#[cfg(test)]
mod gang_tests;
