//! Plays whole fleets in virtual time: the server's real core (the store on a database in memory, the scheduler, the reaper), the
//! agents' and shims' own decisions, and, played around them, machines, processes, clocks, a bad network and people. A history
//! follows from its seed alone, so that a failure can be played again.
//!
//! Not to be taken for `domain::simulate`, which plays the scheduling core alone, to see how well it schedules.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "it is part of tests: a panic is a failure")]

mod agent;
mod book;
mod dice;
mod faults;
mod machine;
mod network;
mod people;
mod process;
mod server;
mod shim;
mod time;
mod trace;
mod truth;
mod world;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use world::World;

/// A history that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// The sum over its trace: two runs of one seed have the same.
    pub sum: u64,
    /// Lines of its trace.
    pub lines: u64,
    /// How long it was, in milliseconds of virtual time.
    pub millis: u64,
    /// Its newest lines.
    pub trace: Vec<String>,
}

/// A history in which a promise was broken.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Its seed.
    pub seed: u64,
    /// When, in milliseconds of virtual time.
    pub at: u64,
    /// What.
    pub what: String,
    /// The newest lines of its trace.
    pub trace: Vec<String>,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        let Self { seed, at, what, .. } = self;
        writeln!(f, "\nseed {seed}, after {:.2} s: {what}", *at as f64 / 1000.0)?;
        write!(
            f,
            "play it again: GPU_FLEET_SEED={seed} cargo test -p simulation, or make histories ARGS=\"--seed {seed}\""
        )
    }
}

/// Keeps this thread, and those that it starts, on one of the cores that it may use. A history and its database take turns, in two
/// threads: on one core, each is awake at once when its turn comes, which makes a history much faster.
pub fn stay_on_one_core(place: usize) {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    let mut own = CpuSet::new();
    own.set(cores[place % cores.len()]);
    // It is only for speed.
    let _ = sched_setaffinity(None, &own);
}

/// Plays the history of a seed, and answers how it went.
///
/// # Errors
/// A promise was broken.
pub fn play(seed: u64) -> Result<Played, Box<Broken>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut world = match World::new(seed).await {
            Ok(world) => world,
            Err(violation) => {
                return Err(Box::new(Broken { seed, at: 0, what: violation.0, trace: Vec::new() }));
            }
        };
        let outcome = world.play().await;
        let (sum, lines, millis) = (world.trace().sum(), world.trace().count(), world.now());
        let trace = world.trace().newest().map(str::to_owned).collect();
        match outcome {
            Ok(()) => Ok(Played { sum, lines, millis, trace }),
            Err(violation) => Err(Box::new(Broken { seed, at: millis, what: violation.0, trace })),
        }
    })
}
