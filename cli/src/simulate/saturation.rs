//! Jobs offered one by one to a fleet that only fills up.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::simulate::{Offer, Saturation, Terms, World};
use domain::snapshot::Snapshot;

use super::{Case, csv_file, report};
use crate::args::simulate::SimulateArgs;
use crate::client::Failure;

/// The parts of what there is, requested so far, at which is told how much was given.
pub(super) const MARKS: [f64; 5] = [0.9, 1.0, 1.1, 1.2, 1.3];

/// What it came to.
pub(super) struct Filled {
    /// At each mark, and at the end: what was requested, given, and unusable for the mix, as parts of what there is.
    pub(super) marks: Vec<(f64, f64, f64)>,
    pub(super) placed: usize,
    pub(super) dropped: usize,
    /// How long each decision took, shortest first.
    pub(super) decisions: Vec<Duration>,
    pub(super) hash: u64,
}

/// Offers and prints.
pub(super) fn run(args: &SimulateArgs, case: &Case, terms: &Terms) -> Result<(), Failure> {
    let order = match &args.order {
        Some(file) => order(file, &case.names)?,
        None => (0..case.world.jobs.len()).collect(),
    };
    report::saturation(args, &fill(&case.world, &order, terms))
}

/// The places of the jobs that a file names, a name a line.
pub(super) fn order(file: &Path, names: &[String]) -> Result<Vec<usize>, Failure> {
    let places: HashMap<&str, usize> =
        names.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let text = csv_file::text(file)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            places.get(line.trim()).copied().ok_or_else(|| {
                let (file, line_number) = (file.display(), number + 1);
                let found = line.trim();
                Failure::Usage(format!("{file}, line {line_number}: expected a job's name, found '{found}'"))
            })
        })
        .collect()
}

/// Offers the jobs in this order, to keep the fleet good for jobs like those of the world.
pub(super) fn fill(world: &World, order: &[usize], terms: &Terms) -> Filled {
    let fleet = Snapshot {
        hosts: world.hosts.clone(),
        organizations: world.organizations.clone(),
        ..Snapshot::default()
    };
    let mut saturation = Saturation::new(&fleet, world.jobs.iter().map(|job| &job.job), &terms.rules);
    let mut filled = Filled {
        marks: Vec::new(),
        placed: 0,
        dropped: 0,
        decisions: Vec::new(),
        hash: 0xcbf2_9ce4_8422_2325,
    };
    for place in order {
        let Some(job) = world.jobs.get(*place) else { continue };
        let started = Instant::now();
        let offer = saturation.offer(&job.job);
        filled.decisions.push(started.elapsed());
        filled.note(&offer);
        while let Some(mark) = MARKS.get(filled.marks.len())
            && saturation.arrivals() >= *mark
        {
            filled.marks.push((*mark, saturation.allocation(), saturation.fragmentation()));
        }
    }
    filled.marks.push((saturation.arrivals(), saturation.allocation(), saturation.fragmentation()));
    filled.decisions.sort_unstable();
    filled
}

impl Filled {
    fn note(&mut self, offer: &Offer) {
        let mut eat = |number: u64| self.hash = (self.hash ^ number).wrapping_mul(0x0000_0100_0000_01b3);
        match offer {
            Offer::Dropped => {
                eat(u64::MAX);
                self.dropped += 1;
            }
            Offer::Placed(gpus) => {
                gpus.iter().for_each(|(host, card)| eat((*host as u64) << 32 | *card as u64));
                self.placed += 1;
            }
        }
    }

    /// The decision that so many of a hundred took no longer than.
    pub(super) fn percentile(&self, part: f64) -> Duration {
        let rank = (part * self.decisions.len() as f64).ceil() as usize;
        self.decisions.get(rank.max(1) - 1).copied().unwrap_or_default()
    }

    /// What was given when the whole order had been offered.
    pub(super) fn at_the_end(&self) -> Option<f64> {
        self.marks.last().map(|(_, given, _)| *given)
    }
}
