//! When waiting jobs will start: the queue played forward by the same core in several worlds that differ in how long jobs
//! run. Half of the worlds have started a job by its median, nine of ten by its 90 %.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::estimate::Spread;
use crate::ids::JobId;
use crate::snapshot::Snapshot;

use super::core::Core;
use super::load;
use super::moment::{At, NEVER, SECOND, calendar, moment};
use super::rules::Rules;

/// How much trouble to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Worlds played.
    pub worlds: usize,
    /// Passes in each of them, at most; what has not started by then is not foreseen.
    pub passes: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { worlds: 20, passes: 500 }
    }
}

/// When a job is thought to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    /// By then with a chance of one half.
    pub median: Option<DateTime<Utc>>,
    /// By then with nine chances of ten.
    pub ninety: Option<DateTime<Utc>>,
}

/// Foresees the starts of these jobs. `spread` tells how long a waiting or running job may run in all; a job of which it
/// tells nothing runs for its estimate, or to its end by its time limit. Nobody else's jobs are submitted meanwhile.
#[must_use]
pub fn foresee(
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    jobs: &[JobId],
    spread: impl Fn(JobId) -> Option<Spread>,
    effort: Effort,
) -> HashMap<JobId, Foreseen> {
    let now = moment(now);
    let loaded = load::core(snapshot, &Rules::default(), now);
    let spreads = Spreads::new(snapshot, &spread);
    let mut starts: HashMap<JobId, Vec<At>> = jobs.iter().map(|job| (*job, Vec::new())).collect();
    for world in 0..effort.worlds {
        let mut played =
            World { core: loaded.clone(), ends: BinaryHeap::new(), spreads: &spreads, seed: world };
        played.play(now, effort.passes, &mut starts);
    }
    let foreseen = |mut starts: Vec<At>| {
        starts.sort_unstable();
        let by = |tenths: usize| {
            let rank = (effort.worlds * tenths).div_ceil(10).max(1);
            starts.get(rank - 1).and_then(|at| calendar(*at))
        };
        Foreseen { median: by(5), ninety: by(9) }
    };
    starts.into_iter().map(|(job, starts)| (job, foreseen(starts))).collect()
}

/// How long jobs may run.
struct Spreads {
    known: HashMap<JobId, Spread>,
}

impl Spreads {
    fn new(snapshot: &Snapshot, spread: &impl Fn(JobId) -> Option<Spread>) -> Self {
        let sure = |secs: i64| Spread { median_secs: secs.max(1), ninety_secs: secs.max(1) };
        let waiting = snapshot.waiting.iter().map(|job| (job.id, job.estimate_secs.map(sure)));
        let running = snapshot.running.iter().map(|job| {
            let limit = job.started_at.zip(job.ends_by).map(|(start, end)| (end - start).num_seconds());
            (job.id, limit.map(sure))
        });
        let told = waiting.chain(running).filter_map(|(id, else_)| Some((id, spread(id).or(else_)?)));
        Self { known: told.collect() }
    }

    /// When a job ends that started then, in one world.
    fn end(&self, job: JobId, started: At, now: At, world: usize) -> At {
        let Some(spread) = self.known.get(&job) else { return NEVER };
        let ran = (now.saturating_sub(started) / SECOND).max(0);
        now.saturating_add(spread.left(ran, case(job, world)).saturating_mul(SECOND))
    }
}

/// Which of the equally likely cases happens to a job in a world: over ten worlds, each of them once.
fn case(job: JobId, world: usize) -> usize {
    let id = job.0.as_u128();
    // The multiplier of SplitMix64: ids that differ little go separate ways.
    let mixed = ((id ^ (id >> 64)) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let stride = [1, 3, 7, 9][(mixed >> 8) as usize % 4];
    (mixed as usize % 10 + world * stride) % 10
}

/// One way in which things may go.
struct World<'w, 's> {
    core: Core<'s>,
    ends: BinaryHeap<Reverse<(At, JobId)>>,
    spreads: &'w Spreads,
    seed: usize,
}

impl World<'_, '_> {
    fn play(&mut self, now: At, passes: usize, starts: &mut HashMap<JobId, Vec<At>>) {
        let running: Vec<(JobId, At)> =
            self.core.running.iter().map(|(id, job)| (*id, job.started)).collect();
        running.into_iter().for_each(|(job, started)| self.will_end(job, started, now));
        let mut missing = starts.len();
        let mut at = now;
        for _ in 0..passes {
            for job in self.core.pass(at).started {
                self.will_end(job, at, at);
                if let Some(starts) = starts.get_mut(&job) {
                    starts.push(at);
                    missing -= 1;
                }
            }
            let Some(Reverse((next, _))) = self.ends.peek() else { return };
            at = *next;
            if missing == 0 {
                return;
            }
            while let Some(Reverse((end, job))) = self.ends.peek().copied()
                && end <= at
            {
                self.ends.pop();
                self.core.end(job, at);
            }
        }
    }

    fn will_end(&mut self, job: JobId, started: At, now: At) {
        let end = self.spreads.end(job, started, now, self.seed);
        if end != NEVER {
            self.ends.push(Reverse((end, job)));
        }
    }
}
