//! Logs read back, wherever they lie: chunks of the database and those that were moved into the log store, by their numbers.

use std::collections::VecDeque;

use domain::ids::JobId;
use entity::{job, log_chunk, log_object, placement};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Held, LogCursor, LogPage, LogState, PAGE, PAGE_BYTES, PATIENCE};
use crate::fault::Fault;
use crate::log_store::{Block, unpack};
use crate::store::Store;
use crate::store::events::status_of;
use crate::store::logs::Line;

/// Chunks in the order of their numbers, and whether there may be more behind them.
type Run = (Vec<Held>, bool);

/// A part of a log that lies in the log store.
struct Moved {
    path: String,
    block: Block,
}

impl Store {
    /// Lines after a place, oldest first, each with the place behind it, of one attempt or of all; and whether the job had
    /// ended, and all of its log was there, before this was read.
    ///
    /// # Errors
    /// Database faults; [`Fault::LogStoreAway`] for a log that was moved where nobody answers.
    pub async fn log_after(
        &self,
        id: JobId,
        attempt: Option<i32>,
        after: LogCursor,
    ) -> Result<(LogPage, bool), Fault> {
        let ended = self.log_has_ended(id, attempt).await?;
        let (chunks, has_more) = self.log_chunks(id, attempt, after).await?;
        let mut page = LogPage { lines: Vec::new(), end: after, has_more };
        for chunk in chunks {
            let skip = page.enter(&chunk);
            page.lines.extend(chunk.numbered().skip(skip));
            page.end = page.lines.last().map_or(page.end, |(at, _)| page.end.max(*at));
        }
        let done = ended && !has_more;
        Ok((page, done))
    }

    /// A page of lines after a place, oldest first, of one attempt or of all, with those alone that have `text` in them, whatever
    /// the case. A page looks at a bounded part of the log: the place behind all that it has looked at is where the next one
    /// goes on, if there is one.
    ///
    /// # Errors
    /// See [`Store::log_after`].
    pub async fn log_page(
        &self,
        id: JobId,
        attempt: Option<i32>,
        text: Option<&str>,
        after: LogCursor,
        most: usize,
    ) -> Result<LogPage, Fault> {
        let text = text.map(str::to_lowercase);
        let passes = |line: &Line| text.as_ref().is_none_or(|text| line.text.to_lowercase().contains(text));
        let mut page = LogPage { lines: Vec::new(), end: after, has_more: true };
        let mut looked = 0;
        while looked < PAGE_BYTES {
            let (chunks, more) = self.log_chunks(id, attempt, page.end).await?;
            for chunk in chunks {
                looked += chunk.bytes();
                let skip = page.enter(&chunk);
                for (at, line) in chunk.numbered().skip(skip) {
                    if page.lines.len() == most {
                        return Ok(page);
                    }
                    page.end = at;
                    if passes(&line) {
                        page.lines.push((at, line));
                    }
                }
            }
            if !more {
                page.has_more = false;
                break;
            }
        }
        Ok(page)
    }

    /// The newest lines, oldest first.
    ///
    /// # Errors
    /// See [`Store::log_after`].
    pub async fn log_tail(&self, id: JobId, lines: usize) -> Result<Vec<(LogCursor, Line)>, Fault> {
        let mut newest: Vec<Held> = Vec::new();
        let mut before = i64::MAX;
        while count(&newest) < lines {
            let chunks = log_chunk::Entity::find()
                .filter(log_chunk::Column::JobId.eq(id.0))
                .filter(log_chunk::Column::Id.lt(before))
                .order_by_desc(log_chunk::Column::Id)
                .limit(PAGE)
                .all(self.db())
                .await?;
            let Some(oldest) = chunks.last().map(|chunk| chunk.id) else { break };
            before = oldest;
            newest.extend(chunks.into_iter().map(Held::of));
        }
        // After the rows: what is moved in between is seen twice rather than not at all.
        let mut moved = self.moved(id, None, 0).await?;
        moved.sort_unstable_by_key(|moved| std::cmp::Reverse(moved.block.last));
        for moved in moved {
            newest.sort_unstable_by_key(|chunk| std::cmp::Reverse(chunk.id));
            newest.dedup_by_key(|chunk| chunk.id);
            if cutoff(&newest, lines).is_some_and(|oldest| moved.block.last < oldest) {
                break;
            }
            newest.extend(self.unpacked(&moved).await?);
        }
        newest.sort_unstable_by_key(|chunk| chunk.id);
        newest.dedup_by_key(|chunk| chunk.id);
        let mut tail: Vec<(LogCursor, Line)> = newest.into_iter().flat_map(Held::numbered).collect();
        tail.drain(..tail.len().saturating_sub(lines));
        Ok(tail)
    }

    /// Chunks from a place on: some of them, with a line behind the place if there is one.
    async fn log_chunks(&self, id: JobId, attempt: Option<i32>, from: LogCursor) -> Result<Run, Fault> {
        let mut find = log_chunk::Entity::find()
            .filter(log_chunk::Column::JobId.eq(id.0))
            .filter(log_chunk::Column::Id.gte(from.chunk));
        if let Some(attempt) = attempt {
            find = find.filter(log_chunk::Column::Attempt.eq(attempt));
        }
        let rows = find.order_by_asc(log_chunk::Column::Id).limit(PAGE).all(self.db()).await?;
        let more_rows = rows.len() as u64 == PAGE;
        // After the rows: what is moved in between is seen twice rather than not at all.
        let mut moved = self.moved(id, attempt, from.chunk).await?;
        moved.sort_unstable_by_key(|moved| moved.block.first);
        let mut moved = VecDeque::from(moved);
        // Up to here everything is known.
        let last_row = rows.last().map(|row| row.id).filter(|_| more_rows).unwrap_or(i64::MAX);
        let mut chunks: Vec<Held> = rows.into_iter().map(Held::of).collect();
        let is_new = |chunk: &Held| {
            chunk.id > from.chunk || (chunk.id == from.chunk && chunk.lines.len() > from.lines)
        };
        loop {
            let known = moved.front().map_or(last_row, |next| last_row.min(next.block.first - 1));
            let enough = chunks.iter().any(|chunk| chunk.id <= known && is_new(chunk));
            let next = if enough || known == last_row { None } else { moved.pop_front() };
            let Some(next) = next else {
                chunks.retain(|chunk| chunk.id <= known);
                chunks.sort_unstable_by_key(|chunk| chunk.id);
                chunks.dedup_by_key(|chunk| chunk.id);
                return Ok((chunks, more_rows || known != last_row));
            };
            let members = self.unpacked(&next).await?;
            chunks.extend(members.into_iter().filter(|chunk| chunk.id >= from.chunk));
        }
    }

    /// The parts of a log that lie in the log store and have chunks from this one on.
    async fn moved(&self, id: JobId, attempt: Option<i32>, from: i64) -> Result<Vec<Moved>, Fault> {
        let mut find = log_object::Entity::find().filter(log_object::Column::JobId.eq(id.0));
        if let Some(attempt) = attempt {
            find = find.filter(log_object::Column::Attempt.eq(attempt));
        }
        let objects = find.all(self.db()).await?;
        if objects.is_empty() || self.log_state(id).await?.is_over() {
            return Ok(Vec::new());
        }
        let mut moved = Vec::new();
        for object in objects {
            let blocks: Vec<Block> = serde_json::from_value(object.blocks).map_err(|error| {
                Fault::Internal(format!("the places in {} are lost: {error}", object.path))
            })?;
            let wanted = blocks.into_iter().filter(|block| block.last >= from);
            moved.extend(wanted.map(|block| Moved { path: object.path.clone(), block }));
        }
        Ok(moved)
    }

    async fn unpacked(&self, moved: &Moved) -> Result<Vec<Held>, Fault> {
        let store = self.log_store().ok_or_else(|| {
            Fault::LogStoreAway("the log was moved to a store that this server was not given".to_owned())
        })?;
        let member = store.read(&moved.path, &moved.block).await?;
        let unpacked = tokio::task::spawn_blocking(move || unpack(&member)).await;
        unpacked.map_err(|error| Fault::Internal(error.to_string()))?
    }

    /// Where a job's log is.
    ///
    /// # Errors
    /// Database faults.
    pub async fn log_state(&self, id: JobId) -> Result<LogState, Fault> {
        let state: Option<String> = job::Entity::find_by_id(id.0)
            .select_only()
            .column(job::Column::LogState)
            .into_tuple()
            .one(self.db())
            .await?;
        Ok(LogState::parse(state.as_deref().unwrap_or_default()))
    }

    /// Whether no line can come any more: the job has ended, and its agents have said that they sent all of its log. An agent
    /// that has not said so within [`PATIENCE`] is not waited for.
    pub(super) async fn log_has_ended(&self, id: JobId, attempt: Option<i32>) -> Result<bool, Fault> {
        let Some(row) = job::Entity::find_by_id(id.0).one(self.db()).await? else { return Ok(true) };
        let is_past = attempt.is_some_and(|attempt| attempt < row.attempt);
        if !is_past && !status_of(&row).is_terminal() {
            return Ok(false);
        }
        if row.finished_at.is_none_or(|at| self.clock().now() - at > PATIENCE) {
            return Ok(true);
        }
        let awaited = placement::Entity::find()
            .filter(placement::Column::JobId.eq(id.0))
            .filter(placement::Column::Attempt.eq(attempt.unwrap_or(row.attempt)))
            .filter(placement::Column::LogComplete.eq(false))
            .filter(placement::Column::State.eq("EXITED"))
            .count(self.db())
            .await?;
        Ok(awaited == 0)
    }
}

fn count(chunks: &[Held]) -> usize {
    chunks.iter().map(|chunk| chunk.lines.len()).sum()
}

/// The number of the chunk with the oldest line of so many, of chunks from the newest to the oldest; none: there are fewer.
fn cutoff(chunks: &[Held], lines: usize) -> Option<i64> {
    let mut seen = 0;
    chunks.iter().find_map(|chunk| {
        seen += chunk.lines.len();
        (seen >= lines).then_some(chunk.id)
    })
}
