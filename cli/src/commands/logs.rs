//! `gpu-fleet logs`: what there is now, its newest lines, or all of it as it is written.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use cynic::QueryBuilder;
use indicatif::{HumanBytes, HumanCount, ProgressBar};

use super::Session;
use crate::api::{JobLogTail, LogLine, LogTailVariables};
use crate::args::job::LogsArgs;
use crate::client::{Failure, Followed, follow_log, job_id, no_job};
use crate::output::progress::spinner;
use crate::output::style::Tone;
use crate::output::{Form, Output};

/// Lines that the server gives at once.
const TAIL: u32 = 1000;

/// Where lines go, and how many have gone.
struct Sink {
    output: Output,
    file: Option<BufWriter<File>>,
    progress: ProgressBar,
    lines: u64,
    bytes: u64,
}

impl Sink {
    fn new(output: Output, path: Option<&Path>) -> Result<Self, Failure> {
        let failed = |path: &Path, error| {
            Failure::Usage(format!("cannot write the log to {}: {error}", path.display()))
        };
        let open = |path: &Path| File::create(path).map(BufWriter::new).map_err(|error| failed(path, error));
        let file = path.map(open).transpose()?;
        // Where lines come by on the terminal, they tell enough.
        let hidden = file.is_none() && output.terminal || !output.wants_progress();
        let progress = if hidden { ProgressBar::hidden() } else { spinner("{spinner} {msg}") };
        Ok(Self { output, file, progress, lines: 0, bytes: 0 })
    }

    fn take(&mut self, line: &LogLine) -> Result<(), Failure> {
        self.lines += 1;
        self.bytes += line.text.len() as u64 + 1;
        if self.lines.is_multiple_of(100) {
            let (lines, bytes) = (HumanCount(self.lines), HumanBytes(self.bytes));
            self.progress.set_message(format!("{lines} lines, {bytes}"));
        }
        let Some(file) = &mut self.file else { return self.output.log(line) };
        let written = match self.output.form {
            Form::Json => serde_json::to_writer(&mut *file, line)
                .map_err(std::io::Error::from)
                .and_then(|()| writeln!(file)),
            Form::Ids | Form::Tables => writeln!(file, "{}", line.text),
        };
        written.map_err(|error| Failure::Other(format!("cannot write the log: {error}")))
    }

    fn finish(mut self, path: Option<&Path>) -> Result<(), Failure> {
        self.progress.finish_and_clear();
        let Some(mut file) = self.file.take() else { return Ok(()) };
        file.flush().map_err(|error| Failure::Other(format!("cannot write the log: {error}")))?;
        let path = path.map(|path| path.display().to_string()).unwrap_or_default();
        let told = format!("{} lines, {} in {path}", HumanCount(self.lines), HumanBytes(self.bytes));
        self.output.notice(&format!("gpu-fleet: {told}"), Tone::Faint);
        Ok(())
    }
}

/// Prints a job's log, or writes it to a file.
pub(super) async fn print(args: LogsArgs) -> Result<(), Failure> {
    let session = Session::open(&args.job.connect)?;
    let id = job_id(&session.client, &args.job.id).await?;
    // A job that is not there leaves no file.
    let newest = tail(&session, &args, id.clone(), 1).await?;
    let mut sink = Sink::new(session.output, args.output.as_deref())?;
    match (args.follow, args.lines) {
        (true, _) => follow(&session, id, &mut sink).await?,
        (false, Some(lines)) if lines <= TAIL => {
            let lines = tail(&session, &args, id, lines as i32).await?;
            lines.iter().try_for_each(|line| sink.take(line))?;
        }
        (false, lines) => {
            let last = newest.last().map(|line| &line.cursor);
            let kept = read_up_to(&session, id, last, lines, &mut sink).await?;
            kept.iter().try_for_each(|line| sink.take(line))?;
        }
    }
    sink.finish(args.output.as_deref())
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
    sink: &mut Sink,
) -> Result<VecDeque<LogLine>, Failure> {
    let (mut kept, Some(last)) = (VecDeque::new(), last) else { return Ok(VecDeque::new()) };
    let mut log = follow_log(&session.client, id);
    while let Some(news) = log.recv().await {
        let Followed::Item(line) = news? else { continue };
        let is_last = line.cursor == *last;
        match most {
            None => sink.take(&line)?,
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

async fn follow(session: &Session, id: cynic::Id, sink: &mut Sink) -> Result<(), Failure> {
    let mut log = follow_log(&session.client, id);
    while let Some(news) = log.recv().await {
        match news? {
            Followed::Item(line) => sink.take(&line)?,
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
