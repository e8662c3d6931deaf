//! A job's history, a page at a time.

use async_graphql::{Context, SimpleObject};
use domain::ids::JobId;

use super::PageInfo;
use crate::fault::Fault;
use crate::graphql::caller::store;
use crate::graphql::failure::Answer;
use crate::graphql::job::JobEvent;
use crate::graphql::subscription::{event_cursor, parse_event_cursor};
use crate::store::events::JobState;
use crate::store::page::MOST;

/// A page of a job's history.
#[derive(SimpleObject)]
pub struct JobEventConnection {
    /// The events with their cursors.
    pub edges: Vec<JobEventEdge>,
    /// The events alone.
    pub nodes: Vec<JobEvent>,
    /// Where the page lies.
    pub page_info: PageInfo,
}

/// An event and its cursor.
#[derive(SimpleObject)]
pub struct JobEventEdge {
    /// Its place in the history.
    pub cursor: String,
    /// The event.
    pub node: JobEvent,
}

/// A page of a job's history.
pub(in crate::graphql) async fn events_page(
    ctx: &Context<'_>,
    job: JobId,
    first: Option<i32>,
    after: Option<String>,
) -> Answer<JobEventConnection> {
    let first = first.unwrap_or(50);
    if !(0..=MOST).contains(&first) {
        return Err(Fault::invalid("first", format!("between 0 and {MOST}")).into());
    }
    let wanted = usize::try_from(first).unwrap_or(0);
    let begin = after.as_deref().map(parse_event_cursor).transpose()?;
    let mut events = store(ctx).job_history(job, begin.unwrap_or(0), wanted as u64 + 1).await?;
    let more = events.len() > wanted;
    events.truncate(wanted);
    let read = |event: crate::store::Event| {
        let state: JobState = serde_json::from_value(event.payload).ok()?;
        Some(JobEvent {
            cursor: event_cursor(event.seq),
            at: event.at,
            status: state.status.into(),
            message: state.message,
            actor: event.actor,
            attempt: state.attempt,
        })
    };
    let nodes: Vec<JobEvent> = events.into_iter().filter_map(read).collect();
    let page_info = PageInfo {
        has_next_page: more,
        has_previous_page: begin.is_some(),
        start_cursor: nodes.first().map(|event| event.cursor.clone()),
        end_cursor: nodes.last().map(|event| event.cursor.clone()),
    };
    let edges =
        nodes.iter().cloned().map(|node| JobEventEdge { cursor: node.cursor.clone(), node }).collect();
    Ok(JobEventConnection { edges, nodes, page_info })
}
