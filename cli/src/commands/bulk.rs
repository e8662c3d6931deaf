//! `gpu-fleet submit --from`: many jobs from a file. All of it is read before anything is submitted; then it goes in batches,
//! each of which is taken whole or not at all.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use cynic::MutationBuilder;

use super::Session;
use crate::api::{SubmitBulk, SubmitJobInput, SubmitJobsInput, SubmitJobsVariables};
use crate::client::Failure;
use crate::output::Form;
use crate::output::progress::bar;

/// Jobs of a batch: the API takes more, but a bar should move.
const BATCH: usize = 250;
const MOST_JOBS: usize = 100_000;
/// What one line may have; a job's command and environment have no more.
const LINE_BYTES: u64 = 256 << 10;

/// A job, and the number of its line.
type Numbered = (usize, SubmitJobInput);

/// Submits them, and prints their ids in their order.
pub(super) async fn submit(session: &Session, file: &Path, key: Option<&str>) -> Result<(), Failure> {
    let jobs = match file.to_str() {
        Some("-") => read(std::io::stdin().lock())?,
        _ => read(BufReader::new(std::fs::File::open(file).map_err(|error| {
            Failure::Usage(format!("cannot read the jobs in {}: {error}", file.display()))
        })?))?,
    };
    let bar = if session.output.wants_progress() {
        bar(jobs.len() as u64, "{wide_bar} {pos} of {len} jobs submitted, {eta} left")
    } else {
        indicatif::ProgressBar::hidden()
    };
    let mut done = 0;
    for batch in jobs.chunks(BATCH) {
        let input = SubmitJobsInput { jobs: batch.iter().map(|job| keyed(job, key)).collect(), times: None };
        let answer = session.client.run(SubmitBulk::build(SubmitJobsVariables { input })).await;
        let made = answer.map_err(|failure| cut_short(failure, batch, done, key))?.submit_jobs.jobs;
        done += made.len();
        bar.suspend(|| {
            made.iter().try_for_each(|job| match session.output.form {
                Form::Json => session.output.json_line(job),
                Form::Ids | Form::Tables => session.output.line(job.id.inner()),
            })
        })?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// With a key each line has one of its own, unless it brings one.
fn keyed((line, job): &Numbered, key: Option<&str>) -> SubmitJobInput {
    let own = key.map(|key| format!("{key}-{line}"));
    SubmitJobInput { idempotency_key: job.idempotency_key.clone().or(own), ..job.clone() }
}

/// What is said when a batch was refused: what is submitted, what is not, and how to go on.
fn cut_short(failure: Failure, batch: &[Numbered], done: usize, key: Option<&str>) -> Failure {
    let lines = match (batch.first(), batch.last()) {
        (Some((first, _)), Some((last, _))) => format!("lines {first} to {last}"),
        _ => "the last lines".to_owned(),
    };
    let next = match key {
        Some(_) => "the same command again submits what is missing",
        None => {
            "what is printed above is submitted: take it out before you try again, or use --idempotency-key"
        }
    };
    let told = format!("{done} jobs are submitted, {lines} and what follows are not ({next})");
    match failure {
        Failure::Refused { message, details } => {
            Failure::Refused { message: format!("{told}: {message}"), details }
        }
        Failure::Unreachable { server, cause } => {
            Failure::Unreachable { server, cause: format!("{cause}; {told}") }
        }
        other => other,
    }
}

fn read(mut from: impl BufRead) -> Result<Vec<Numbered>, Failure> {
    let mut jobs = Vec::new();
    for number in 1.. {
        let mut line = String::new();
        let read = from.by_ref().take(LINE_BYTES).read_line(&mut line);
        let length =
            read.map_err(|error| Failure::Usage(format!("line {number} cannot be read: {error}")))?;
        if length as u64 == LINE_BYTES && !line.ends_with('\n') {
            return Err(Failure::Usage(format!(
                "line {number} is longer than any job; nothing was submitted"
            )));
        }
        if length == 0 {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        if jobs.len() == MOST_JOBS {
            return Err(Failure::Usage(format!(
                "{MOST_JOBS} jobs at most in one file; nothing was submitted"
            )));
        }
        let job = serde_json::from_str(&line).map_err(|error| {
            Failure::Usage(format!(
                "line {number} is no job ({error}); a line is like {{\"name\": \"a\", \"command\": [\"true\"]}}; nothing was submitted"
            ))
        })?;
        jobs.push((number, job));
    }
    if jobs.is_empty() {
        return Err(Failure::Usage("there is no job in the file".to_owned()));
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
    use super::*;

    #[test]
    fn each_line_is_a_job_and_keeps_its_number() {
        let text =
            "{\"name\":\"a\",\"command\":[\"true\"],\"requirements\":{\"count\":2}}\n\n{\"name\":\"b\"}";
        let jobs = read(text.as_bytes()).unwrap();
        assert_eq!(
            jobs.iter().map(|(line, job)| (*line, job.name.as_str())).collect::<Vec<_>>(),
            [(1, "a"), (3, "b")]
        );
        assert_eq!(jobs[0].1.requirements.as_ref().unwrap().count, Some(2));
    }

    #[test]
    fn what_is_no_job_is_refused_with_its_line_before_anything_is_submitted() {
        for (text, word) in [
            ("{\"name\":\"a\"}\nx", "line 2"),
            ("{\"name\":\"a\",\"gpus\":2}", "gpus"),
            ("{}", "name"),
            ("\n \n", "no job"),
        ] {
            let line = read(text.as_bytes()).unwrap_err().line();
            assert!(line.contains(word), "{text}: {line}");
        }
        let long = format!("{{\"name\":\"{}\"}}", "a".repeat(300 << 10));
        assert!(read(long.as_bytes()).unwrap_err().line().contains("longer"));
    }

    #[test]
    fn a_key_for_the_file_makes_one_for_each_line_that_has_none() {
        let jobs = read("{\"name\":\"a\"}\n{\"name\":\"b\",\"idempotencyKey\":\"own\"}".as_bytes()).unwrap();
        let keys: Vec<_> = jobs.iter().map(|job| keyed(job, Some("run")).idempotency_key).collect();
        assert_eq!(keys, [Some("run-1".to_owned()), Some("own".to_owned())]);
        assert_eq!(keyed(&jobs[0], None).idempotency_key, None);
    }
}
