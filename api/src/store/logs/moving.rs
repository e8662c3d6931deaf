//! Logs of jobs that have ended: moved into the log store, and forgotten when they are too old. A row is deleted only after the
//! object that holds its lines was written and read back, in the transaction that says where they are now.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::JobId;
use entity::{host, job, log_chunk, log_object, placement};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest as _, Sha256};

use super::{LogState, MOST_BYTES};
use crate::fault::Fault;
use crate::log_store::{Block, Draft};
use crate::store::events::status_of;
use crate::store::life::lock_job;
use crate::store::{Scope, Store, Tx};

/// Chunks read at once.
const PAGE: u64 = 16;
/// Objects written for one job in one go.
const OBJECTS: usize = 16;
/// Chunks deleted in one transaction when a log is forgotten: others want to write.
const DELETED_AT_ONCE: u64 = 200;

/// A job's place among those whose logs are looked after: when it ended, and which it is.
pub type LogPlace = (DateTime<Utc>, JobId);

/// How much of an attempt's log on a host lies in an object.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    next_line: i32,
    bytes: i64,
}

/// An object that was written, and what it stands for.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    attempt: i32,
    part: i32,
    path: String,
    blocks: Vec<Block>,
    /// The first and the last chunk, and how many.
    chunks: (i64, i64, u64),
    parts: HashMap<Uuid, Part>,
}

#[cfg(test)]
impl Packed {
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl Store {
    /// Jobs that ended before this and whose logs are still somewhere, oldest first, from after a place on.
    ///
    /// # Errors
    /// Database faults.
    pub async fn logs_older_than(
        &self,
        before: DateTime<Utc>,
        after: Option<LogPlace>,
        most: u64,
    ) -> Result<Vec<LogPlace>, Fault> {
        // In the words of the index, which a value that is bound later could not choose.
        let aged = Expr::cust("log_state <> 'EXPIRED'").and(job::Column::FinishedAt.lt(before));
        self.jobs_by_end(Condition::all().add(aged), after, most).await
    }

    /// Jobs that have ended and whose logs are in the database, oldest first, from after a place on.
    ///
    /// # Errors
    /// Database faults.
    pub async fn logs_to_move(&self, after: Option<LogPlace>, most: u64) -> Result<Vec<LogPlace>, Fault> {
        let kept = Expr::cust("log_state = 'KEPT'");
        self.jobs_by_end(Condition::all().add(kept), after, most).await
    }

    async fn jobs_by_end(
        &self,
        wanted: Condition,
        after: Option<LogPlace>,
        most: u64,
    ) -> Result<Vec<LogPlace>, Fault> {
        use job::Column;
        let mut find = job::Entity::find()
            .select_only()
            .columns([Column::FinishedAt, Column::Id])
            .filter(Column::FinishedAt.is_not_null())
            .filter(wanted);
        if let Some((at, id)) = after {
            let behind = Column::FinishedAt.eq(at).and(Column::Id.gt(id.0));
            find = find.filter(Condition::any().add(Column::FinishedAt.gt(at)).add(behind));
        }
        let rows: Vec<(DateTime<Utc>, Uuid)> = find
            .order_by_asc(Column::FinishedAt)
            .order_by_asc(Column::Id)
            .limit(most)
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|(at, id)| (at, JobId(id))).collect())
    }

    /// Moves a job's log into the log store, if all of it is there: whether none of it is left in the database.
    ///
    /// # Errors
    /// Database faults; [`Fault::LogStoreAway`], and then every line is where it was.
    pub async fn move_log(&self, job: JobId) -> Result<bool, Fault> {
        let Some(objects) = self.log_store() else { return Ok(false) };
        if !self.log_has_ended(job, None).await? {
            return Ok(false);
        }
        for _ in 0..OBJECTS {
            let Some((packed, object)) = self.pack(job).await? else {
                return self.write(move |tx| Box::pin(async move { all_moved(tx, job).await })).await;
            };
            objects.keep(&packed.path, object).await?;
            self.write(move |tx| {
                let packed = packed.clone();
                Box::pin(async move { replace(tx, job, packed).await })
            })
            .await?;
        }
        Ok(false)
    }

    /// The next object of a job's log; none: no line of it is in the database.
    pub(super) async fn pack(&self, job: JobId) -> Result<Option<(Packed, Vec<u8>)>, Fault> {
        use log_chunk::Column;
        let oldest = log_chunk::Entity::find()
            .filter(Column::JobId.eq(job.0))
            .order_by_asc(Column::Id)
            .one(self.db())
            .await?;
        let Some(oldest) = oldest else { return Ok(None) };
        let names = self.names_of_hosts(job).await?;
        let mut draft = Draft::default();
        let mut chunks = (oldest.id, oldest.id, 0);
        let mut parts: HashMap<Uuid, Part> = HashMap::new();
        let mut next = oldest.id;
        while (draft.raw as u64) < MOST_BYTES.unsigned_abs() {
            let rows = log_chunk::Entity::find()
                .filter(Column::JobId.eq(job.0))
                .filter(Column::Attempt.eq(oldest.attempt))
                .filter(Column::Id.gte(next))
                .order_by_asc(Column::Id)
                .limit(PAGE)
                .all(self.db())
                .await?;
            let Some(last) = rows.last().map(|row| row.id) else { break };
            for row in &rows {
                let part = parts.entry(row.host_id).or_default();
                part.next_line = Ord::max(part.next_line, row.first_line.saturating_add(row.line_count));
                part.bytes += i64::from(row.bytes);
            }
            chunks = (chunks.0, last, chunks.2 + rows.len() as u64);
            next = last + 1;
            let names = names.clone();
            // Packing is pure work: not on a thread that serves requests.
            let packed = tokio::task::spawn_blocking(move || {
                for row in &rows {
                    draft.add(row, names.get(&row.host_id).map_or("", String::as_str))?;
                }
                Ok::<_, Fault>(draft)
            });
            draft = packed.await.map_err(|error| Fault::Internal(error.to_string()))??;
        }
        let (object, blocks) = draft.finish()?;
        let part = self.next_part(job, oldest.attempt).await?;
        let path = path(job, oldest.attempt, part, &object);
        Ok(Some((Packed { attempt: oldest.attempt, part, path, blocks, chunks, parts }, object)))
    }

    async fn names_of_hosts(&self, job: JobId) -> Result<HashMap<Uuid, String>, Fault> {
        let ids: Vec<Uuid> = placement::Entity::find()
            .select_only()
            .column(placement::Column::HostId)
            .filter(placement::Column::JobId.eq(job.0))
            .into_tuple()
            .all(self.db())
            .await?;
        let names: Vec<(Uuid, String)> = host::Entity::find()
            .select_only()
            .columns([host::Column::Id, host::Column::Name])
            .filter(host::Column::Id.is_in(ids))
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(names.into_iter().collect())
    }

    async fn next_part(&self, job: JobId, attempt: i32) -> Result<i32, Fault> {
        let newest = log_object::Entity::find()
            .filter(log_object::Column::JobId.eq(job.0))
            .filter(log_object::Column::Attempt.eq(attempt))
            .order_by_desc(log_object::Column::Part)
            .one(self.db())
            .await?;
        Ok(newest.map_or(1, |newest| newest.part + 1))
    }

    /// Forgets the log of a job that has ended, some of it at a time. That it was forgotten stays.
    ///
    /// # Errors
    /// Database faults; [`Fault::LogStoreAway`], and then the rest is forgotten another time.
    pub async fn forget_log(&self, job: JobId) -> Result<(), Fault> {
        self.write(move |tx| Box::pin(async move { set_state(tx, job, LogState::Expiring).await })).await?;
        while self.write(move |tx| Box::pin(async move { delete_some(tx, job).await })).await? {}
        let objects =
            log_object::Entity::find().filter(log_object::Column::JobId.eq(job.0)).all(self.db()).await?;
        for object in objects {
            let store = self.log_store().ok_or_else(|| {
                Fault::LogStoreAway("a log was moved to a store that this server was not given".to_owned())
            })?;
            store.forget(&object.path).await?;
            self.write(move |tx| {
                Box::pin(async move {
                    let key = (object.job_id, object.attempt, object.part);
                    log_object::Entity::delete_by_id(key).exec(tx.db).await?;
                    Ok(())
                })
            })
            .await?;
        }
        // From now on no row can name an object of this job.
        if let Some(store) = self.log_store() {
            store.forget_all(&folder(job)).await?;
        }
        self.write(move |tx| Box::pin(async move { set_state(tx, job, LogState::Expired).await })).await
    }
}

/// Where all objects of a job's log are.
fn folder(job: JobId) -> String {
    job.to_string()
}

/// The name of an object ends with its contents' hash, so that nothing that was written is ever written over, and the same work
/// done twice, by a server that was killed in between, makes the same object.
fn path(job: JobId, attempt: i32, part: i32, object: &[u8]) -> String {
    let hash: String = Sha256::digest(object).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let part = if part == 1 { String::new() } else { format!("-part-{part}") };
    format!("{}/attempt-{attempt}{part}-{hash}.jsonl.gz", folder(job))
}

/// Puts the object in the place of the rows that it holds.
async fn replace(tx: &Tx<'_>, job: JobId, packed: Packed) -> Result<(), Fault> {
    let row = lock_job(tx, Scope::Fleet, job).await?;
    if LogState::parse(&row.log_state) != LogState::Kept {
        return Err(Fault::conflict("the log is moved or forgotten already"));
    }
    let (first, last, count) = packed.chunks;
    let deleted = log_chunk::Entity::delete_many()
        .filter(log_chunk::Column::JobId.eq(job.0))
        .filter(log_chunk::Column::Attempt.eq(packed.attempt))
        .filter(log_chunk::Column::Id.between(first, last))
        .exec(tx.db)
        .await?;
    if deleted.rows_affected != count {
        return Err(Fault::conflict("the log is not what was packed"));
    }
    for (host, part) in packed.parts {
        placement::Entity::update_many()
            .col_expr(placement::Column::LogLines, Expr::value(part.next_line))
            .col_expr(placement::Column::LogBytes, Expr::col(placement::Column::LogBytes).add(part.bytes))
            .filter(placement::Column::JobId.eq(job.0))
            .filter(placement::Column::Attempt.eq(packed.attempt))
            .filter(placement::Column::HostId.eq(host))
            .exec(tx.db)
            .await?;
    }
    let object = log_object::ActiveModel {
        job_id: Set(job.0),
        attempt: Set(packed.attempt),
        part: Set(packed.part),
        path: Set(packed.path),
        blocks: Set(serde_json::to_value(packed.blocks).unwrap_or_default()),
    };
    log_object::Entity::insert(object).exec_without_returning(tx.db).await?;
    Ok(())
}

/// Notes that a log has been moved, unless a line came meanwhile.
async fn all_moved(tx: &Tx<'_>, job: JobId) -> Result<bool, Fault> {
    lock_job(tx, Scope::Fleet, job).await?;
    let left =
        log_chunk::Entity::find().filter(log_chunk::Column::JobId.eq(job.0)).one(tx.db).await?.is_some();
    if !left {
        set_state(tx, job, LogState::Moved).await?;
    }
    Ok(!left)
}

/// Where a log is concerns no reader's edit: it bumps no version.
pub(super) async fn set_state(tx: &Tx<'_>, job: JobId, state: LogState) -> Result<(), Fault> {
    let row = lock_job(tx, Scope::Fleet, job).await?;
    if state != LogState::Kept && !status_of(&row).is_terminal() {
        return Err(Fault::conflict("the job has not ended"));
    }
    job::Entity::update_many()
        .col_expr(job::Column::LogState, Expr::value(state.as_str()))
        .filter(job::Column::Id.eq(job.0))
        .exec(tx.db)
        .await?;
    Ok(())
}

/// Deletes some of a log's chunks: whether there may be more.
async fn delete_some(tx: &Tx<'_>, job: JobId) -> Result<bool, Fault> {
    let ids: Vec<i64> = log_chunk::Entity::find()
        .select_only()
        .column(log_chunk::Column::Id)
        .filter(log_chunk::Column::JobId.eq(job.0))
        .order_by_asc(log_chunk::Column::Id)
        .limit(DELETED_AT_ONCE)
        .into_tuple()
        .all(tx.db)
        .await?;
    let more = ids.len() as u64 == DELETED_AT_ONCE;
    if !ids.is_empty() {
        log_chunk::Entity::delete_many().filter(log_chunk::Column::Id.is_in(ids)).exec(tx.db).await?;
    }
    Ok(more)
}
