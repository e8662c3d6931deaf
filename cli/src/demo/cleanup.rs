//! The end: what still lives is cancelled or released, and that nothing is left is checked where it can be seen: in the
//! book, on the cards, among the machine's processes, on the disk.

use std::time::Duration;

use cynic::MutationBuilder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::cards::{self, Card};
use super::server::Server;
use super::stage::Stage;
use crate::api::{CancelJob, CancelJobInput, CancelVariables, JobFilter, JobRow, JobStatus};
use crate::client::{Client, Failure, newest_jobs};
use crate::output::style::Tone;

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);

/// Clears everything away and shows that it is gone. The server goes even when its jobs would not.
pub(super) async fn clear_away(stage: &Stage, server: Server, feeds: JoinSet<()>) -> Result<(), Failure> {
    stage.note("Clearing away …", Tone::Faint)?;
    let directory = server.directory().to_owned();
    let emptied = empty(stage, &server).await;
    drop(feeds);
    let left = server.stop().await?;
    let cards = emptied?;
    let allocations: usize = cards.iter().map(|card| card.allocations.len()).sum();
    let on_cards: usize = cards.iter().map(|card| card.processes.len()).sum();
    let processes = on_cards + left.len();
    let removed = if directory.exists() { "still there" } else { "removed" };
    let clean = allocations == 0 && processes == 0 && !directory.exists();
    let tone = if clean { Tone::Good } else { Tone::Bad };
    stage.note(
        &format!("{allocations} live allocations, {processes} processes, data directory {removed}"),
        tone,
    )?;
    if clean { Ok(()) } else { Err(Failure::Other("the demonstration left something behind".to_owned())) }
}

/// Ends every job and waits until the cards are free; answers with the cards as they then are.
async fn empty(stage: &Stage, server: &Server) -> Result<Vec<Card>, Failure> {
    let token = server.token("operator", None).await?;
    let operator = server.client(&token)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let alive = alive(&operator).await?;
        for job in &alive {
            stop(stage, &operator, job).await?;
        }
        let cards = cards::all(&operator).await?;
        let free = cards.iter().all(|card| card.allocations.is_empty() && card.processes.is_empty());
        if (alive.is_empty() && free) || Instant::now() >= deadline {
            return Ok(cards);
        }
        sleep(POLL).await;
    }
}

async fn alive(operator: &Client) -> Result<Vec<JobRow>, Failure> {
    let filter = JobFilter { status: Some(JobStatus::ALIVE.to_vec()), ..JobFilter::default() };
    newest_jobs(operator, filter, 100).await
}

async fn stop(stage: &Stage, operator: &Client, job: &JobRow) -> Result<(), Failure> {
    if job.status == JobStatus::Stopping {
        return Ok(());
    }
    let reason = Some("the demonstration is over".to_owned());
    let input = CancelJobInput { id: job.id.clone(), expected_version: None, reason };
    match operator.run(CancelJob::build(CancelVariables { input })).await {
        Ok(answer) => stage.take(answer.cancel_job.job),
        // It ended by itself in the meantime: the next look will tell.
        Err(failure) if failure.is_conflict() => Ok(()),
        Err(failure) => Err(failure),
    }
}
