//! The network between agents and servers: messages take their time, are lost, are repeated and overtake each other. A request
//! may be carried out and its answer lost.

use std::collections::BTreeMap;

use agent::attempt::AttemptId;
use agent::decide::Action;
use api::store::agents::{Declaration, Report, SignOfLifeTold};

use crate::dice::Dice;
use crate::time::Millis;

/// Names a call of an agent.
pub(crate) type CallId = u64;
/// Names a stream of assignments.
pub(crate) type StreamId = u64;

/// Who is called: a machine, and which of the agents that have run on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// The machine.
    pub(crate) machine: usize,
    /// Which agent.
    pub(crate) life: u64,
}

/// What an agent asks.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// To register; with which key, or else by which join token and machine.
    Register { key: Option<String>, token: String, declared: Declaration },
    /// To hear assignments.
    Subscribe { key: String, epoch: i32 },
    /// A sign of life.
    Beat { key: String, epoch: i32, told: SignOfLifeTold },
    /// Reports.
    Report { key: String, epoch: i32, reports: Vec<Report> },
}

impl Request {
    /// Its name, for the trace.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register",
            Self::Subscribe { .. } => "subscribe",
            Self::Beat { .. } => "beat",
            Self::Report { .. } => "report",
        }
    }
}

/// What a server answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A new epoch, and the host's key where it joined.
    Registered { key: Option<String>, epoch: i32 },
    /// A stream is open.
    Subscribed(StreamId),
    /// The lease is renewed.
    Beaten,
    /// Which reports were accepted.
    Reported(Vec<bool>),
    /// No, with the code.
    Refused(&'static str),
    /// Nobody listens there.
    Unreachable,
}

/// An attempt as a server orders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// Which attempt.
    pub(crate) id: AttemptId,
    /// What to do.
    pub(crate) action: Action,
    /// The cards.
    pub(crate) gpus: Vec<String>,
    /// Thousandths of the card.
    pub(crate) milli: i32,
    /// Longest run.
    pub(crate) limit_secs: Option<u64>,
    /// Between SIGTERM and SIGKILL.
    pub(crate) grace_secs: u64,
    /// This host's place.
    pub(crate) rank: i32,
}

/// What a stream tells.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// All, or what changed.
    Orders { complete: bool, orders: Vec<Order> },
    /// It has ended.
    Closed,
}

/// What is on its way.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// To a server.
    Request { from: Address, call: CallId, server: usize, request: Box<Request> },
    /// To an agent.
    Answer { to: Address, call: CallId, answer: Answer },
    /// To an agent, in order.
    Told { to: Address, stream: StreamId, told: Told },
}

impl Message {
    fn machine(&self) -> usize {
        match self {
            Self::Request { from, .. } => from.machine,
            Self::Answer { to, .. } | Self::Told { to, .. } => to.machine,
        }
    }
}

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// Messages in a thousand that are lost.
    pub(crate) lost: u32,
    /// In a thousand that come twice.
    pub(crate) repeated: u32,
    /// In a thousand that take long.
    pub(crate) slow: u32,
    /// How long that is at most.
    pub(crate) slow_at_most: Millis,
}

impl Weather {
    /// Nothing goes wrong.
    pub(crate) const FAIR: Self = Self { lost: 0, repeated: 0, slow: 0, slow_at_most: 0 };
}

/// A machine that is cut off from all servers.
#[derive(Debug, Clone, Copy)]
struct Cut {
    until: Millis,
    /// What was sent meanwhile comes when it is over, as TCP sends again what was not acknowledged; else it is lost.
    holds: bool,
}

/// All that is on its way.
#[derive(Debug)]
pub(crate) struct Network {
    weather: Weather,
    on_the_way: BTreeMap<(Millis, u64), Message>,
    sent: u64,
    cuts: BTreeMap<usize, Cut>,
    /// When the newest message of each stream arrives: none overtakes it.
    streams: BTreeMap<StreamId, Millis>,
}

impl Network {
    /// An empty one.
    #[must_use]
    pub(crate) fn new(weather: Weather) -> Self {
        Self {
            weather,
            on_the_way: BTreeMap::new(),
            sent: 0,
            cuts: BTreeMap::new(),
            streams: BTreeMap::new(),
        }
    }

    /// From now on it is so.
    pub(crate) fn becomes(&mut self, weather: Weather) {
        self.weather = weather;
        self.cuts.clear();
    }

    /// Cuts a machine off.
    pub(crate) fn cut(&mut self, machine: usize, until: Millis, holds: bool) {
        self.cuts.insert(machine, Cut { until, holds });
    }

    /// Whether a machine is reached.
    #[must_use]
    pub(crate) fn reaches(&self, machine: usize, now: Millis) -> bool {
        self.cuts.get(&machine).is_none_or(|cut| cut.until <= now)
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: Message, dice: &mut Dice, now: Millis) {
        let ordered = match &message {
            Message::Told { stream, .. } => Some(*stream),
            _ => None,
        };
        // A stream is one connection: it loses nothing and repeats nothing as long as it lasts.
        if ordered.is_none() {
            if dice.per_mille(self.weather.lost) {
                return;
            }
            if dice.per_mille(self.weather.repeated) {
                let at = now + self.takes(dice);
                self.put(at, message.clone());
            }
        }
        let mut at = now + self.takes(dice);
        if let Some(stream) = ordered {
            let newest = self.streams.entry(stream).or_default();
            at = at.max(*newest);
            *newest = at;
        }
        self.put(at, message);
    }

    fn takes(&mut self, dice: &mut Dice) -> Millis {
        if dice.per_mille(self.weather.slow) {
            return dice.within(1..=self.weather.slow_at_most.max(1));
        }
        dice.within(0..=60)
    }

    fn put(&mut self, at: Millis, message: Message) {
        self.sent += 1;
        self.on_the_way.insert((at, self.sent), message);
    }

    /// What arrives now.
    pub(crate) fn arrivals(&mut self, now: Millis) -> Vec<Message> {
        let later = self.on_the_way.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut self.on_the_way, later);
        let mut arrived = Vec::new();
        for message in due.into_values() {
            match self.cuts.get(&message.machine()).copied().filter(|cut| cut.until > now) {
                None => arrived.push(message),
                // A stream is told later, or ends: nothing is missing from its middle.
                Some(cut) if cut.holds || matches!(message, Message::Told { .. }) => {
                    self.put(cut.until, message);
                }
                Some(_) => {}
            }
        }
        arrived
    }
}
