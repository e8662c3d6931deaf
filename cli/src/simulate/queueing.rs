//! A trace replayed: once, or shaken several times, on any number of threads.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use domain::plan::Policy;
use domain::simulate::{Alone, Metrics, Replay, Run, Terms, World};
use domain::snapshot::Snapshot;
use indicatif::ProgressBar;

use super::{Case, dump, report};
use crate::args::simulate::SimulateArgs;
use crate::client::Failure;

/// One run's outcome.
pub(super) struct Outcome {
    pub(super) metrics: Metrics,
    pub(super) runs: Vec<Option<Run>>,
    pub(super) passes: u64,
    pub(super) took: Duration,
}

/// Replays and prints.
pub(super) fn run(args: &SimulateArgs, case: &Case, terms: &Terms) -> Result<(), Failure> {
    let outcomes = all(args, &case.world, terms);
    if let (Some(path), Some(first)) = (&args.dump, outcomes.first()) {
        dump::write(path, &case.names, &case.world, &first.runs)?;
    }
    report::queueing(args, &outcomes)
}

/// Every run that is asked for.
pub(super) fn all(args: &SimulateArgs, world: &World, terms: &Terms) -> Vec<Outcome> {
    let left: Mutex<VecDeque<u64>> = Mutex::new((0..args.runs.max(1)).collect());
    let done: Mutex<Vec<(u64, Outcome)>> = Mutex::new(Vec::new());
    let bar = progress(world.jobs.len() as u64 * args.runs.max(1));
    let next = || left.lock().ok().and_then(|mut left| left.pop_front());
    std::thread::scope(|scope| {
        for _ in 0..args.threads.max(1) {
            scope.spawn(|| {
                while let Some(number) = next() {
                    let outcome = one(args, world, terms, number, &bar);
                    if let Ok(mut done) = done.lock() {
                        done.push((number, outcome));
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn one(args: &SimulateArgs, world: &World, terms: &Terms, number: u64, bar: &ProgressBar) -> Outcome {
    let seed = args.seed.wrapping_add(number);
    let mut terms = *terms;
    terms.rules.seed = seed;
    if args.shake > 0 {
        let shaken = shaken(world, args.shake, seed);
        return played(args.split, &shaken, &terms, bar);
    }
    played(args.split, world, &terms, bar)
}

fn played(split: bool, world: &World, terms: &Terms, bar: &ProgressBar) -> Outcome {
    if split { apart(world, terms, bar) } else { replay(world, terms, bar) }
}

/// Replays a world to its end.
pub(super) fn replay(world: &World, terms: &Terms, bar: &ProgressBar) -> Outcome {
    let fleet = Snapshot {
        hosts: world.hosts.clone(),
        organizations: world.organizations.clone(),
        ..Snapshot::default()
    };
    let started = Instant::now();
    let mut replay = Replay::new(world, &fleet, *terms);
    let mut told = 0;
    while replay.step().is_some() {
        let arrived = replay.arrived();
        if arrived - told >= 500 {
            bar.inc((arrived - told) as u64);
            told = arrived;
        }
    }
    bar.inc((replay.arrived() - told) as u64);
    let took = started.elapsed();
    let (runs, passes) = (std::mem::take(&mut replay.runs), replay.passes);
    Outcome { metrics: Metrics::of(world, &runs, capacity(world)), runs, passes, took }
}

/// Each organization alone, first come first served, on its static quota.
pub(super) fn apart(world: &World, terms: &Terms, bar: &ProgressBar) -> Outcome {
    let mut terms = *terms;
    terms.rules.policy = Policy::named("fifo").unwrap_or_default();
    let mut runs: Vec<Option<Run>> = vec![None; world.jobs.len()];
    let (mut passes, mut took) = (0, Duration::ZERO);
    for Alone { world: alone, places } in domain::simulate::apart(world) {
        let outcome = replay(&alone, &terms, bar);
        places.into_iter().zip(outcome.runs).for_each(|(place, run)| runs[place] = run);
        passes += outcome.passes;
        took += outcome.took;
    }
    Outcome { metrics: Metrics::of(world, &runs, capacity(world)), runs, passes, took }
}

/// GPUs in all.
pub(super) fn capacity(world: &World) -> i64 {
    world.hosts.iter().map(|host| host.gpus.len() as i64).sum()
}

/// The same jobs, each some seconds earlier or later.
fn shaken(world: &World, by: i64, seed: u64) -> World {
    let mut world = world.clone();
    let mut state = seed;
    for job in &mut world.jobs {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut drawn = state;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        drawn ^= drawn >> 31;
        let shift = (drawn % (2 * by as u64 + 1)) as i64 - by;
        job.submit_secs = (job.submit_secs + shift).max(0);
    }
    world.jobs.sort_by_key(|job| job.submit_secs);
    world
}

/// A bar on a terminal, nothing elsewhere.
pub(super) fn progress(jobs: u64) -> ProgressBar {
    crate::output::progress::bar(jobs, "{wide_bar} {pos} of {len} jobs, {eta} left")
}
