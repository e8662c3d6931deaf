//! Why each job that stays must wait: every blocker, from the state at the end of the pass.
//!
//! What holds for a shape is worked out once; only the jobs ahead of a job, and what holds it back, are its own.

use std::collections::HashMap;

use crate::ids::JobId;
use crate::snapshot::{Snapshot, WaitingJob};

use super::accounts::Account;
use super::core::{Core, Outcome, Promise};
use super::demand::Demand;
use super::eligibility::Pools;
use super::load::lengths;
use super::moment::{calendar, moment};
use super::no_match::Census;
use super::policy::{Facts, Turns};
use super::queue::{Entry, Place};
use super::shape::Shape;
use super::{Blocker, BlockerCode, Explanation, wording};

/// A job that stays.
struct Waiting<'a> {
    job: &'a WaitingJob,
    shape: usize,
    line: usize,
    place: Place,
    /// It would take GPUs if it could: jobs behind it wait for it.
    competes: bool,
}

/// Explains every job that stays.
pub(super) fn explain<'a>(
    mut core: Core<'a>,
    snapshot: &'a Snapshot,
    outcome: &Outcome,
) -> HashMap<JobId, Explanation> {
    // Turns are told as the next pass will see them.
    core.hurry();
    let waiting = in_order(&mut core, snapshot);
    let overlaps = core.pools.overlaps(&core.fleet);
    let by_share = core.rules.policy.turns == Turns::LeastServed;
    let mut shapes = ShapeBlockers::new(&core, outcome);
    let mut line = Line::new(overlaps, core.accounts.known.len());
    let mut explanations = HashMap::with_capacity(waiting.len());
    for entry in &waiting {
        let pool = core.shapes.known[entry.shape].pool;
        let number = if by_share { entry.line } else { 0 };
        let explanation = explain_one(outcome, entry, &mut shapes, &line.ahead(pool, number));
        line.join(entry, pool, number);
        explanations.insert(entry.job.id, explanation);
    }
    explanations
}

/// The jobs that stay, those of the organization that is served least first.
fn in_order<'a>(core: &mut Core<'a>, snapshot: &'a Snapshot) -> Vec<Waiting<'a>> {
    let order = core.rules.policy.order;
    let mut waiting: Vec<Waiting<'a>> = Vec::with_capacity(snapshot.waiting.len());
    for (number, entry) in core.entries.iter().enumerate() {
        if !core.running.contains_key(&entry.job.id) {
            let kind = &core.kinds.known[entry.kind];
            let place = entry.place(number as u32, order);
            let shape = &core.shapes.known[kind.shape];
            let allows =
                |demand: Demand| core.accounts.known[kind.account].allows_beside(demand.total_milli());
            let competes = shape.possible && shape.demand.is_some_and(allows);
            waiting.push(Waiting { job: entry.job, shape: kind.shape, line: kind.account, place, competes });
        }
    }
    let mut held_back: Vec<&WaitingJob> = snapshot.waiting.iter().filter(|job| job.is_held_back()).collect();
    held_back.sort_unstable_by_key(|job| (job.submitted_at, job.id));
    for (number, job) in held_back.into_iter().enumerate() {
        let shape = core.shapes.number(job, &mut core.pools, &core.fleet);
        let line = core.accounts.number(job.organization);
        let (facts, kind) = (Facts::new(moment(job.submitted_at), lengths(job)), 0);
        let place = Entry { job, facts, kind }.place((core.entries.len() + number) as u32, order);
        waiting.push(Waiting { job, shape, line, place, competes: false });
    }
    let by_share = core.rules.policy.turns == Turns::LeastServed;
    let ranks = core.accounts.ranks(core.rules.memory);
    // What is within an organization's guarantee goes before everything that is not.
    let turn = |entry: &Waiting<'_>| {
        let demand = core.shapes.known[entry.shape].demand.filter(|_| by_share);
        let own = demand.is_some_and(|demand| core.accounts.known[entry.line].owns(demand.total_milli()));
        (!own, if by_share { ranks[entry.line] } else { 0 })
    };
    waiting.sort_unstable_by_key(|entry| (turn(entry), entry.place));
    waiting
}

fn explain_one(
    outcome: &Outcome,
    entry: &Waiting<'_>,
    shapes: &mut ShapeBlockers<'_>,
    ahead: &Ahead,
) -> Explanation {
    let own = outcome.promises.iter().find(|promise| promise.job() == entry.job.id);
    let mut blockers = held_back(entry.job);
    let of_shape = shapes.of(entry.shape, own.is_some());
    blockers.extend(of_shape.iter().cloned());
    let wants_taken_gpus = |blocker: &Blocker| {
        matches!(blocker.code, BlockerCode::GpusBusy | BlockerCode::ReservedForEarlierJob)
    };
    let competes = of_shape.iter().any(wants_taken_gpus);
    if ahead.competing > 0 && competes {
        blockers.push(blocker(BlockerCode::HigherPriorityAhead, wording::ahead(ahead.competing)));
    }
    if ahead.others > 0 && competes {
        blockers.push(blocker(BlockerCode::FairShare, shapes.fair_share(entry.line, ahead.others)));
    }
    if blockers.is_empty() {
        blockers.push(blocker(BlockerCode::FairShare, shapes.fair_share(entry.line, ahead.others)));
    }
    // What is promised to others counts on what an earlier promise leaves.
    let estimated_start_at = match outcome.promises.first() {
        Some(Promise::By(job, horizon)) if *job == entry.job.id => calendar(horizon.at),
        _ => None,
    };
    Explanation { blockers, position: ahead.in_line, estimated_start_at }
}

fn held_back(job: &WaitingJob) -> Vec<Blocker> {
    let mut blockers = Vec::with_capacity(4);
    if job.held {
        blockers
            .push(blocker(BlockerCode::Held, "The job is held back until somebody releases it".to_owned()));
    }
    let unfinished = job.unfinished_dependencies.len();
    if unfinished > 0 {
        blockers.push(blocker(BlockerCode::Dependency, wording::dependencies(unfinished)));
    }
    if let Some(until) = job.rests_until {
        blockers.push(blocker(BlockerCode::RetryPause, wording::rests(until)));
    }
    blockers
}

fn blocker(code: BlockerCode, message: String) -> Blocker {
    Blocker { code, message }
}

/// The jobs passed so far.
struct Line {
    /// By line: jobs in it.
    in_line: Vec<i32>,
    /// By line and pool: jobs that want GPUs.
    competing: Vec<Vec<i32>>,
    overlaps: Vec<Vec<usize>>,
}

/// The jobs ahead of one job.
struct Ahead {
    in_line: i32,
    /// Those of its line that want some of the same GPUs.
    competing: i32,
    /// Those of other lines that do.
    others: i32,
}

impl Line {
    fn new(overlaps: Vec<Vec<usize>>, lines: usize) -> Self {
        let competing = vec![vec![0; overlaps.len()]; lines.max(1)];
        Self { in_line: vec![0; lines.max(1)], competing, overlaps }
    }

    fn ahead(&self, pool: usize, line: usize) -> Ahead {
        let of = |line: &Vec<i32>| self.overlaps[pool].iter().map(|other| line[*other]).sum::<i32>();
        let competing = of(&self.competing[line]);
        let others = self.competing.iter().map(of).sum::<i32>() - competing;
        Ahead { in_line: self.in_line[line], competing, others }
    }

    fn join(&mut self, entry: &Waiting<'_>, pool: usize, line: usize) {
        self.in_line[line] += i32::from(!entry.job.is_held_back());
        self.competing[line][pool] += i32::from(entry.competes);
    }
}

/// What blocks the shapes, worked out when first asked.
struct ShapeBlockers<'p> {
    pass: &'p Core<'p>,
    outcome: &'p Outcome,
    /// By shape; first for any job of it, then for the one that has been promised something.
    known: Vec<[Option<Vec<Blocker>>; 2]>,
    free: HashMap<(usize, i32), Vec<HostFree>>,
    census: Option<Census<'p>>,
    /// What is said of a line behind so many jobs of others.
    fair_share: HashMap<(usize, i32), String>,
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
    fn new(pass: &'p Core<'p>, outcome: &'p Outcome) -> Self {
        Self {
            pass,
            outcome,
            known: vec![[None, None]; pass.shapes.known.len()],
            free: HashMap::new(),
            census: None,
            fair_share: HashMap::new(),
        }
    }

    /// The blockers of a shape, or those of the one job of it for which GPUs are kept.
    fn of(&mut self, number: usize, own_reservation: bool) -> &[Blocker] {
        let which = usize::from(own_reservation);
        if self.known[number][which].is_none() {
            let blockers = self.work_out(&self.pass.shapes.known[number], own_reservation);
            self.known[number][which] = Some(blockers);
        }
        self.known[number][which].as_deref().unwrap_or_default()
    }

    fn work_out(&mut self, shape: &Shape<'_>, own_reservation: bool) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        match shape.demand {
            Some(demand) if shape.possible => self.busy(shape, &demand, own_reservation, &mut blockers),
            _ => self.impossible(shape, &mut blockers),
        }
        let mut budget = self.account(shape);
        if own_reservation {
            budget.reserved = 0;
        }
        if let Some(demand) = shape.demand.filter(|demand| !budget.allows(demand.total_milli())) {
            blockers
                .push(blocker(BlockerCode::OverQuota, wording::over_quota(&budget, demand.total_milli())));
        }
        blockers
    }

    /// The fleet cannot serve it even when nothing else runs: for want of GPUs, of hosts that run containers, or of both.
    fn impossible(&mut self, shape: &Shape<'_>, blockers: &mut Vec<Blocker>) {
        let pass = self.pass;
        let (own, fleet) = (&pass.pools.known[shape.pool], &pass.fleet);
        let anywhere = shape.needs_container.then(|| Pools::without_containers(fleet, shape.asked()));
        let pool = anywhere.as_ref().unwrap_or(own);
        let enough = shape.demand.is_some_and(|demand| pool.could_ever_serve(&demand, fleet));
        if !enough {
            let census = self.census.get_or_insert_with(|| Census::new(fleet));
            blockers.push(blocker(BlockerCode::NoMatchingGpu, census.no_match(shape, pool)));
        }
        if own.hosts.len() < pool.hosts.len() {
            let message = wording::containers(own.hosts.len(), pool.hosts.len());
            blockers.push(blocker(BlockerCode::NoContainerRuntime, message));
        }
    }

    fn busy(&mut self, shape: &Shape<'_>, demand: &Demand, own: bool, blockers: &mut Vec<Blocker>) {
        let stock = self.stock(shape.pool, demand);
        if !stock.enough {
            blockers.push(blocker(BlockerCode::GpusBusy, wording::busy(&stock, demand)));
        }
        if !own && !stock.enough_unreserved && (stock.kept > 0 || stock.enough) {
            blockers.push(blocker(BlockerCode::ReservedForEarlierJob, wording::reserved(&stock)));
        } else if !own
            && stock.enough
            && let Some(at) = self.outcome.promises.iter().find_map(Promise::moment)
        {
            let message = wording::would_delay(&stock, demand, calendar(at));
            blockers.push(blocker(BlockerCode::ReservedForEarlierJob, message));
        }
    }

    fn account(&self, shape: &Shape<'_>) -> Account {
        let accounts = &self.pass.accounts;
        let number = accounts.ids.iter().position(|id| *id == shape.organization);
        number.map_or_else(|| Account::new(self.pass.now), |number| accounts.known[number])
    }

    fn fair_share(&mut self, line: usize, others: i32) -> String {
        let account = &self.pass.accounts.known[line];
        self.fair_share.entry((line, others)).or_insert_with(|| wording::fair_share(account, others)).clone()
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
            enough: pool.meets(demand, all),
            enough_unreserved: pool.meets(demand, open),
        }
    }
}

fn free_on(pass: &Core<'_>, pool: usize, host: usize, milli: i32) -> HostFree {
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
