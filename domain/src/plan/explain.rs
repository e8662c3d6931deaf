//! Why each job that stays must wait: every blocker, from the state at the end of the pass.
//!
//! What holds for a shape is worked out once; only the jobs ahead of a job, and what holds it back, are its own.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ids::JobId;
use crate::snapshot::{Snapshot, WaitingJob};

use super::accounts::Account;
use super::core::{Core, Outcome, Promise};
use super::demand::Demand;
use super::eligibility::{Asked, Pools};
use super::explanation::Common;
use super::load::lengths;
use super::moment::{calendar, moment};
use super::no_match::Census;
use super::policy::{Facts, Turns};
use super::queue::{Entry, Place};
use super::shape::Shape;
use super::{Blocker, BlockerCode, Explained, Explanation, wording};

/// Jobs that stay, and of which the same holds.
struct Group {
    shape: usize,
    pool: usize,
    line: usize,
    /// They would take GPUs if they could: jobs behind them wait for them.
    competes: bool,
}

/// A job that stays. Few bytes, since there may be very many.
struct Waiting {
    /// What its turn comes by: whether it is beyond its organization's guarantee, and how many are served less.
    turn: (bool, u32),
    place: Place,
    group: u32,
}

/// Explains every job that stays.
pub(super) fn explain<'a>(mut core: Core<'a>, snapshot: &'a Snapshot, outcome: &Outcome) -> Explained {
    // Turns are told as the next pass will see them.
    core.hurry();
    let queue = Queue::new(&mut core, snapshot);
    let overlaps = core.pools.overlaps(&core.fleet);
    let by_share = core.rules.policy.turns == Turns::LeastServed;
    let mut shapes = ShapeBlockers::new(&core, outcome);
    let mut line = Line::new(overlaps, core.accounts.known.len());
    let mut explanations = Explained::default();
    explanations.reserve(queue.waiting.len());
    for entry in &queue.waiting {
        let group = &queue.groups[entry.group as usize];
        let (id, held_back) = queue.job(&core, entry.place);
        let number = if by_share { group.line } else { 0 };
        let of_shape = shapes.of(group.shape, outcome.promises.iter().any(|promise| promise.job() == id));
        let ahead = line.ahead(group.pool, number);
        let explanation = explain_one(outcome, id, held_back, of_shape, &ahead);
        line.join(group, number, held_back.is_none());
        explanations.insert(id, explanation);
    }
    explanations
}

/// The jobs that stay, those of the organization that is served least first.
struct Queue<'a> {
    groups: Vec<Group>,
    waiting: Vec<Waiting>,
    /// Those that something else than GPUs holds back; their places come after all in the core's list.
    held_back: Vec<&'a WaitingJob>,
    may_start: usize,
}

impl<'a> Queue<'a> {
    fn new(core: &mut Core<'a>, snapshot: &'a Snapshot) -> Self {
        let turns = Turn::new(core);
        let held_back = snapshot.waiting.iter().filter(|job| job.is_held_back());
        let mut held_back: Vec<&WaitingJob> = held_back.collect();
        held_back.sort_unstable_by_key(|job| (job.submitted_at, job.id));
        let may_start = core.entries.len();
        let mut groups = Vec::with_capacity(core.kinds.known.len() + held_back.len());
        let mut waiting = Vec::with_capacity(snapshot.waiting.len());
        for kind in &core.kinds.known {
            let (shape, line) = (kind.shape, kind.account);
            let Shape { pool, demand, possible, .. } = core.shapes.known[shape];
            let allows = |demand: Demand| core.accounts.known[line].allows_beside(demand.total_milli());
            let competes = possible && demand.is_some_and(allows);
            let (turn, group) = (turns.of(core, demand, line), groups.len() as u32);
            groups.push(Group { shape, pool, line, competes });
            waiting.extend(kind.waiting.iter().map(|&place| Waiting { turn, place, group }));
        }
        for (number, job) in held_back.iter().enumerate() {
            let shape = core.shapes.number(Asked::by(job), &mut core.pools, &core.fleet);
            let line = core.accounts.number(job.organization);
            let Shape { pool, demand, .. } = core.shapes.known[shape];
            let facts = Facts::new(moment(job.submitted_at), lengths(job));
            let number = (may_start + number) as u32;
            let place = Entry::new(job, facts, 0).place(number, core.rules.policy.order);
            let (turn, group) = (turns.of(core, demand, line), groups.len() as u32);
            groups.push(Group { shape, pool, line, competes: false });
            waiting.push(Waiting { turn, place, group });
        }
        // Jobs of a group stand in order already, which a stable sort makes use of.
        waiting.sort_by_key(|entry| (entry.turn, entry.place));
        Self { groups, waiting, held_back, may_start }
    }

    /// Which job stands at a place; itself, if something else than GPUs holds it back.
    fn job(&self, core: &Core<'_>, place: Place) -> (JobId, Option<&'a WaitingJob>) {
        let number = place.job as usize;
        match number.checked_sub(self.may_start).map(|number| self.held_back[number]) {
            Some(job) => (job.id, Some(job)),
            None => (core.entries[number].id, None),
        }
    }
}

/// Whose turn comes before whose.
struct Turn {
    by_share: bool,
    ranks: Vec<usize>,
}

impl Turn {
    fn new(core: &Core<'_>) -> Self {
        let by_share = core.rules.policy.turns == Turns::LeastServed;
        Self { by_share, ranks: core.accounts.ranks(core.rules.memory) }
    }

    /// What is within an organization's guarantee goes before everything that is not.
    fn of(&self, core: &Core<'_>, demand: Option<Demand>, line: usize) -> (bool, u32) {
        if !self.by_share {
            return (true, 0);
        }
        let own = demand.is_some_and(|demand| core.accounts.known[line].owns(demand.total_milli()));
        (!own, self.ranks.get(line).copied().unwrap_or(self.ranks.len()) as u32)
    }
}

fn explain_one(
    outcome: &Outcome,
    id: JobId,
    job_held_back: Option<&WaitingJob>,
    of_shape: OfShape,
    ahead: &Ahead,
) -> Explanation {
    let own = job_held_back.map_or_else(Vec::new, held_back);
    let OfShape { common, competes } = of_shape;
    let earlier = if competes { ahead.competing } else { 0 };
    let others = if competes { ahead.others } else { 0 };
    let silent = own.is_empty() && common.blockers.is_empty() && earlier == 0;
    // What is promised to others counts on what an earlier promise leaves.
    let estimated_start_at = match outcome.promises.first() {
        Some(Promise::By(job, horizon)) if *job == id => calendar(horizon.at),
        _ => None,
    };
    let others = (silent || others > 0).then_some(ahead.others);
    Explanation { own, common, earlier, others, position: ahead.in_line, estimated_start_at }
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
    /// By pool: jobs of all lines that want GPUs.
    in_all: Vec<i32>,
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
        Self { in_line: vec![0; lines.max(1)], competing, in_all: vec![0; overlaps.len()], overlaps }
    }

    fn ahead(&self, pool: usize, line: usize) -> Ahead {
        let of = |line: &[i32]| self.overlaps[pool].iter().map(|other| line[*other]).sum::<i32>();
        let competing = of(&self.competing[line]);
        Ahead { in_line: self.in_line[line], competing, others: of(&self.in_all) - competing }
    }

    fn join(&mut self, group: &Group, line: usize, may_start: bool) {
        let competes = i32::from(group.competes);
        self.in_line[line] += i32::from(may_start);
        self.competing[line][group.pool] += competes;
        self.in_all[group.pool] += competes;
    }
}

/// What blocks the shapes, worked out when first asked.
struct ShapeBlockers<'p> {
    pass: &'p Core<'p>,
    outcome: &'p Outcome,
    /// By shape; first for any job of it, then for the one that has been promised something.
    known: Vec<[Option<OfShape>; 2]>,
    free: HashMap<(usize, i32), Vec<HostFree>>,
    census: Option<Census<'p>>,
}

/// What blocks a shape.
#[derive(Clone)]
struct OfShape {
    common: Arc<Common>,
    /// It wants GPUs that others take.
    competes: bool,
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
            known: vec![[const { None }; 2]; pass.shapes.known.len()],
            free: HashMap::new(),
            census: None,
        }
    }

    /// The blockers of a shape, or those of the one job of it for which GPUs are kept.
    fn of(&mut self, number: usize, own_reservation: bool) -> OfShape {
        let which = usize::from(own_reservation);
        if let Some(known) = &self.known[number][which] {
            return known.clone();
        }
        let shape = &self.pass.shapes.known[number];
        let blockers = self.work_out(shape, own_reservation);
        let wants_taken_gpus = |blocker: &Blocker| {
            matches!(blocker.code, BlockerCode::GpusBusy | BlockerCode::ReservedForEarlierJob)
        };
        let competes = blockers.iter().any(wants_taken_gpus);
        let Account { held, weight, .. } = self.account(shape);
        let found = OfShape { common: Arc::new(Common { blockers, held, weight }), competes };
        self.known[number][which] = Some(found.clone());
        found
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
