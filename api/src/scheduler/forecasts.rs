//! When waiting jobs are thought to start: foreseen every few seconds from what the last pass saw. Once they start, it shows
//! how good that was.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::estimate::{Past, Quality, Spread};
use domain::ids::JobId;
use domain::plan::{Effort, Foreseen, foresee};
use domain::snapshot::Snapshot;

/// How often the future is looked at, at most.
const EVERY: Duration = Duration::from_secs(10);
/// Jobs that are looked for: those that come first.
const JOBS: usize = 500;
/// Bounds what one look costs: passes, times what each of them has to look at.
const WORK: usize = 2_000_000;
/// Passes in each world, at least and at most.
const FEWEST: usize = 5;
const MOST: usize = 500;
/// Past estimates by which the present ones are judged.
const JUDGED: usize = 1_000;

/// What a pass saw of the future.
pub(super) struct Sight {
    /// The fleet and the queue.
    pub(super) snapshot: Arc<Snapshot>,
    /// When that was.
    pub(super) at: DateTime<Utc>,
    /// The waiting jobs, the first ones first.
    pub(super) order: Vec<JobId>,
    /// How long jobs may run.
    pub(super) spreads: HashMap<JobId, Spread>,
}

/// What is foreseen, and what came of it.
#[derive(Default)]
pub(super) struct Forecasts(Mutex<Known>);

#[derive(Default)]
struct Known {
    looked: Option<Instant>,
    /// True: a look is under way.
    looking: bool,
    /// How often all was forgotten: what a look from before that finds is of no use.
    forgotten: u64,
    foreseen: HashMap<JobId, Foreseen>,
    /// What was foreseen first of each job that still waits, and when.
    first: HashMap<JobId, (DateTime<Utc>, Foreseen)>,
    past: VecDeque<Past>,
}

impl Forecasts {
    /// Whether it is time for another look.
    pub(super) fn is_due(&self) -> bool {
        let known = self.lock();
        !known.looking && known.looked.is_none_or(|at| at.elapsed() >= EVERY)
    }

    /// A look begins, which will have to tell this number.
    pub(super) fn begin(&self) -> u64 {
        let mut known = self.lock();
        known.looking = true;
        known.forgotten
    }

    /// Looks ahead. It takes a while: not for a thread that serves requests.
    pub(super) fn look(&self, sight: &Sight, begun: u64) {
        let _over = Over(self);
        let Sight { snapshot, at, order, spreads } = sight;
        let wanted = &order[..order.len().min(JOBS)];
        let gpus: usize = snapshot.hosts.iter().map(|host| host.gpus.len()).sum();
        let worlds = Effort::default().worlds;
        let passes = (WORK / worlds / (gpus + snapshot.waiting.len()).max(1)).clamp(FEWEST, MOST);
        let foreseen =
            foresee(snapshot, *at, wanted, |job| spreads.get(&job).copied(), Effort { worlds, passes });
        let waiting: HashSet<JobId> = snapshot.waiting.iter().map(|job| job.id).collect();
        let mut known = self.lock();
        if known.forgotten != begun {
            return;
        }
        known.first.retain(|job, _| waiting.contains(job));
        for (job, foreseen) in &foreseen {
            if foreseen.ninety.is_some() {
                known.first.entry(*job).or_insert((*at, *foreseen));
            }
        }
        known.foreseen = foreseen;
    }

    /// What is foreseen of a job.
    pub(super) fn of(&self, job: JobId) -> Foreseen {
        self.lock().foreseen.get(&job).copied().unwrap_or_default()
    }

    /// A job has been given its GPUs.
    pub(super) fn started(&self, job: JobId, at: DateTime<Utc>) {
        let mut known = self.lock();
        known.foreseen.remove(&job);
        let Some((told, foreseen)) = known.first.remove(&job) else { return };
        let (Some(median), Some(ninety)) = (foreseen.median, foreseen.ninety) else { return };
        let after = |at: DateTime<Utc>| (at - told).num_seconds().max(0);
        let past = Past { median_secs: after(median), ninety_secs: after(ninety), found_secs: after(at) };
        if known.past.len() == JUDGED {
            known.past.pop_front();
        }
        known.past.push_back(past);
        if let Some(quality) = Quality::of(known.past.make_contiguous()) {
            let within =
                |part, value| metrics::gauge!("gpu_fleet_estimates_within", "part" => part).set(value);
            within("median", quality.within_median);
            within("ninety", quality.within_ninety);
            metrics::gauge!("gpu_fleet_estimates_median_miss_seconds").set(quality.median_miss_secs as f64);
        }
    }

    /// How good past estimates were, and of how many that is known.
    pub(super) fn quality(&self) -> Option<(Quality, usize)> {
        let mut known = self.lock();
        let judged = known.past.len();
        Some((Quality::of(known.past.make_contiguous())?, judged))
    }

    /// Another server looks ahead now. What was learned of past estimates stays true.
    pub(super) fn forget(&self) {
        let mut known = self.lock();
        known.forgotten += 1;
        known.foreseen.clear();
        known.first.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a look, however it ends: the next one comes a while after that.
struct Over<'a>(&'a Forecasts);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let mut known = self.0.lock();
        known.looking = false;
        known.looked = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn estimates_are_judged_by_the_first_one_of_each_job() {
        let forecasts = Forecasts::default();
        let (job, now) = (JobId(uuid::Uuid::from_u128(1)), Utc::now());
        let by = |secs| Some(now + TimeDelta::seconds(secs));
        forecasts.lock().first.insert(job, (now, Foreseen { median: by(60), ninety: by(600) }));
        assert_eq!(forecasts.quality(), None);
        forecasts.started(job, now + TimeDelta::seconds(90));
        let (quality, judged) = forecasts
            .quality()
            .unwrap_or((Quality { within_median: -1.0, within_ninety: -1.0, median_miss_secs: -1 }, 0));
        assert_eq!((quality.within_median, quality.within_ninety), (0.0, 1.0));
        assert_eq!((quality.median_miss_secs, judged), (30, 1));
        forecasts.started(job, now);
        assert_eq!(
            forecasts.quality().map(|(_, judged)| judged),
            Some(1),
            "nothing was foreseen of it again"
        );
    }
}
