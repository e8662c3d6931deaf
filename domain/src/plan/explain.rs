//! Why each job that stays must wait: every blocker, from the state at the end of the pass.
//!
//! What holds for a shape is worked out once; only the jobs ahead of a job, and what holds it back, are its own.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::ids::JobId;

use super::demand::Demand;
use super::eligibility::meets;
use super::no_match::Census;
use super::order::Queued;
use super::pass::{Pass, Waiting};
use super::shape::Shape;
use super::{Blocker, BlockerCode, Explanation, wording};

/// Explains every job that stays; they come in queue order.
pub(super) fn explain(pass: &Pass<'_>, waiting: &[Waiting<'_>]) -> HashMap<JobId, Explanation> {
    let overlaps = pass.pools.overlaps(&pass.fleet);
    let mut shapes = ShapeBlockers::new(pass);
    let mut line = Line::new(overlaps);
    let mut explanations = HashMap::with_capacity(waiting.len());
    for entry in waiting {
        let pool = pass.shapes.known[entry.queued.shape].pool;
        let explanation = explain_one(pass, entry, &mut shapes, &line.ahead(pool));
        line.join(entry, pool);
        explanations.insert(entry.queued.id, explanation);
    }
    explanations
}

fn explain_one(
    pass: &Pass<'_>,
    entry: &Waiting<'_>,
    shapes: &mut ShapeBlockers<'_>,
    ahead: &Ahead,
) -> Explanation {
    let own = pass.reservation.as_ref().filter(|reservation| reservation.job == entry.queued.id);
    let mut blockers = held_back(&entry.queued);
    let of_shape = shapes.of(entry.queued.shape, own.is_some());
    blockers.extend(of_shape.iter().cloned());
    let wants_taken_gpus = |blocker: &Blocker| {
        matches!(blocker.code, BlockerCode::GpusBusy | BlockerCode::ReservedForEarlierJob)
    };
    if ahead.competing > 0 && of_shape.iter().any(wants_taken_gpus) {
        blockers.push(blocker(BlockerCode::HigherPriorityAhead, wording::ahead(ahead.competing)));
    }
    let estimated_start_at: Option<DateTime<Utc>> = own.and_then(|reservation| reservation.starts_by);
    Explanation { blockers, position: ahead.in_line, estimated_start_at }
}

fn held_back(queued: &Queued<'_>) -> Vec<Blocker> {
    let mut blockers = Vec::with_capacity(3);
    if !queued.held_back {
        return blockers;
    }
    let job = queued.job;
    if job.held {
        blockers
            .push(blocker(BlockerCode::Held, "The job is held back until somebody releases it".to_owned()));
    }
    let unfinished = job.unfinished_dependencies.len();
    if unfinished > 0 {
        blockers.push(blocker(BlockerCode::Dependency, wording::dependencies(unfinished)));
    }
    blockers
}

fn blocker(code: BlockerCode, message: String) -> Blocker {
    Blocker { code, message }
}

/// The jobs passed so far.
struct Line {
    in_line: i32,
    competing: Vec<i32>,
    overlaps: Vec<Vec<usize>>,
}

/// The jobs ahead of one job.
struct Ahead {
    in_line: i32,
    /// Those that want some of the same GPUs.
    competing: i32,
}

impl Line {
    fn new(overlaps: Vec<Vec<usize>>) -> Self {
        Self { in_line: 0, competing: vec![0; overlaps.len()], overlaps }
    }

    fn ahead(&self, pool: usize) -> Ahead {
        let competing = self.overlaps[pool].iter().map(|other| self.competing[*other]).sum();
        Ahead { in_line: self.in_line, competing }
    }

    fn join(&mut self, entry: &Waiting<'_>, pool: usize) {
        self.in_line += i32::from(!entry.queued.held_back);
        self.competing[pool] += i32::from(entry.competes);
    }
}

/// What blocks the shapes, worked out when first asked.
struct ShapeBlockers<'p> {
    pass: &'p Pass<'p>,
    known: HashMap<(usize, bool), Vec<Blocker>>,
    free: HashMap<(usize, i32), Vec<HostFree>>,
    census: Option<Census<'p>>,
}

/// How many matching cards of a host can give what is asked.
#[derive(Clone, Copy)]
struct HostFree {
    host: usize,
    free: i32,
    /// Of these, those kept for another job.
    kept: i32,
}

impl<'p> ShapeBlockers<'p> {
    fn new(pass: &'p Pass<'p>) -> Self {
        Self { pass, known: HashMap::new(), free: HashMap::new(), census: None }
    }

    /// The blockers of a shape, or those of the one job of it for which GPUs are kept.
    fn of(&mut self, number: usize, own_reservation: bool) -> &[Blocker] {
        let key = (number, own_reservation);
        if !self.known.contains_key(&key) {
            let blockers = self.work_out(&self.pass.shapes.known[number], own_reservation);
            self.known.insert(key, blockers);
        }
        self.known.get(&key).map_or(&[], Vec::as_slice)
    }

    fn work_out(&mut self, shape: &Shape<'_>, own_reservation: bool) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        match shape.demand {
            Some(demand) if shape.possible => self.busy(shape, &demand, own_reservation, &mut blockers),
            _ => {
                let pass = self.pass;
                let census = self.census.get_or_insert_with(|| Census::new(&pass.fleet));
                let message = census.no_match(shape, &pass.pools.known[shape.pool]);
                blockers.push(blocker(BlockerCode::NoMatchingGpu, message));
            }
        }
        let mut budget = self.pass.budgets.of(shape.organization);
        if own_reservation {
            budget.reserved = 0;
        }
        if let Some(demand) = shape.demand.filter(|demand| !budget.allows(demand.total_milli())) {
            blockers
                .push(blocker(BlockerCode::OverQuota, wording::over_quota(&budget, demand.total_milli())));
        }
        blockers
    }

    fn busy(&mut self, shape: &Shape<'_>, demand: &Demand, own: bool, blockers: &mut Vec<Blocker>) {
        let stock = self.stock(shape.pool, demand);
        if !stock.enough {
            blockers.push(blocker(BlockerCode::GpusBusy, wording::busy(&stock, demand)));
        }
        if !own && !stock.enough_unreserved && (stock.kept > 0 || stock.enough) {
            blockers.push(blocker(BlockerCode::ReservedForEarlierJob, wording::reserved(&stock)));
        }
    }

    /// Counts what a pool has left for a demand.
    fn stock(&mut self, number: usize, demand: &Demand) -> Stock {
        let pass = self.pass;
        let pool = &pass.pools.known[number];
        let hosts = self.free.entry((number, demand.milli)).or_insert_with(|| {
            pool.hosts.iter().map(|(host, _)| free_on(pass, number, *host, demand.milli)).collect()
        });
        let fleet = &pass.fleet.hosts;
        let giving =
            |able: fn(&HostFree) -> i32| hosts.iter().map(move |h| (h.host, able(h))).filter(|h| h.1 > 0);
        let all =
            giving(|h| h.free).map(|(host, able)| able.min(fleet[host].gpus_served_with_reserved(demand)));
        let open = giving(|h| h.free - h.kept).map(|(host, able)| able.min(fleet[host].gpus_served(demand)));
        Stock {
            matching: pool.size(),
            free: hosts.iter().map(|h| i64::from(h.free)).sum(),
            kept: hosts.iter().map(|h| i64::from(h.kept)).sum(),
            most_on_one_host: hosts.iter().map(|h| h.free).max().unwrap_or(0),
            enough: meets(demand, all),
            enough_unreserved: meets(demand, open),
        }
    }
}

fn free_on(pass: &Pass<'_>, pool: usize, host: usize, milli: i32) -> HostFree {
    let pool = &pass.pools.known[pool];
    let cards = &pass.fleet.hosts[host].cards;
    let able = || cards.iter().filter(|card| pool.contains(card) && card.free_milli >= milli);
    HostFree { host, free: able().count() as i32, kept: able().filter(|card| card.reserved).count() as i32 }
}

/// What a pool has left for a demand at the end of the pass.
pub(super) struct Stock {
    /// GPUs that match, busy ones included.
    pub(super) matching: i64,
    /// Those that could give what is asked.
    pub(super) free: i64,
    /// Of the free ones, those kept for another job.
    pub(super) kept: i64,
    /// The most free ones that one host has.
    pub(super) most_on_one_host: i32,
    /// The demand could be met but for the reservation.
    enough: bool,
    /// The demand could be met beside the reservation.
    enough_unreserved: bool,
}
