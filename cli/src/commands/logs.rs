//! `gpu-fleet logs`: what there is now, its newest lines, or all of it as it is written.

use std::collections::VecDeque;

use cynic::QueryBuilder;

use super::Session;
use crate::api::{JobLogTail, LogLine, LogTailVariables};
use crate::args::job::LogsArgs;
use crate::client::{Failure, Followed, follow_log, job_id, no_job};
use crate::output::style::Tone;

/// Lines that the server gives at once.
const TAIL: u32 = 1000;

/// Prints a job's log.
pub(super) async fn print(args: LogsArgs) -> Result<(), Failure> {
    let session = Session::open(&args.job.connect)?;
    let id = job_id(&session.client, &args.job.id).await?;
    if args.follow {
        return follow(&session, id).await;
    }
    match args.lines {
        Some(lines) if lines <= TAIL => {
            let lines = tail(&session, &args, id, lines as i32).await?;
            lines.iter().try_for_each(|line| session.output.log(line))
        }
        lines => {
            let newest = tail(&session, &args, id.clone(), 1).await?;
            let kept = read_up_to(&session, id, newest.last().map(|line| &line.cursor), lines).await?;
            kept.iter().try_for_each(|line| session.output.log(line))
        }
    }
}

async fn tail(
    session: &Session,
    args: &LogsArgs,
    id: cynic::Id,
    lines: i32,
) -> Result<Vec<LogLine>, Failure> {
    let job = session.client.run(JobLogTail::build(LogTailVariables { id, lines })).await?.job;
    Ok(job.ok_or_else(|| no_job(&args.job.id))?.log_tail)
}

/// Reads a log from its start up to a line. Without a bound each line is printed as it comes; with one, so many of the
/// last are kept.
async fn read_up_to(
    session: &Session,
    id: cynic::Id,
    last: Option<&String>,
    most: Option<u32>,
) -> Result<VecDeque<LogLine>, Failure> {
    let (mut kept, Some(last)) = (VecDeque::new(), last) else { return Ok(VecDeque::new()) };
    let mut log = follow_log(&session.client, id);
    while let Some(news) = log.recv().await {
        let Followed::Item(line) = news? else { continue };
        let is_last = line.cursor == *last;
        match most {
            None => session.output.log(&line)?,
            Some(most) => {
                kept.push_back(line);
                kept.drain(..kept.len().saturating_sub(most as usize));
            }
        }
        if is_last {
            break;
        }
    }
    Ok(kept)
}

async fn follow(session: &Session, id: cynic::Id) -> Result<(), Failure> {
    let mut log = follow_log(&session.client, id);
    while let Some(news) = log.recv().await {
        match news? {
            Followed::Item(line) => session.output.log(&line)?,
            Followed::Lost(cause) => {
                session.output.notice(&format!("gpu-fleet: {cause}; connecting again …"), Tone::Wait);
            }
            Followed::Resumed | Followed::Restarted => {
                session.output.notice("gpu-fleet: connected again", Tone::Faint)
            }
        }
    }
    Ok(())
}
