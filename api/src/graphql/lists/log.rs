//! A job's log, a page at a time.

use async_graphql::{Context, SimpleObject};
use domain::ids::JobId;
use domain::limits;

use super::PageInfo;
use crate::fault::Fault;
use crate::graphql::caller::store;
use crate::graphql::failure::Answer;
use crate::graphql::job::LogLine;
use crate::store::logs::LogCursor;

/// Lines of a page at most, and where the request does not say.
const MOST: i32 = 1000;
const USUAL: i32 = 50;

/// A page of a job's log.
#[derive(SimpleObject)]
pub struct LogLineConnection {
    /// The lines with their cursors.
    pub edges: Vec<LogLineEdge>,
    /// The lines alone.
    pub nodes: Vec<LogLine>,
    /// Where the page lies; its end is behind all that was looked at.
    pub page_info: PageInfo,
}

/// A line and its cursor.
#[derive(SimpleObject)]
pub struct LogLineEdge {
    /// Its place in the log.
    pub cursor: String,
    /// The line.
    pub node: LogLine,
}

/// A page of a job's log.
pub(in crate::graphql) async fn log_page(
    ctx: &Context<'_>,
    job: JobId,
    (first, after): (Option<i32>, Option<String>),
    attempt: Option<i32>,
    contains: Option<String>,
) -> Answer<LogLineConnection> {
    limits::check_text("contains", contains.as_deref(), limits::NAME_CHARS).map_err(Fault::from)?;
    let first = first.unwrap_or(USUAL);
    let wanted = usize::try_from(first).ok().filter(|_| (0..=MOST).contains(&first));
    let wanted = wanted.ok_or_else(|| Fault::invalid("first", format!("between 0 and {MOST}")))?;
    let begin = after.map(|text| text.parse::<LogCursor>()).transpose()?;
    let at = begin.unwrap_or_default();
    let page = store(ctx).log_page(job, attempt, contains.as_deref(), at, wanted).await?;
    let nodes: Vec<LogLine> = page.lines.into_iter().map(|(at, line)| LogLine::of(at, line)).collect();
    let page_info = PageInfo {
        has_next_page: page.has_more,
        has_previous_page: begin.is_some(),
        start_cursor: nodes.first().map(|line| line.cursor.clone()),
        end_cursor: (page.end != LogCursor::default()).then(|| page.end.to_string()),
    };
    let edges = nodes.iter().cloned().map(|node| LogLineEdge { cursor: node.cursor.clone(), node }).collect();
    Ok(LogLineConnection { edges, nodes, page_info })
}
