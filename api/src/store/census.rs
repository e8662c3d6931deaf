//! The whole fleet in figures, and the database's own, for those who watch the server.

use entity::job;
use sea_orm::{
    ColumnTrait as _, DatabaseBackend, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _,
};

use super::fleet::Counts;
use super::write::Writer;
use super::{Scope, Store};
use crate::fault::Fault;

/// What there is at one moment.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// Hosts and GPUs.
    pub fleet: Counts,
    /// Jobs that have not ended, by status.
    pub jobs: Vec<(String, i64)>,
    /// Running jobs that were warned because they do not use their GPUs.
    pub idle_jobs: u64,
}

/// The readers' pool, and who waits to write.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pool {
    /// Connections that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Transactions that wait for the writer; none on PostgreSQL, where nobody waits for another.
    pub writes_waiting: usize,
}

impl Store {
    /// Counts the whole fleet.
    ///
    /// # Errors
    /// Database faults.
    pub async fn census(&self) -> Result<Census, Fault> {
        let jobs = job::Entity::find()
            .select_only()
            .column(job::Column::Status)
            .column_as(job::Column::Id.count(), "jobs")
            .filter(job::Column::FinishedAt.is_null())
            .group_by(job::Column::Status)
            .into_tuple()
            .all(self.db())
            .await?;
        let idle_jobs = job::Entity::find()
            .filter(job::Column::Status.eq("RUNNING"))
            .filter(job::Column::Idle.is_not_null())
            .count(self.db())
            .await?;
        Ok(Census { fleet: self.counts(Scope::Fleet).await?, jobs, idle_jobs })
    }

    /// Looks at the connections, without using one.
    #[must_use]
    pub fn pool(&self) -> Pool {
        let (open, idle) = match self.db().get_database_backend() {
            DatabaseBackend::Postgres => {
                let pool = self.db().get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            _ => {
                let pool = self.db().get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        let writes_waiting = match self.writer() {
            Writer::Sqlite(writer) => writer.waiting(),
            Writer::Postgres(..) => 0,
        };
        Pool { open, idle, writes_waiting }
    }
}
