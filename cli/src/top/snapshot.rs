//! What is asked of the server beside the subscriptions: everything once at the start, and later by id what is in sight.
//! Readings of cards come by themselves; whose a card is is asked for when it has changed. Reasons of waiting jobs change with
//! other jobs and without a word, so those in sight, and those alone, are asked for again.

use cynic::QueryBuilder;
use tokio::sync::mpsc::Sender;

use super::queue::MOST_WAITING;
use super::state::{Facts, News, Sight};
use crate::api::{
    EventCursor, ExplainJob, GpuLine, GpuLinePage, GpuReading, IdVariables, JobById, JobFilter, JobInSight,
    JobLine, JobLinePage, JobOrder, JobOrderField, JobPageVariables, JobStatus, NodesInSight, NodesVariables,
    OrderDirection, PageInfo, PageVariables, Seen, UseOf, UsesOutOfSight,
};
use crate::client::{Client, Failure};

/// Rows of a page: its cost is a part of what one operation may cost.
const PAGE: i32 = 250;
/// A fleet larger than this is not known whole.
const MOST_GPUS: usize = 20_000;
/// As many as the API takes at once.
const MOST_IDS: usize = 100;

const RUNNING: [JobStatus; 3] = [JobStatus::Allocated, JobStatus::Running, JobStatus::Stopping];
const WAITING: [JobStatus; 2] = [JobStatus::Queued, JobStatus::Held];

/// Where the subscriptions are to begin, so that no change between it and a later snapshot goes untold.
pub(super) async fn cursor(client: &Client) -> Result<String, Failure> {
    Ok(client.run(EventCursor::build(())).await?.event_cursor)
}

/// All GPUs and all jobs that live, as they are now.
pub(super) async fn whole(client: Client, news: Sender<News>) -> Result<News, Failure> {
    let mut gpus: Vec<GpuLine> = Vec::new();
    let mut after = None;
    loop {
        let page = client.run(GpuLinePage::build(PageVariables { first: PAGE, after })).await?.gpus;
        gpus.extend(page.nodes);
        news.send(News::Loading { gpus: gpus.len(), jobs: 0 }).await.ok();
        after = next(page.page_info);
        if after.is_none() || gpus.len() >= MOST_GPUS {
            break;
        }
    }
    let (mut jobs, _) = listed(&client, &RUNNING, usize::MAX).await?;
    news.send(News::Loading { gpus: gpus.len(), jobs: jobs.len() }).await.ok();
    let (waiting, cut_short) = listed(&client, &WAITING, MOST_WAITING).await?;
    jobs.extend(waiting);
    Ok(News::Snapshot { gpus, jobs, cut_short })
}

/// Jobs of these states, those of most priority first; whether there are more.
async fn listed(
    client: &Client,
    statuses: &[JobStatus],
    most: usize,
) -> Result<(Vec<JobLine>, bool), Failure> {
    let mut jobs = Vec::new();
    let mut after = None;
    loop {
        let filter = Some(JobFilter { status: Some(statuses.to_vec()), ..JobFilter::default() });
        let order = Some(JobOrder { field: JobOrderField::Priority, direction: OrderDirection::Desc });
        let variables = JobPageVariables { filter, order, first: PAGE, after };
        let page = client.run(JobLinePage::build(variables)).await?.jobs;
        jobs.extend(page.nodes);
        after = next(page.page_info);
        match after {
            None => return Ok((jobs, false)),
            Some(_) if jobs.len() >= most => return Ok((jobs, true)),
            Some(_) => {}
        }
    }
}

fn next(info: PageInfo) -> Option<String> {
    if info.has_next_page { info.end_cursor } else { None }
}

/// What is in sight.
pub(super) async fn look(client: Client, sight: Sight) -> Result<Vec<News>, Failure> {
    let mut news = Vec::new();
    let mut ids = sight.jobs.clone();
    if sight.is_urgent {
        ids.extend(sight.gpus.iter().cloned());
    }
    for ids in ids.chunks(MOST_IDS) {
        let nodes = client.run(NodesInSight::build(wanted(ids))).await?.nodes;
        news.push(seen(ids, nodes));
    }
    let mut uses = Vec::new();
    let unseen: Vec<&String> = sight.uses.iter().filter(|id| !sight.gpus.contains(id)).collect();
    for ids in unseen.chunks(MOST_IDS) {
        let ids = ids.iter().map(|id| cynic::Id::new(id.as_str())).collect();
        let nodes = client.run(UsesOutOfSight::build(NodesVariables { ids })).await?.nodes;
        uses.extend(nodes.into_iter().flatten().filter_map(|node| match node {
            UseOf::Gpu(gpu) => Some(gpu),
            UseOf::Other => None,
        }));
    }
    if news.is_empty() && unseen.is_empty() {
        // There is nothing to ask for, but whether the server is there is to be known all the same.
        cursor(&client).await?;
    }
    news.push(News::Uses(uses));
    Ok(news)
}

fn wanted(ids: &[String]) -> NodesVariables {
    NodesVariables { ids: ids.iter().map(cynic::Id::new).collect() }
}

fn seen(ids: &[String], nodes: Vec<Option<Seen>>) -> News {
    let (mut gpus, mut jobs, mut gone): (Vec<GpuReading>, Vec<JobInSight>, Vec<String>) = Default::default();
    for (id, node) in ids.iter().zip(nodes) {
        match node {
            Some(Seen::Gpu(gpu)) => gpus.push(gpu),
            Some(Seen::Job(job)) => jobs.push(job),
            Some(Seen::Other) => {}
            None => gone.push(id.clone()),
        }
    }
    News::Seen { gpus, jobs, gone }
}

/// All there is to know of a job.
pub(super) async fn inspect(client: &Client, id: &str) -> Result<Box<Facts>, Failure> {
    let variables = || IdVariables { id: cynic::Id::new(id) };
    let detail = client.run(JobById::build(variables())).await?.job;
    let detail = detail.ok_or_else(|| crate::client::no_job(id))?;
    let pending = if detail.row.status.is_waiting() {
        client.run(ExplainJob::build(variables())).await?.job.and_then(|job| job.pending)
    } else {
        None
    };
    Ok(Box::new(Facts { detail, pending }))
}
