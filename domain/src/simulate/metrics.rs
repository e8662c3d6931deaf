//! What a replay came to, as numbers.

use super::{Run, World};
use crate::ids::OrganizationId;

/// Of one quantity over jobs: percentiles by nearest rank.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Distribution {
    /// Its mean.
    pub mean: f64,
    /// Half of the jobs have no more.
    pub median: f64,
    /// 95 of 100 have no more.
    pub p95: f64,
    /// 99 of 100 have no more.
    pub p99: f64,
    /// None has more.
    pub max: f64,
}

/// An organization's part.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantMetrics {
    /// Whose.
    pub organization: OrganizationId,
    /// Its jobs that were done.
    pub jobs: usize,
    /// Their mean wait, in seconds.
    pub mean_wait: f64,
    /// What it held of what it was entitled to while GPUs were scarce; none when it was never entitled to any.
    pub entitled: Option<f64>,
}

/// The numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// Jobs that ran to their end.
    pub done: usize,
    /// Jobs that never started.
    pub never_placed: usize,
    /// How often a job had to give its GPUs back.
    pub preempted: u64,
    /// Wait, in seconds: end − submit − run.
    pub wait: Distribution,
    /// Mean wait, each job counted by its GPUs.
    pub wait_by_gpus: f64,
    /// Mean wait of jobs with 8 GPUs or more.
    pub wait_of_large: f64,
    /// From submission to end, in seconds.
    pub completion: Distribution,
    /// Mean completion time, each job counted by its GPUs.
    pub completion_by_gpus: f64,
    /// Mean completion time of jobs with 8 GPUs or more.
    pub completion_of_large: f64,
    /// max(1, completion / max(run, 10 s)).
    pub slowdown: Distribution,
    /// From the first submission to the last end, in seconds.
    pub makespan: i64,
    /// Busy GPU-seconds over all there were: from the first submission to the last end.
    pub utilization: f64,
    /// The same between the first and the last submission.
    pub utilization_between_arrivals: f64,
    /// The same while any job waited.
    pub utilization_while_backlogged: f64,
    /// Jain's index of entitled shares.
    pub jain: Option<f64>,
    /// The least entitled share.
    pub least_entitled: Option<f64>,
    /// By organization, in the order of the world.
    pub tenants: Vec<TenantMetrics>,
    /// A hash of the whole schedule.
    pub hash: u64,
}

impl Metrics {
    /// The numbers of these runs.
    #[must_use]
    pub fn of(world: &World, runs: &[Option<Run>], capacity: i64) -> Self {
        let done: Vec<Done> = world
            .jobs
            .iter()
            .zip(runs)
            .filter_map(|(job, run)| {
                let run = run.as_ref()?;
                Some(Done {
                    submit: job.submit_secs,
                    start: run.start_secs,
                    end: run.end_secs,
                    run: job.run_secs,
                    gpus: i64::from(job.job.requirements.count),
                    organization: job.job.organization,
                })
            })
            .collect();
        let mut metrics = Self {
            done: done.len(),
            never_placed: runs.len() - done.len(),
            preempted: runs.iter().flatten().map(|run| u64::from(run.preempted)).sum(),
            hash: hash(runs),
            ..Self::default()
        };
        metrics.waits(&done);
        metrics.use_of(&done, capacity);
        metrics.shares(world, &done, capacity);
        metrics
    }

    fn waits(&mut self, done: &[Done]) {
        let large = |job: &&Done| job.gpus >= 8;
        self.wait = distribution(done.iter().map(|job| job.wait() as f64));
        self.wait_by_gpus = weighted(done.iter().map(|job| (job.wait() as f64, job.gpus)));
        self.wait_of_large = weighted(done.iter().filter(large).map(|job| (job.wait() as f64, 1)));
        self.completion = distribution(done.iter().map(|job| job.completion() as f64));
        self.completion_by_gpus = weighted(done.iter().map(|job| (job.completion() as f64, job.gpus)));
        self.completion_of_large =
            weighted(done.iter().filter(large).map(|job| (job.completion() as f64, 1)));
        let slowdown = |job: &Done| (job.completion() as f64 / job.run.max(10) as f64).max(1.0);
        self.slowdown = distribution(done.iter().map(slowdown));
    }

    fn use_of(&mut self, done: &[Done], capacity: i64) {
        let first = done.iter().map(|job| job.submit).min().unwrap_or(0);
        let last = done.iter().map(|job| job.submit).max().unwrap_or(0);
        let end = done.iter().map(|job| job.end).max().unwrap_or(0);
        self.makespan = end - first;
        let busy = |from: i64, to: i64| {
            let within = |job: &Done| (job.end.min(to) - job.start.max(from)).max(0) * job.gpus;
            done.iter().map(within).sum::<i64>() as f64 / (capacity * (to - from)).max(1) as f64
        };
        self.utilization = busy(first, end);
        self.utilization_between_arrivals = busy(first, last);
        self.utilization_while_backlogged = while_backlogged(done, capacity);
    }

    fn shares(&mut self, world: &World, done: &[Done], capacity: i64) {
        let entitled = super::metrics::entitled(world, done, capacity);
        for (organization, share) in world.organizations.iter().zip(&entitled) {
            let own: Vec<&Done> = done.iter().filter(|job| job.organization == organization.id).collect();
            self.tenants.push(TenantMetrics {
                organization: organization.id,
                jobs: own.len(),
                mean_wait: weighted(own.iter().map(|job| (job.wait() as f64, 1))),
                entitled: *share,
            });
        }
        let shares: Vec<f64> = entitled.into_iter().flatten().collect();
        if !shares.is_empty() {
            let (sum, squares): (f64, f64) =
                (shares.iter().sum(), shares.iter().map(|share| share * share).sum());
            self.jain = Some(sum * sum / (shares.len() as f64 * squares.max(f64::MIN_POSITIVE)));
            self.least_entitled = shares.into_iter().min_by(f64::total_cmp);
        }
    }
}

/// A job that ran to its end.
struct Done {
    submit: i64,
    start: i64,
    end: i64,
    run: i64,
    gpus: i64,
    organization: OrganizationId,
}

impl Done {
    fn wait(&self) -> i64 {
        self.end - self.submit - self.run
    }

    fn completion(&self) -> i64 {
        self.end - self.submit
    }
}

fn distribution(values: impl Iterator<Item = f64>) -> Distribution {
    let mut values: Vec<f64> = values.collect();
    if values.is_empty() {
        return Distribution::default();
    }
    values.sort_unstable_by(f64::total_cmp);
    let rank = |part: f64| values[((part * values.len() as f64).ceil() as usize).max(1) - 1];
    Distribution {
        mean: values.iter().sum::<f64>() / values.len() as f64,
        median: rank(0.5),
        p95: rank(0.95),
        p99: rank(0.99),
        max: rank(1.0),
    }
}

fn weighted(values: impl Iterator<Item = (f64, i64)>) -> f64 {
    let (sum, weights) = values.fold((0.0, 0.0), |(sum, weights), (value, weight)| {
        (sum + value * weight as f64, weights + weight as f64)
    });
    if weights > 0.0 { sum / weights } else { 0.0 }
}

/// Changes of what is held and wanted, in order of time.
struct Change {
    at: i64,
    organization: OrganizationId,
    held: i64,
    wanted: i64,
}

fn changes(done: &[Done]) -> Vec<Change> {
    let mut changes: Vec<Change> = done
        .iter()
        .flat_map(|job| {
            let change = |at, held, wanted| Change { at, organization: job.organization, held, wanted };
            [
                change(job.submit, 0, job.gpus),
                change(job.start, job.gpus, 0),
                change(job.end, -job.gpus, -job.gpus),
            ]
        })
        .collect();
    changes.sort_by_key(|change| change.at);
    changes
}

fn while_backlogged(done: &[Done], capacity: i64) -> f64 {
    let (mut held, mut wanted, mut busy, mut time) = (0, 0, 0, 0);
    let changes = changes(done);
    for (change, next) in changes.iter().zip(changes.iter().skip(1)) {
        held += change.held;
        wanted += change.wanted;
        let passed = next.at - change.at;
        if wanted > held {
            busy += held * passed;
            time += passed;
        }
    }
    busy as f64 / (capacity * time).max(1) as f64
}

/// For each organization: of what it was entitled to while more was wanted than there was, how much it held.
fn entitled(world: &World, done: &[Done], capacity: i64) -> Vec<Option<f64>> {
    let place = |id: OrganizationId| world.organizations.iter().position(|known| known.id == id);
    let count = world.organizations.len();
    let weights: Vec<f64> = world.organizations.iter().map(|known| known.weight).collect();
    let (mut held, mut wanted) = (vec![0i64; count], vec![0i64; count]);
    let (mut got, mut due) = (vec![0.0; count], vec![0.0; count]);
    let changes = changes(done);
    for (change, next) in changes.iter().zip(changes.iter().skip(1)) {
        let Some(number) = place(change.organization) else { continue };
        held[number] += change.held;
        wanted[number] += change.wanted;
        let passed = (next.at - change.at) as f64;
        if passed > 0.0 && wanted.iter().sum::<i64>() > capacity {
            let shares = max_min(&wanted, &weights, capacity as f64);
            for number in 0..count {
                got[number] += shares[number].min(held[number] as f64) * passed;
                due[number] += shares[number] * passed;
            }
        }
    }
    got.into_iter().zip(due).map(|(got, due)| (due > 0.0).then(|| got / due)).collect()
}

/// Each one's part of the capacity by weight, capped by what it wants; what one leaves goes to the others.
fn max_min(wanted: &[i64], weights: &[f64], capacity: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).filter(|number| wanted[*number] > 0).collect();
    let need = |number: usize| wanted[number] as f64 / weights[number].max(f64::MIN_POSITIVE);
    order.sort_by(|a, b| need(*a).total_cmp(&need(*b)));
    let (mut left, mut weight) = (capacity, order.iter().map(|number| weights[*number]).sum::<f64>());
    let mut shares = vec![0.0; wanted.len()];
    for number in order {
        let fair = left * weights[number] / weight.max(f64::MIN_POSITIVE);
        shares[number] = fair.min(wanted[number] as f64);
        left -= shares[number];
        weight -= weights[number];
    }
    shares
}

/// FNV-1a over what became of every job: the same on every machine.
fn hash(runs: &[Option<Run>]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |number: u64| {
        for byte in number.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for run in runs {
        match run {
            None => eat(u64::MAX),
            Some(run) => {
                eat(run.start_secs as u64);
                eat(run.end_secs as u64);
                run.gpus.iter().for_each(|(host, card)| eat(((*host as u64) << 32) | *card as u64));
            }
        }
    }
    hash
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn what_one_does_not_want_goes_to_the_others_by_weight() {
        assert_eq!(max_min(&[1, 100, 100], &[1.0, 1.0, 2.0], 10.0), vec![1.0, 3.0, 6.0]);
        assert_eq!(max_min(&[0, 4], &[1.0, 1.0], 10.0), vec![0.0, 4.0]);
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let found = distribution((1..=10).map(f64::from));
        assert_eq!((found.median, found.p95, found.max), (5.0, 10.0, 10.0));
    }
}
