//! Job logs: chunks of lines, appended once and in order for each attempt and host. They may be moved into a log store when
//! their job has ended (`moving`), and are read from wherever they are (`reading`).

mod moving;
mod reading;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{HostId, JobId};
use entity::{log_chunk, placement};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

pub use moving::LogPlace;

use super::agents::at_epoch;
use super::{Scope, Store, Tx};
use crate::fault::Fault;

/// What is kept of one job's log at most; what follows is dropped, with a line that says so.
const MOST_BYTES: i64 = 64 << 20;
/// Chunks read at once.
const PAGE: u64 = 64;
/// Bytes of a log looked at for one page at most, give or take a few chunks.
const PAGE_BYTES: usize = 16 << 20;
/// How long followers wait for the rest of an ended job's log.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// When it was written, by the host's clock.
    #[serde(rename = "a", with = "chrono::serde::ts_microseconds")]
    pub at: DateTime<Utc>,
    /// True: standard error.
    #[serde(rename = "e")]
    pub stderr: bool,
    /// The line, without its end.
    #[serde(rename = "t")]
    pub text: String,
}

/// Lines of one attempt, as its agent sends them.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: i32,
    /// The number of the first line.
    pub first_line: i32,
    /// The lines.
    pub lines: Vec<Line>,
    /// No line follows: the attempt is over on this host, and this is the end of its log.
    pub last: bool,
}

/// The answer to one chunk.
#[derive(Debug, Clone)]
pub struct Appended {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: i32,
    /// False: not this host's.
    pub accepted: bool,
    /// The line wanted next.
    pub next_line: i32,
}

/// A page of a log.
#[derive(Debug, Clone)]
pub struct LogPage {
    /// The lines, each with the place behind it.
    pub lines: Vec<(LogCursor, Line)>,
    /// The place behind all that was looked at.
    pub end: LogCursor,
    /// True: the log goes on there.
    pub has_more: bool,
}

impl LogPage {
    /// Goes on to a chunk, also where none of its lines was kept; how many of its lines lie behind already.
    fn enter(&mut self, chunk: &Held) -> usize {
        if chunk.id > self.end.chunk {
            self.end = LogCursor { chunk: chunk.id, lines: 0 };
        }
        self.end.lines
    }
}

/// A chunk that is kept, wherever that is.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its number.
    pub id: i64,
    /// Its lines, without those that were too many.
    pub lines: Vec<Line>,
}

impl Held {
    fn of(row: log_chunk::Model) -> Self {
        Self { id: row.id, lines: serde_json::from_value(row.lines).unwrap_or_default() }
    }

    fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.text.len() + 32).sum()
    }

    /// Its lines, each with the place behind it.
    fn numbered(self) -> impl Iterator<Item = (LogCursor, Line)> {
        let chunk = self.id;
        let place = move |(place, line)| (LogCursor { chunk, lines: place + 1 }, line);
        self.lines.into_iter().enumerate().map(place)
    }
}

/// Where a job's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogState {
    /// In the database; some of it may have been moved.
    Kept,
    /// All of it was moved into the log store.
    Moved,
    /// It is being forgotten.
    Expiring,
    /// It was forgotten.
    Expired,
}

impl LogState {
    /// As the book spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "KEPT",
            Self::Moved => "MOVED",
            Self::Expiring => "EXPIRING",
            Self::Expired => "EXPIRED",
        }
    }

    /// What the book says; the table's CHECK admits no other text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "MOVED" => Self::Moved,
            "EXPIRING" => Self::Expiring,
            "EXPIRED" => Self::Expired,
            _ => Self::Kept,
        }
    }

    /// Whether nobody reads it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Expiring | Self::Expired)
    }
}

/// A place in a job's log: everything before it has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogCursor {
    /// The chunk.
    pub chunk: i64,
    /// Lines of it that have been read.
    pub lines: usize,
}

impl std::fmt::Display for LogCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "l{:x}.{:x}", self.chunk, self.lines)
    }
}

impl std::str::FromStr for LogCursor {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let parse = || {
            let (chunk, lines) = text.strip_prefix('l')?.split_once('.')?;
            let chunk = i64::from_str_radix(chunk, 16).ok().filter(|chunk| *chunk >= 0)?;
            Some(Self { chunk, lines: usize::from_str_radix(lines, 16).ok()? })
        };
        parse().ok_or_else(|| Fault::invalid("after", "not a cursor of a log"))
    }
}

impl Store {
    /// Appends lines; those that were appended before are passed over.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for an epoch that has ended.
    pub async fn append_logs(
        &self,
        host: HostId,
        epoch: i32,
        chunks: Vec<Chunk>,
    ) -> Result<Vec<Appended>, Fault> {
        self.has_room()?;
        let chunks = std::sync::Arc::new(chunks);
        self.write(move |tx| {
            let chunks = chunks.clone();
            Box::pin(async move {
                at_epoch(tx, host, epoch).await?;
                let mut answers = Vec::with_capacity(chunks.len());
                for chunk in chunks.iter() {
                    answers.push(append(tx, host, chunk).await?);
                }
                Ok(answers)
            })
        })
        .await
    }
}

async fn append(tx: &Tx<'_>, host: HostId, chunk: &Chunk) -> Result<Appended, Fault> {
    let refused = Appended { job: chunk.job, attempt: chunk.attempt, accepted: false, next_line: 0 };
    let part = placement::Entity::find_by_id((chunk.job.0, chunk.attempt, host.0)).one(tx.db).await?;
    // Of a lost attempt too: what it wrote in the meantime is what one wants to read then.
    let Some(part) = part else { return Ok(refused) };
    // The job's row is the lock under which chunk numbers are given in commit order.
    let job = super::life::lock_job(tx, Scope::Fleet, chunk.job).await?;
    if LogState::parse(&job.log_state).is_over() {
        let next_line = chunk.first_line.saturating_add(given(chunk));
        if chunk.last {
            complete(tx, &part).await?;
        }
        return Ok(Appended { accepted: true, next_line, ..refused });
    }
    let Extent { kept, next_line, cut } = extent(tx, host, chunk).await?;
    let given = given(chunk);
    let known = usize::try_from((next_line - chunk.first_line).max(0)).unwrap_or(usize::MAX);
    if chunk.first_line > next_line || known >= chunk.lines.len() {
        if chunk.last && next_line >= chunk.first_line {
            complete(tx, &part).await?;
        }
        return Ok(Appended { accepted: true, next_line, ..refused });
    }
    let full = kept >= MOST_BYTES;
    let lines = if full { marker(chunk, cut) } else { chunk.lines[known..].to_vec() };
    if full && !cut {
        set_part(tx, &part, placement::Column::LogCut).await?;
    }
    // What is dropped weighs nothing, its marker included.
    let bytes: usize = if full { 0 } else { lines.iter().map(|line| line.text.len() + 32).sum() };
    let row = log_chunk::ActiveModel {
        id: NotSet,
        job_id: Set(chunk.job.0),
        attempt: Set(chunk.attempt),
        host_id: Set(host.0),
        first_line: Set(next_line),
        line_count: Set(given - i32::try_from(known).unwrap_or(0)),
        bytes: Set(i32::try_from(bytes).unwrap_or(i32::MAX)),
        lines: Set(serde_json::to_value(lines).unwrap_or_default()),
    };
    log_chunk::Entity::insert(row).exec_without_returning(tx.db).await?;
    if LogState::parse(&job.log_state) == LogState::Moved {
        moving::set_state(tx, chunk.job, LogState::Kept).await?;
    }
    if chunk.last {
        complete(tx, &part).await?;
    }
    tx.wake_log(chunk.job);
    Ok(Appended { accepted: true, next_line: chunk.first_line + given, ..refused })
}

fn given(chunk: &Chunk) -> i32 {
    i32::try_from(chunk.lines.len()).unwrap_or(i32::MAX)
}

async fn complete(tx: &Tx<'_>, part: &placement::Model) -> Result<(), Fault> {
    set_part(tx, part, placement::Column::LogComplete).await?;
    tx.wake_log(JobId(part.job_id));
    Ok(())
}

/// Says yes to something about an attempt's log on a host.
async fn set_part(tx: &Tx<'_>, part: &placement::Model, what: placement::Column) -> Result<(), Fault> {
    placement::Entity::update_many()
        .col_expr(what, Expr::value(true))
        .filter(placement::Column::JobId.eq(part.job_id))
        .filter(placement::Column::Attempt.eq(part.attempt))
        .filter(placement::Column::HostId.eq(part.host_id))
        .exec(tx.db)
        .await?;
    Ok(())
}

/// How much there is of an attempt's log on a host.
struct Extent {
    /// Bytes kept.
    kept: i64,
    /// The line that comes next.
    next_line: i32,
    /// A line says that the rest is not kept.
    cut: bool,
}

async fn extent(tx: &Tx<'_>, host: HostId, chunk: &Chunk) -> Result<Extent, Fault> {
    let of_attempt = || {
        log_chunk::Entity::find()
            .filter(log_chunk::Column::JobId.eq(chunk.job.0))
            .filter(log_chunk::Column::Attempt.eq(chunk.attempt))
            .filter(log_chunk::Column::HostId.eq(host.0))
    };
    let newest = of_attempt().order_by_desc(log_chunk::Column::FirstLine).one(tx.db).await?;
    let kept: Option<Option<i64>> = of_attempt()
        .select_only()
        .column_as(log_chunk::Column::Bytes.sum(), "kept")
        .into_tuple()
        .one(tx.db)
        .await?;
    let next_line = newest.map_or(0, |newest| newest.first_line + newest.line_count);
    // Under the job's lock: what is moved is counted there.
    let part = placement::Entity::find_by_id((chunk.job.0, chunk.attempt, host.0)).one(tx.db).await?;
    let (moved_lines, moved_bytes, cut) =
        part.map_or((0, 0, false), |part| (part.log_lines, part.log_bytes, part.log_cut));
    let kept = kept.flatten().unwrap_or(0) + moved_bytes;
    Ok(Extent { kept, next_line: next_line.max(moved_lines), cut })
}

/// Beyond the bound, lines are counted but not kept; the first time, a line says so.
fn marker(chunk: &Chunk, cut: bool) -> Vec<Line> {
    let first = chunk.lines.first().filter(|_| !cut);
    let marker = first.map(|line| Line {
        at: line.at,
        stderr: true,
        text: format!("[the log is longer than {} MiB: the rest is not kept]", MOST_BYTES >> 20),
    });
    marker.into_iter().collect()
}
