//! The jobs as `top` knows them: those that live, up to a bound, and the last few that ended while it looked on.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use super::ink::Ink;
use crate::api::{Instant, JobInSight, JobLine, JobStatus, Place};
use crate::client::short_id;
use crate::output::style::{Tone, job_tone};
use crate::output::time::span;

/// Waiting jobs that are kept; a longer queue is counted, not listed.
pub(super) const MOST_WAITING: usize = 5000;
/// Jobs that have ended and are still shown.
const MOST_ENDED: usize = 20;

/// One job.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) line: JobLine,
    /// What was asked while it was in sight.
    pub(super) sight: Option<JobInSight>,
}

impl Entry {
    pub(super) fn id(&self) -> &str {
        self.line.id.inner()
    }

    pub(super) fn short(&self) -> &str {
        short_id(self.id())
    }

    /// Whether it has changed since it was asked for.
    pub(super) fn is_unread(&self) -> bool {
        self.sight.as_ref().is_none_or(|sight| sight.version < self.line.version)
    }

    pub(super) fn word(&self) -> &'static str {
        match self.line.status {
            JobStatus::Queued => "waiting",
            JobStatus::Held => "held",
            JobStatus::Allocated => "starting",
            JobStatus::Running => "running",
            JobStatus::Stopping => "stopping",
            JobStatus::Succeeded => "done",
            JobStatus::Failed => "failed",
            JobStatus::Cancelled => "cancelled",
            JobStatus::TimedOut => "timed out",
        }
    }

    pub(super) fn mark(&self, ink: Ink) -> char {
        match self.line.status {
            JobStatus::Queued => ink.sign('…', '.'),
            JobStatus::Held => ink.sign('‖', '='),
            JobStatus::Allocated | JobStatus::Running => ink.sign('▸', '>'),
            JobStatus::Stopping => ink.sign('■', '#'),
            JobStatus::Succeeded => ink.sign('✓', '+'),
            JobStatus::Failed | JobStatus::TimedOut => ink.sign('✗', 'x'),
            JobStatus::Cancelled => ink.sign('–', '-'),
        }
    }

    pub(super) fn tone(&self) -> Tone {
        job_tone(self.line.status)
    }

    /// How long it has run or ran; of a waiting one, how long it has waited.
    pub(super) fn time(&self, now: Instant) -> String {
        span(self.seconds(now))
    }

    fn seconds(&self, now: Instant) -> i64 {
        let from = self.line.started_at.or(self.line.allocated_at).unwrap_or(self.line.submitted_at);
        (self.line.finished_at.unwrap_or(now) - from).num_seconds()
    }

    /// What its time limit leaves of its run; none without a limit or while it does not run.
    pub(super) fn left(&self, now: Instant) -> Option<String> {
        let (JobStatus::Running, Some(limit), Some(from)) =
            (self.line.status, self.line.time_limit_seconds, self.line.started_at)
        else {
            return None;
        };
        Some(span(i64::from(limit) - (now - from).num_seconds()))
    }

    /// Where it runs: `sim gpu-a01/0,1 gpu-a02/3`, marked in front where it is not cut off.
    pub(super) fn places(&self) -> String {
        let Some(sight) = &self.sight else { return String::new() };
        let mut gpus: Vec<&Place> = sight.gpus.iter().collect();
        gpus.sort_by(|a, b| (&a.host.name, a.index).cmp(&(&b.host.name, b.index)));
        let hosts = gpus.chunk_by(|a, b| a.host.name == b.host.name).map(|of| {
            let indexes: Vec<i32> = of.iter().map(|gpu| gpu.index).collect();
            format!("{}/{}", of[0].host.name, ranges(&indexes))
        });
        let mark = if gpus.iter().any(|gpu| gpu.simulated) { "sim " } else { "" };
        let more = usize::try_from(self.line.requirements.count).unwrap_or(0).saturating_sub(gpus.len());
        let rest = if more > 0 && !gpus.is_empty() { format!(" and {more} more") } else { String::new() };
        format!("{mark}{}{rest}", hosts.collect::<Vec<_>>().join(" "))
    }

    /// Where it runs, what it waits for first, or how it ended.
    pub(super) fn where_or_why(&self) -> String {
        let line = &self.line;
        if line.status.is_waiting() {
            return self.first_reason();
        }
        if line.status.is_final() {
            let told = line.status_reason.as_ref().is_some_and(|reason| reason.contains("exit code"));
            let exit = line.exit_code.filter(|code| *code != 0 && !told).map(|code| format!("exit {code}"));
            return [exit, line.status_reason.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
        }
        self.places()
    }

    /// Its place in the queue, and the first of its reasons.
    fn first_reason(&self) -> String {
        let Some((ahead, reason)) = self.waits_for() else { return String::new() };
        match (self.line.status, ahead) {
            (JobStatus::Held, _) => reason.to_owned(),
            (_, 0) => format!("next: {reason}"),
            (_, ahead) => format!("{ahead} ahead: {reason}"),
        }
    }

    /// How many jobs are ahead of it, and the first of its reasons.
    pub(super) fn waits_for(&self) -> Option<(i32, &str)> {
        let pending = self.sight.as_ref()?.pending.as_ref()?;
        Some((pending.position, pending.blockers.first().map_or("", |blocker| blocker.message.as_str())))
    }

    fn matches(&self, filter: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(filter);
        filter.is_empty()
            || has(&self.line.name)
            || has(self.id())
            || has(&self.line.organization.slug)
            || has(self.word())
            || has(&self.line.submitted_by)
            || has(&self.places())
    }

    /// Those that hold GPUs first, then those that wait, then those that have ended.
    fn group(&self) -> u8 {
        match self.line.status {
            status if status.is_final() => 2,
            status if status.is_waiting() => 1,
            _ => 0,
        }
    }
}

/// Sorted numbers, three and more in a row as their ends: `0-3,6,7`.
fn ranges(numbers: &[i32]) -> String {
    let rows = numbers.chunk_by(|a, b| a + 1 == *b).map(|row| match row {
        [first, _, .., last] => format!("{first}-{last}"),
        short => short.iter().map(i32::to_string).collect::<Vec<_>>().join(","),
    });
    rows.collect::<Vec<_>>().join(",")
}

/// What the pane of jobs is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum JobSort {
    #[default]
    Queue,
    Longest,
    Largest,
    Name,
    Organization,
}

impl JobSort {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Queue => Self::Longest,
            Self::Longest => Self::Largest,
            Self::Largest => Self::Name,
            Self::Name => Self::Organization,
            Self::Organization => Self::Queue,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Queue => "running, then the queue",
            Self::Longest => "longest first",
            Self::Largest => "most GPUs first",
            Self::Name => "by name",
            Self::Organization => "by organization",
        }
    }
}

/// All jobs that are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    jobs: HashMap<String, Entry>,
    waiting: usize,
    /// Those that have ended, the last one last.
    ended: VecDeque<String>,
    /// More wait than were listed.
    pub(super) cut_short: bool,
}

impl Queue {
    /// Takes what was told of a job, unless more is known already.
    pub(super) fn take(&mut self, line: JobLine) {
        let id = line.id.inner().to_owned();
        let known = self.jobs.get(&id);
        if known.is_some_and(|known| known.line.version > line.version) {
            return;
        }
        let waits = line.status.is_waiting();
        if known.is_none() && waits && self.waiting >= MOST_WAITING {
            self.cut_short = true;
            return;
        }
        let waited = known.is_some_and(|known| known.line.status.is_waiting());
        let had_ended = known.is_some_and(|known| known.line.status.is_final());
        self.waiting = self.waiting + usize::from(waits) - usize::from(waited);
        if line.status.is_final() && !had_ended {
            self.ended.push_back(id.clone());
        }
        let sight = self.jobs.remove(&id).and_then(|known| known.sight);
        self.jobs.insert(id, Entry { line, sight });
        while self.ended.len() > MOST_ENDED {
            let oldest = self.ended.pop_front();
            oldest.map(|id| self.jobs.remove(&id));
        }
    }

    /// Takes a whole snapshot of those that live; those that have ended stay.
    pub(super) fn replace(&mut self, lines: Vec<JobLine>, cut_short: bool) {
        let mut old = std::mem::take(self);
        self.cut_short = cut_short;
        for line in lines {
            let id = line.id.inner().to_owned();
            let sight = old.jobs.remove(&id).and_then(|known| known.sight);
            self.take(line);
            if let Some(entry) = self.jobs.get_mut(&id) {
                entry.sight = sight;
            }
        }
        for id in old.ended {
            if let Some(entry) = old.jobs.remove(&id) {
                self.take(entry.line);
            }
        }
    }

    /// Takes what was asked of a job in sight.
    pub(super) fn see(&mut self, sight: JobInSight) {
        if let Some(entry) = self.jobs.get_mut(sight.id.inner()) {
            entry.sight = Some(sight);
        }
    }

    /// A job that is gone.
    pub(super) fn forget(&mut self, id: &str) {
        if let Some(entry) = self.jobs.remove(id) {
            self.waiting -= usize::from(entry.line.status.is_waiting());
            self.ended.retain(|ended| ended != id);
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Entry> {
        self.jobs.get(id)
    }

    /// So many of a longer queue have gone that others should be listed in their place.
    pub(super) fn wants_more(&self) -> bool {
        self.cut_short && self.waiting < MOST_WAITING / 2
    }

    pub(super) fn count(&self) -> usize {
        self.jobs.len() - self.ended.len()
    }

    /// Jobs that have the words in their name, id, organization, state, submitter or host.
    pub(super) fn listed(&self, filter: &str, sort: JobSort, now: Instant) -> Vec<&Entry> {
        let filter = filter.to_lowercase();
        let mut jobs: Vec<&Entry> = self.jobs.values().filter(|job| job.matches(&filter)).collect();
        jobs.sort_by(|a, b| a.line.submitted_at.cmp(&b.line.submitted_at).then_with(|| a.id().cmp(b.id())));
        match sort {
            JobSort::Queue => jobs.sort_by_key(|job| (job.group(), in_turn(job))),
            JobSort::Longest => jobs.sort_by_key(|job| (job.group(), Reverse(job.seconds(now)))),
            JobSort::Largest => jobs.sort_by_key(|job| {
                let wanted = &job.line.requirements;
                (job.group(), Reverse(i64::from(wanted.count) * i64::from(wanted.milli)))
            }),
            JobSort::Name => jobs.sort_by(|a, b| a.line.name.cmp(&b.line.name)),
            JobSort::Organization => {
                jobs.sort_by(|a, b| a.line.organization.slug.cmp(&b.line.organization.slug));
            }
        }
        jobs
    }
}

/// Within its group: by start, by priority and then age, by the end.
fn in_turn(job: &Entry) -> (Reverse<i32>, i64) {
    let at = |instant: Option<Instant>| instant.map_or(i64::MAX, |at| at.timestamp_millis());
    match job.group() {
        0 => (Reverse(0), at(job.line.started_at.or(job.line.allocated_at))),
        1 => (Reverse(job.line.priority), at(Some(job.line.submitted_at))),
        _ => (Reverse(0), -at(job.line.finished_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn gpus_in_a_row_are_told_by_their_ends() {
        assert_eq!(ranges(&[0, 1, 2, 3, 6, 7]), "0-3,6,7");
        assert_eq!(ranges(&[5]), "5");
        assert_eq!(ranges(&[0, 2, 3, 4]), "0,2-4");
        assert_eq!(ranges(&[]), "");
    }
}
