//! The state that plans are made from, kept up as jobs come and go: the fleet, the queue and the accounts.
//!
//! A pass looks at the first job of each kind, line by line, and starts what fits. The first job that cannot start gets
//! a moment by which it will (`horizon`), or GPUs kept where nobody can tell (`reservation`); what comes behind it may
//! pass only if it does not put that off.

use std::collections::HashMap;
use std::ops::Bound::{Excluded, Unbounded};

use crate::hash::Map;
use crate::ids::JobId;
use crate::snapshot::{OrganizationState, WaitingJob};

use super::accounts::Accounts;
use super::demand::Demand;
use super::eligibility::{Asked, Pools};
use super::fit::FitIndexes;
use super::fleet::{Fleet, HostPart};
use super::horizon::Horizon;
use super::line::{Lines, Turn};
use super::load::lengths;
use super::moment::{At, SECOND, moment};
use super::packing::Mix;
use super::placement::{self, Ask, Packer};
use super::policy::{Behind, Facts, Order, Turns};
use super::queue::{Entry, Kinds, Place};
use super::reservation::{self, Reservation};
use super::rules::Rules;
use super::shape::Shapes;

/// The state.
#[derive(Clone)]
pub(crate) struct Core<'a> {
    pub(super) rules: Rules,
    pub(super) now: At,
    pub(super) fleet: Fleet<'a>,
    pub(super) pools: Pools<'a>,
    pub(super) shapes: Shapes<'a>,
    pub(super) accounts: Accounts,
    pub(super) kinds: Kinds,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) running: Map<JobId, Running>,
    pub(super) mix: Mix,
    /// What the last pass kept for a job.
    kept: Vec<HostPart>,
    fits: FitIndexes,
    random: u64,
}

/// A job that holds GPUs.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) account: usize,
    pub(super) demand: Demand,
    pub(crate) parts: Vec<HostPart>,
    pub(crate) started: At,
    pub(super) until: At,
    pub(super) priority: i32,
    /// Asked to stop already: it will be gone soon.
    pub(super) stopping: bool,
    /// Its version when it started, where a core started it.
    pub(super) version: Option<i32>,
}

/// What the first job that cannot start has been promised.
pub(super) enum Promise {
    By(JobId, Horizon),
    Kept(Reservation),
}

impl Promise {
    pub(super) fn job(&self) -> JobId {
        match self {
            Self::By(job, _) => *job,
            Self::Kept(reservation) => reservation.job,
        }
    }

    /// When the job can start at the latest.
    pub(super) fn moment(&self) -> Option<At> {
        match self {
            Self::By(_, horizon) => Some(horizon.at),
            Self::Kept(_) => None,
        }
    }
}

/// What came of a kind in a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing of it waits, or all of it started.
    Done,
    NoRoom,
    /// It has room, but would put off the first job that cannot start.
    WouldDelay,
    OverQuota,
    /// The fleet could never serve it.
    Impossible,
    /// Something before it stopped the pass.
    NotReached,
}

/// What a pass came to, beside what it started.
pub(super) struct Outcome {
    pub(super) started: Vec<JobId>,
    /// To the first jobs that could not start, in the order met.
    pub(super) promises: Vec<Promise>,
    /// By kind.
    pub(super) verdicts: Vec<Verdict>,
    /// Kinds within their organization's guarantee that found no room, in the order met.
    pub(super) claims: Vec<usize>,
}

/// How long a job will be there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    /// As far as anybody can tell beforehand; `NEVER` when nobody can.
    pub(crate) estimate: At,
    /// In truth, where that is known; else the estimate.
    pub(crate) run: At,
}

impl<'a> Core<'a> {
    pub(super) fn new(fleet: Fleet<'a>, organizations: &[OrganizationState], rules: Rules, now: At) -> Self {
        Self {
            pools: Pools::new(&fleet),
            shapes: Shapes::new(rules.whole_hosts),
            accounts: Accounts::new(organizations, rules.half_life_secs, now),
            kinds: Kinds::default(),
            entries: Vec::new(),
            running: Map::default(),
            mix: Mix::default(),
            kept: Vec::new(),
            fits: FitIndexes::default(),
            random: rules.seed,
            rules,
            now,
            fleet,
        }
    }

    /// A job joins the queue. Among equals, those that joined earlier go first.
    pub(crate) fn submit(&mut self, job: &'a WaitingJob, submitted: At, lengths: Lengths) {
        let entry = self.entry(job, submitted, lengths);
        let place = entry.place(self.entries.len() as u32, self.rules.policy.order);
        self.entries.push(entry);
        self.kinds.known[entry.kind].waiting.insert(place);
    }

    /// Jobs join an empty queue, the oldest first, for less than one by one.
    pub(super) fn submit_all(&mut self, jobs: impl Iterator<Item = &'a WaitingJob>) {
        let entries = jobs.map(|job| self.entry(job, moment(job.submitted_at), lengths(job)));
        let mut entries: Vec<Entry<'a>> = entries.collect();
        entries.sort_by_key(|entry| (entry.facts.submitted, entry.id));
        let mut places: Vec<Vec<Place>> = vec![Vec::new(); self.kinds.known.len()];
        for (number, entry) in entries.iter().enumerate() {
            places[entry.kind].push(entry.place(number as u32, self.rules.policy.order));
        }
        for (kind, places) in self.kinds.known.iter_mut().zip(places) {
            kind.waiting = places.into_iter().collect();
        }
        self.entries = entries;
    }

    /// The number of the shape that this has.
    pub(super) fn shape(&mut self, asked: Asked<'a>) -> usize {
        self.shapes.number(asked, &mut self.pools, &self.fleet)
    }

    /// A job as the queue has it.
    fn entry(&mut self, job: &'a WaitingJob, submitted: At, lengths: Lengths) -> Entry<'a> {
        let shape = self.shape(Asked::by(job));
        let account = self.accounts.number(job.organization);
        let kind = self.kinds.number(shape, account, lengths.estimate);
        Entry::new(job, Facts::new(submitted, lengths), kind)
    }

    /// A waiting job asks for something else, or is thought to run for another time than before; it keeps its place.
    pub(super) fn change(&mut self, job: &'a WaitingJob, lengths: Lengths) {
        let Some(place) = self.entries.iter().rposition(|entry| entry.id == job.id) else { return };
        let (number, order) = (place as u32, self.rules.policy.order);
        let entry = self.entries[place];
        self.kinds.known[entry.kind].waiting.remove(&entry.place(number, order));
        let entry = self.entry(job, moment(job.submitted_at), lengths);
        self.entries[place] = entry;
        self.kinds.known[entry.kind].waiting.insert(entry.place(number, order));
    }

    /// A waiting job leaves the queue.
    pub(super) fn withdraw(&mut self, job: JobId) {
        let Some(number) = self.entries.iter().rposition(|entry| entry.id == job) else { return };
        let entry = self.entries[number];
        let place = entry.place(number as u32, self.rules.policy.order);
        self.kinds.known[entry.kind].waiting.remove(&place);
    }

    /// A running job has ended, and gives back what it held.
    pub(crate) fn end(&mut self, job: JobId, now: At) {
        let Some(running) = self.running.remove(&job) else { return };
        self.accounts.settle_one(running.account, now);
        self.accounts.known[running.account].held -= running.demand.total_milli();
        self.fleet.give_back(&running.parts, &running.demand, running.until);
    }

    /// Starts what can start now.
    pub(super) fn pass(&mut self, now: At) -> Outcome {
        self.now = now;
        self.accounts.settle(now);
        self.fleet.unreserve(&std::mem::take(&mut self.kept));
        self.accounts.known.iter_mut().for_each(|account| account.reserved = 0);
        self.hurry();
        let mut pass = Pass::new(self);
        pass.run();
        pass.outcome
    }

    /// The longer an organization's jobs have waited, the less counts what it holds.
    pub(super) fn hurry(&mut self) {
        self.accounts.known.iter_mut().for_each(|account| account.urgency = 1.0);
        let half = self.rules.urgency_secs.max(1).saturating_mul(SECOND) as f64;
        for kind in &self.kinds.known {
            let Some(first) = kind.waiting.first() else { continue };
            let submitted = self.entries[first.job as usize].facts.submitted;
            let waited = self.now.saturating_sub(submitted).max(0) as f64;
            let account = &mut self.accounts.known[kind.account];
            account.urgency = account.urgency.max(1.0 + waited / half);
        }
    }

    /// What is kept for the first job that cannot start.
    pub(super) fn kept(&self) -> Vec<HostPart> {
        self.kept.clone()
    }

    /// The fleet is not what the indexes knew.
    pub(super) fn forget_fits(&mut self, fits: FitIndexes) {
        self.fits = fits;
    }

    fn draw(random: &mut u64, below: usize) -> usize {
        // SplitMix64.
        *random = random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % (below.max(1) as u64)) as usize
    }

    /// Where a shape's next job would go, unless it may not; it matters until when it is thought to be there.
    pub(super) fn choose(
        &mut self,
        shape: usize,
        until: Option<At>,
        accept: impl FnMut(&Pools<'_>, &Fleet<'_>, &[HostPart]) -> bool,
    ) -> Option<Vec<HostPart>> {
        let Self { fleet, pools, shapes, fits, mix, random, rules, .. } = self;
        let shape = &shapes.known[shape];
        let demand = shape.demand.as_ref()?;
        let (pool_number, pool) = (shape.pool, &pools.known[shape.pool]);
        let ask = Ask { number: shape.ask, pool_number, pool, demand };
        let mut draw = |below: usize| Self::draw(random, below);
        let until = until.filter(|_| rules.policy.aligned);
        let scores = rules.scores;
        let mut packer = Packer { packing: rules.packing, mix, until, scores, draw: &mut draw };
        let mut accept = accept;
        placement::choose(fleet, fits, &ask, &mut packer, |parts| accept(pools, fleet, parts))
    }

    /// Gives a job of a kind what was chosen for it.
    fn begin(&mut self, kind: usize, place: Place, demand: &Demand, parts: Vec<HostPart>) -> JobId {
        let state = &mut self.kinds.known[kind];
        state.waiting.remove(&place);
        let until = self.now.saturating_add(state.estimate);
        let account = state.account;
        let job = self.entries[place.job as usize].job;
        self.fleet.take(&parts, demand, until);
        self.accounts.known[account].held += demand.total_milli();
        let started = self.now;
        let running = Running {
            account,
            demand: *demand,
            parts,
            started,
            until,
            priority: job.priority,
            stopping: false,
            version: Some(job.version),
        };
        self.running.insert(job.id, running);
        job.id
    }
}

/// One pass under way.
struct Pass<'p, 'a> {
    core: &'p mut Core<'a>,
    lines: Lines,
    order: Order,
    outcome: Outcome,
    /// Kinds of which a job was refused since its host would have put off a promised one.
    aside: Vec<usize>,
    /// By such a kind: its first job that has not been looked at.
    next: HashMap<usize, Option<Place>>,
}

impl<'p, 'a> Pass<'p, 'a> {
    fn new(core: &'p mut Core<'a>) -> Self {
        let policy = core.rules.policy;
        let lines = Lines::new(policy.turns, core.rules.memory, core.accounts.known.len());
        let verdicts = vec![Verdict::NotReached; core.kinds.known.len()];
        let outcome = Outcome { started: Vec::new(), promises: Vec::new(), verdicts, claims: Vec::new() };
        Self { core, lines, order: policy.order, outcome, aside: Vec::new(), next: HashMap::new() }
    }

    fn run(&mut self) {
        self.line_up();
        while let Some(Turn { kind, open, own }) = self.lines.next(&self.core.accounts) {
            if own && !self.owns(kind) {
                self.enter(kind);
                continue;
            }
            let seen = self.outcome.verdicts[kind];
            let decided = matches!(seen, Verdict::WouldDelay | Verdict::OverQuota);
            let verdict = match seen {
                Verdict::NoRoom => Verdict::NoRoom,
                _ if decided => continue,
                _ if open => self.consider(kind),
                _ => Verdict::NoRoom,
            };
            self.outcome.verdicts[kind] = verdict;
            match verdict {
                Verdict::Done => self.enter(kind),
                Verdict::WouldDelay => self.aside.push(kind),
                Verdict::NoRoom if !self.refuse(kind) => break,
                _ => {}
            }
        }
    }

    /// Whether the first job of a kind is within its organization's guarantee, where that gives it a turn.
    fn owns(&self, kind: usize) -> bool {
        let state = &self.core.kinds.known[kind];
        let demand = self.core.shapes.known[state.shape].demand;
        self.core.rules.policy.turns == Turns::LeastServed
            && demand.is_some_and(|demand| self.core.accounts.known[state.account].owns(demand.total_milli()))
    }

    /// Every kind goes to its line, once.
    fn line_up(&mut self) {
        for kind in 0..self.core.kinds.known.len() {
            if self.outcome.verdicts[kind] == Verdict::NotReached {
                self.outcome.verdicts[kind] = self.precheck(kind);
                self.enter(kind);
            }
        }
    }

    /// What can be told of a kind without looking at hosts.
    fn precheck(&self, kind: usize) -> Verdict {
        let state = &self.core.kinds.known[kind];
        if state.waiting.is_empty() {
            return Verdict::Done;
        }
        let shape = &self.core.shapes.known[state.shape];
        let Some(demand) = shape.demand.filter(|_| shape.possible) else { return Verdict::Impossible };
        if !self.core.accounts.known[state.account].allows(demand.total_milli()) {
            return Verdict::OverQuota;
        }
        if demand.total_milli() > self.core.fleet.free_milli { Verdict::NoRoom } else { Verdict::NotReached }
    }

    /// The first job of a kind that has not been looked at.
    fn first(&self, kind: usize) -> Option<Place> {
        let of_all = || self.core.kinds.known[kind].waiting.first().copied();
        self.next.get(&kind).copied().unwrap_or_else(of_all)
    }

    fn enter(&mut self, kind: usize) {
        let Some(first) = self.first(kind) else { return };
        let state = &self.core.kinds.known[kind];
        let entry = &self.core.entries[first.job as usize];
        let place = entry.place(first.job, self.order);
        let (account, open) = match self.outcome.verdicts[kind] {
            Verdict::Impossible | Verdict::OverQuota => return,
            verdict => (state.account, verdict != Verdict::NoRoom),
        };
        if self.owns(kind) {
            self.lines.own(account, place, kind, open);
        } else {
            self.lines.enter(account, place, kind, open);
        }
    }

    /// What has started may have changed which host would be taken: of the kinds put aside, the jobs that stand behind it
    /// are looked at again.
    fn look_again_behind(&mut self, started: Place) {
        let first = self.line_place(started);
        for kind in std::mem::take(&mut self.aside) {
            let from = self.first(kind);
            let waiting = &self.core.kinds.known[kind].waiting;
            let next = from.and_then(|from| {
                waiting.range(from..).copied().find(|place| self.line_place(*place) > first)
            });
            self.next.insert(kind, next);
            self.outcome.verdicts[kind] = Verdict::NotReached;
            self.enter(kind);
        }
    }

    /// A job's place in the order in which jobs are looked at now.
    fn line_place(&self, place: Place) -> Place {
        self.core.entries[place.job as usize].place(place.job, self.order)
    }

    fn consider(&mut self, kind: usize) -> Verdict {
        let Some(first) = self.first(kind) else { return Verdict::Done };
        // What is guaranteed is an organization's own: no promise to another stands in its way.
        let own = self.owns(kind);
        let Self { core, outcome, .. } = self;
        let state = &core.kinds.known[kind];
        let (shape, account) = (state.shape, state.account);
        let Some(demand) = core.shapes.known[shape].demand else { return Verdict::Impossible };
        if !core.accounts.known[account].allows(demand.total_milli()) {
            return Verdict::OverQuota;
        }
        if demand.total_milli() > core.fleet.free_milli {
            return Verdict::NoRoom;
        }
        let until = core.now.saturating_add(state.estimate);
        let mut delays = false;
        let promises = &mut outcome.promises;
        let mut tried = false;
        let elsewhere = core.rules.policy.elsewhere;
        let chosen = core.choose(shape, Some(until), |pools, fleet, parts| {
            if tried && !elsewhere {
                return false;
            }
            tried = true;
            let put_off = !own
                && promises.iter().any(|promise| match promise {
                    Promise::By(_, horizon) if until > horizon.at => {
                        horizon.delayed_by(parts, &demand, &pools.known[horizon.pool()], fleet)
                    }
                    _ => false,
                });
            delays |= put_off;
            !put_off
        });
        let Some(parts) = chosen else {
            return if delays { Verdict::WouldDelay } else { Verdict::NoRoom };
        };
        for promise in promises {
            if let Promise::By(_, horizon) = promise
                && until > horizon.at
            {
                let pool = horizon.pool();
                horizon.lose(&parts, &demand, &core.pools.known[pool], &core.fleet);
            }
        }
        outcome.started.push(core.begin(kind, first, &demand, parts));
        if let Some(next) = self.next.get_mut(&kind) {
            let waiting = &self.core.kinds.known[kind].waiting;
            *next = waiting.range((Excluded(first), Unbounded)).next().copied();
        }
        if !elsewhere {
            self.look_again_behind(first);
        }
        Verdict::Done
    }

    /// The first job that finds no room is promised some. False: nothing may start behind it.
    fn refuse(&mut self, kind: usize) -> bool {
        let first = self.first(kind);
        let core = &mut *self.core;
        let state = &core.kinds.known[kind];
        let shape = &core.shapes.known[state.shape];
        let Some(demand) = shape.demand else { return true };
        // Where there are no turns, nothing sees to it that a claim is served before others take what it freed.
        if core.rules.policy.turns == Turns::LeastServed
            && core.accounts.known[state.account].owns(demand.total_milli())
        {
            self.outcome.claims.push(kind);
        }
        let Behind::Backfill(order) = core.rules.policy.behind else { return false };
        let Some(first) = first else { return true };
        let job = core.entries[first.job as usize].id;
        let promises = &self.outcome.promises;
        let known = promises.iter().any(|promise| promise.job() == job);
        // Where particular GPUs are kept, they are all that is promised: to others they look free and are not.
        if promises.len() >= core.rules.policy.promises || known || !core.kept.is_empty() {
            return true;
        }
        let pool = &core.pools.known[shape.pool];
        let promise = match Horizon::new(shape.pool, pool, &demand, &core.fleet, core.now) {
            Some(horizon) => Some(Promise::By(job, horizon)),
            // A promised moment counts on cards that must not be kept from it.
            None if promises.is_empty() => {
                reservation::choose(job, &core.fleet, pool, &demand, core.now).map(Promise::Kept)
            }
            None => None,
        };
        let Some(promise) = promise else { return true };
        if let Promise::Kept(reservation) = &promise {
            core.fleet.reserve(&reservation.parts, &demand);
            core.kept.clone_from(&reservation.parts);
        }
        self.outcome.promises.push(promise);
        core.accounts.known[state.account].reserved += demand.total_milli();
        if order != self.order {
            self.order = order;
            self.line_up_again();
        }
        true
    }

    fn line_up_again(&mut self) {
        let policy = self.core.rules.policy;
        self.lines = Lines::new(policy.turns, self.core.rules.memory, self.core.accounts.known.len());
        for kind in 0..self.core.kinds.known.len() {
            if matches!(self.outcome.verdicts[kind], Verdict::NotReached | Verdict::Done) {
                self.enter(kind);
            }
        }
    }
}
