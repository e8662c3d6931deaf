//! `gpu-fleet logs`: the newest lines kept, or all of them as they are written.

use cynic::QueryBuilder;

use super::Session;
use crate::api::{JobLogTail, LogTailVariables};
use crate::args::job::LogsArgs;
use crate::client::{Failure, Followed, follow_log, job_id, no_job};
use crate::output::style::Tone;

/// Prints a job's log.
pub(super) async fn print(args: LogsArgs) -> Result<(), Failure> {
    let session = Session::open(&args.job.connect)?;
    let id = job_id(&session.client, &args.job.id).await?;
    if args.follow {
        return follow(&session, id).await;
    }
    let variables = LogTailVariables { id, lines: args.lines };
    let job = session.client.run(JobLogTail::build(variables)).await?.job;
    let lines = job.ok_or_else(|| no_job(&args.job.id))?.log_tail;
    lines.iter().try_for_each(|line| session.output.log(line))
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
