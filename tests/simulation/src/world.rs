//! A whole fleet in virtual time, step by step: people, faults, the network, servers, machines and their agents, in an order that
//! the dice choose; and after each step the look at what truly runs.

use std::sync::Arc;
use std::time::Duration;

use api::scheduler::LeaseTerms;
use api::store::Event;
use api::store::open::open_in_memory;
use domain::plan::Rules;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use crate::agent::{Agent, Surroundings, Terms};
use crate::book::{self, Cards};
use crate::dice::Dice;
use crate::faults::{self, Fault, Victims};
use crate::machine::{Body, Machine};
use crate::network::{Address, CallId, Message, Network, Request, Weather};
use crate::people::{self, People, Size};
use crate::server::{Around, Server, Shared};
use crate::shim::{self, Deed};
use crate::time::{Clocks, Millis, PlayedClock, TICK};
use crate::trace::Trace;
use crate::truth::{Truth, Violation, ensure};

/// How often the book is laid beside what runs.
const BOOK_EVERY: Millis = 500;
/// How often people tidy up in the end.
const TIDY_EVERY: Millis = 2_000;
/// All is to be over so long after the last fault: leases must end, and jobs be run again.
const PATIENCE: Millis = 600_000;

/// A fleet and its history so far.
pub(crate) struct World {
    now: Millis,
    dice: Dice,
    trace: Trace,
    truth: Truth,
    shared: Shared,
    events: Receiver<Arc<Event>>,
    servers: Vec<Server>,
    machines: Vec<Machine>,
    network: Network,
    people: People,
    faults: Vec<(Millis, Fault)>,
    cards: Cards,
    /// Something has changed since the book was laid beside what runs.
    unchecked: bool,
    /// Something was committed since the end was last looked for.
    has_news: bool,
    terms: Terms,
    rough_until: Millis,
    next_call: CallId,
    lives: u64,
}

impl World {
    /// The fleet of a seed.
    ///
    /// # Errors
    /// Database faults.
    pub(crate) async fn new(seed: u64) -> Result<Self, Violation> {
        let mut dice = Dice::new(seed);
        let clock = Arc::new(PlayedClock::new());
        clock.show(Clocks { ahead_secs: 0, fast_ppm: 0 }, 0);
        let store = open_in_memory(clock.clone()).await?;
        let events = store.feed().subscribe();
        let (terms, lease) = terms(&mut dice)?;
        let machines = machines(&mut dice);
        let sizes = || machines.iter().map(|machine| machine.body.cards.len() as u64);
        let size = Size { of_one: sizes().max().unwrap_or(1), of_all: sizes().sum() };
        let rough_until = dice.within(20..=70) * 1000;
        let jobs = dice.within(5..=40);
        let people = People::new(&store, &mut dice, size, jobs, rough_until * 3 / 4).await?;
        let servers = (0..dice.pick(&[1, 1, 2])).map(|index| Server::new(index, clocks(&mut dice))).collect();
        let breaches = std::env::temp_dir().join("gpu-fleet-histories");
        let rules = Rules { min_run_secs: 2, ..Rules::default() };
        let weather = Weather {
            lost: dice.pick(&[0, 0, 20, 100]),
            repeated: dice.pick(&[0, 0, 20, 100]),
            slow: dice.pick(&[0, 20, 100]),
            slow_at_most: dice.pick(&[500, 5_000, 20_000]),
        };
        Ok(Self {
            now: 0,
            trace: Trace::default(),
            truth: Truth::default(),
            shared: Shared::new(store, clock, lease, rules, breaches),
            events,
            servers,
            machines,
            network: Network::new(weather),
            people,
            faults: faults::drawn(&mut dice, rough_until),
            cards: Cards::default(),
            unchecked: false,
            has_news: true,
            terms,
            rough_until,
            next_call: 0,
            lives: 0,
            dice,
        })
    }

    /// What has happened so far.
    #[must_use]
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// True time.
    #[must_use]
    pub(crate) fn now(&self) -> Millis {
        self.now
    }

    /// Plays the history to its end.
    ///
    /// # Errors
    /// A promise was broken.
    pub(crate) async fn play(&mut self) -> Result<(), Violation> {
        while self.now < self.rough_until {
            self.step().await?;
        }
        self.trace.note(self.now, "all is well from now on");
        self.network.becomes(Weather::FAIR);
        let now = self.now;
        self.victims().heal(now);
        for machine in &mut self.machines[..] {
            // A machine that took another's name is gone for good.
            if machine.body.disk.name != format!("node-{}", machine.body.index) {
                machine.agent = None;
                machine.agent_starts_at = Millis::MAX;
            }
        }
        while !(self.people.acts.is_empty() && book::is_quiet(&self.machines, &self.truth)) {
            self.step().await?;
            if self.now.is_multiple_of(TIDY_EVERY) {
                self.shared.clock.show(self.servers[0].clocks, self.now);
                self.people.tidy_up(&self.shared.store, &self.truth).await?;
                self.publish().await?;
            }
            let late = self.now > self.rough_until + PATIENCE;
            ensure(!late, || format!("it does not come to rest: {}", self.unrest()))?;
        }
        // Hosts and cards have their say, too.
        for _ in 0..(self.terms.lease.as_millis() as u64 + 60_000) / TICK {
            self.step().await?;
            if std::mem::take(&mut self.has_news)
                && book::check_end(&self.shared.store, &self.machines, &self.truth).await.is_ok()
            {
                return Ok(());
            }
            if self.now.is_multiple_of(TIDY_EVERY) {
                self.people.tidy_up(&self.shared.store, &self.truth).await?;
            }
        }
        book::check_end(&self.shared.store, &self.machines, &self.truth).await
    }

    fn victims(&mut self) -> Victims<'_> {
        Victims {
            machines: &mut self.machines,
            servers: &mut self.servers,
            network: &mut self.network,
            lease: self.terms.lease.as_millis() as u64,
        }
    }

    fn unrest(&self) -> String {
        let jobs = self.truth.jobs.iter().filter(|(_, job)| !job.status.is_terminal());
        let jobs: Vec<_> = jobs.map(|(id, job)| format!("{id} {} {}", job.status, job.attempt)).collect();
        let alive: Vec<_> = self
            .machines
            .iter()
            .flat_map(|machine| machine.body.alive().map(|(id, _)| id.to_string()))
            .collect();
        let left: Vec<_> = self
            .machines
            .iter()
            .flat_map(|machine| machine.body.disk.attempts.keys().map(ToString::to_string))
            .collect();
        format!("jobs {jobs:?}, processes of {alive:?}, directories of {left:?}")
    }

    async fn step(&mut self) -> Result<(), Violation> {
        self.now += TICK;
        self.things_go_wrong();
        self.people_act().await?;
        self.deliver();
        self.servers_go_on().await?;
        self.machines_go_on()?;
        self.truth.check_running(&self.machines, self.now)?;
        if self.unchecked && self.now.is_multiple_of(BOOK_EVERY) {
            self.unchecked = false;
            book::check(&self.shared.store, &mut self.cards, &self.machines, &self.truth).await?;
        }
        Ok(())
    }

    fn things_go_wrong(&mut self) {
        while self.faults.last().is_some_and(|(at, _)| *at <= self.now) {
            let Some((_, fault)) = self.faults.pop() else { return };
            if fault == Fault::SameName {
                self.take_a_name();
                continue;
            }
            let mut victims = Victims {
                machines: &mut self.machines,
                servers: &mut self.servers,
                network: &mut self.network,
                lease: self.terms.lease.as_millis() as u64,
            };
            victims.strike(fault, &mut self.dice, &mut self.trace, self.now);
        }
    }

    /// One more machine, with the name of another that has joined; before that, whoever comes first has it.
    fn take_a_name(&mut self) {
        let other = self.dice.index(self.machines.len());
        if self.machines[other].body.disk.key.is_none() {
            return;
        }
        let index = self.machines.len();
        let mut body = Body::new(index, clocks(&mut self.dice), 1, 0);
        body.disk.name.clone_from(&self.machines[other].body.disk.name);
        body.booted_at = self.now;
        self.trace.note(self.now, &format!("node-{index} takes the name of node-{other}"));
        self.machines.push(Machine {
            body,
            agent: None,
            agent_starts_at: self.now + TICK,
            agent_frozen_until: 0,
        });
    }

    async fn people_act(&mut self) -> Result<(), Violation> {
        while self.people.acts.last().is_some_and(|(at, _)| *at <= self.now) {
            let up: Vec<usize> =
                (0..self.servers.len()).filter(|i| self.servers[*i].acts(self.now)).collect();
            let Some((at, act)) = self.people.acts.pop() else { return Ok(()) };
            if up.is_empty() {
                // Nobody answers: it is tried again.
                self.people.acts.push((at.max(self.now + 1_000), act));
                self.people.acts.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
                return Ok(());
            }
            let server = self.dice.pick(&up);
            self.shared.clock.show(self.servers[server].clocks, self.now);
            let (dice, trace) = (&mut self.dice, &mut self.trace);
            self.people.act(act, &self.shared.store, &mut self.truth, dice, trace, self.now).await?;
            self.publish().await?;
        }
        Ok(())
    }

    fn deliver(&mut self) {
        for message in self.network.arrivals(self.now) {
            match message {
                Message::Request { from, call, server, request } => {
                    let network = &mut self.network;
                    let (dice, trace) = (&mut self.dice, &mut self.trace);
                    let mut around = Around { now: self.now, dice, trace, network };
                    self.servers[server].take(from, call, *request, &mut around);
                }
                Message::Answer { to, call, answer } => {
                    if let Some(agent) = self.agent(to) {
                        agent.answers.insert(call, answer);
                    }
                }
                Message::Told { to, stream, told } => {
                    if let Some(agent) = self.agent(to) {
                        agent.told.push_back((stream, told));
                    }
                }
            }
        }
    }

    fn agent(&mut self, at: Address) -> Option<&mut Agent> {
        self.machines.get_mut(at.machine)?.agent.as_mut().filter(|agent| agent.life == at.life)
    }

    async fn servers_go_on(&mut self) -> Result<(), Violation> {
        let mut order: Vec<usize> = (0..self.servers.len()).collect();
        self.dice.shuffle(&mut order);
        for index in order {
            if !self.servers[index].acts(self.now) {
                continue;
            }
            let (dice, trace, network) = (&mut self.dice, &mut self.trace, &mut self.network);
            let mut around = Around { now: self.now, dice, trace, network };
            self.servers[index].step(&mut self.shared, &mut around).await?;
            if self.servers[index].has_written() {
                self.publish().await?;
            }
        }
        Ok(())
    }

    /// What was committed is heard by all who follow: the scheduler hears it from the feed itself.
    async fn publish(&mut self) -> Result<(), Violation> {
        self.shared.store.publish_committed().await?;
        loop {
            match self.events.try_recv() {
                Ok(event) => {
                    (self.unchecked, self.has_news) = (true, true);
                    self.note(&event);
                    self.truth.hear(&event)?;
                    for server in &mut self.servers {
                        server.hear(&event, &mut self.dice, self.now);
                    }
                }
                Err(TryRecvError::Empty) => return Ok(()),
                Err(error) => return Err(Violation(format!("the feed has lost something: {error}"))),
            }
        }
    }

    fn note(&mut self, event: &Event) {
        let field = |name: &str| event.payload.get(name).map(ToString::to_string).unwrap_or_default();
        let line = match event.kind {
            api::store::EventKind::Job => format!(
                "event {}: {} {} attempt {} {}",
                event.seq,
                domain::ids::JobId(event.subject),
                field("status"),
                field("attempt"),
                field("message")
            ),
            api::store::EventKind::Gpu => {
                format!("event {}: {} changes", event.seq, domain::ids::GpuId(event.subject))
            }
            api::store::EventKind::Host => format!(
                "event {}: {} down {} drain {} epoch {} {}",
                event.seq,
                domain::ids::HostId(event.subject),
                field("down"),
                field("drain"),
                field("epoch"),
                field("downReason")
            ),
            api::store::EventKind::Organization => return,
        };
        self.trace.note(self.now, &line);
    }

    fn machines_go_on(&mut self) -> Result<(), Violation> {
        let mut order: Vec<usize> = (0..self.machines.len()).collect();
        self.dice.shuffle(&mut order);
        for index in order {
            if !self.machines[index].body.is_on(self.now) {
                continue;
            }
            self.machines[index].body.run(self.now);
            if self.dice.per_mille(500) {
                self.shims_go_on(index)?;
                self.agent_goes_on(index);
            } else {
                self.agent_goes_on(index);
                self.shims_go_on(index)?;
            }
        }
        Ok(())
    }

    fn shims_go_on(&mut self, index: usize) -> Result<(), Violation> {
        let body = &mut self.machines[index].body;
        let pids: Vec<i32> = body.shims.keys().copied().collect();
        for pid in pids {
            let truth = &self.truth;
            let conduct = |order: &crate::network::Order| {
                let seed = truth.job_of(&order.id).map_or(0, |job| job.seed);
                people::conduct(seed, order)
            };
            if let Some(Deed::Starts(id, order)) = shim::step(body, pid, conduct, self.now) {
                self.trace.note(self.now, &format!("node-{index} starts {id} on {}", order.gpus.join(" ")));
                self.truth.starts(&id, index)?;
                self.unchecked = true;
            }
        }
        Ok(())
    }

    fn agent_goes_on(&mut self, index: usize) {
        let machine = &mut self.machines[index];
        let mut calls: Vec<(CallId, Request)> = Vec::new();
        let mut around = Surroundings {
            now: self.now,
            dice: &mut self.dice,
            trace: &mut self.trace,
            calls: &mut calls,
            next_call: &mut self.next_call,
        };
        if machine.agent.is_none() && self.now >= machine.agent_starts_at {
            self.lives += 1;
            around.trace.note(self.now, &format!("the agent of node-{index} starts"));
            machine.agent = Some(Agent::start(self.lives, self.terms, &mut machine.body, &mut around));
        }
        if self.now < machine.agent_frozen_until {
            return;
        }
        let Some(agent) = &mut machine.agent else { return };
        // Pings of the stream are answered as long as the server keeps it and can be reached.
        if let Some(stream) = agent.stream()
            && self.network.reaches(index, self.now)
            && self.servers.iter().any(|server| server.acts(self.now) && server.keeps(stream))
        {
            agent.hears_stream(machine.body.since_boot(self.now));
        }
        let outcome = agent.step(&mut machine.body, &mut around);
        let from = Address { machine: index, life: agent.life };
        if outcome.is_err() {
            self.trace.note(self.now, &format!("the agent of node-{index} gives up"));
            machine.agent = None;
            machine.agent_starts_at = self.now + 10_000;
        }
        for (call, request) in calls {
            let server = self.dice.index(self.servers.len());
            let message = Message::Request { from, call, server, request: Box::new(request) };
            self.network.send(message, &mut self.dice, self.now);
        }
    }
}

fn terms(dice: &mut Dice) -> Result<(Terms, LeaseTerms), Violation> {
    let lease = dice.within(6..=30);
    let heartbeat = dice.within(1..=(lease / 3).min(5));
    let (lease, heartbeat) = (Duration::from_secs(lease), Duration::from_secs(heartbeat));
    let agreed = LeaseTerms::new(lease, heartbeat).map_err(|error| Violation(error.to_string()))?;
    Ok((Terms { lease, heartbeat }, agreed))
}

/// Wall clocks are wrong by hours; rates by up to two in a thousand, which is much.
fn clocks(dice: &mut Dice) -> Clocks {
    let hours = 5 * 3600;
    let ahead = i64::try_from(dice.within(0..=2 * hours)).unwrap_or(0) - hours as i64;
    let fast = i64::try_from(dice.within(0..=4000)).unwrap_or(0) - 2000;
    Clocks { ahead_secs: ahead, fast_ppm: fast }
}

fn machines(dice: &mut Dice) -> Vec<Machine> {
    let count = dice.within(1..=3);
    (0..count)
        .map(|index| {
            let cards = usize::try_from(dice.within(1..=4)).unwrap_or(1);
            let lingers = dice.pick(&[0, 0, 300, 4_000]);
            let place = usize::try_from(index).unwrap_or(0);
            Machine {
                body: Body::new(place, clocks(dice), cards, lingers),
                agent: None,
                agent_starts_at: dice.within(0..=2_000),
                agent_frozen_until: 0,
            }
        })
        .collect()
}
