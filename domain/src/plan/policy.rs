//! The policies, each one a row of a table: what the core does differently is data, not another code path.

use super::core::Lengths;
use super::moment::{At, NEVER, SECOND};
use super::packing::Packing;

/// How the queue is served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// As it is asked for.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Whose job is looked at next.
    pub turns: Turns,
    /// Which job of those is looked at next, priority apart.
    pub order: Order,
    /// What may start once a job has been found that cannot.
    pub behind: Behind,
    /// How many jobs that cannot start are promised a moment by which they will.
    pub promises: usize,
    /// What would put such a job off on its best host may go to another one.
    pub elsewhere: bool,
    /// Jobs go where they end before what runs there already, or least after it, so that hosts become free as a whole.
    pub aligned: bool,
    /// Where jobs go, unless another way is asked for.
    pub packing: Packing,
}

/// Whose job is looked at next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// All jobs stand in one line.
    OneLine,
    /// The organization that has least of what it is entitled to.
    LeastServed,
}

/// What jobs of one line are ordered by, least first; earlier ones first among equals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// When they came.
    Submitted,
    /// How long they are thought to run.
    Estimate,
    /// How long they will run, which only a simulation knows.
    TrueRun,
    /// When they came, plus so many times what they are thought to need: short ones pass long ones, but only those that
    /// came not much earlier, so that everybody's turn comes.
    Aged {
        /// Seconds of waiting that make up for one second of running.
        patience: f64,
        /// Seconds of waiting that make up for any length.
        at_most_secs: i64,
    },
}

/// What may start behind a job that cannot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Behind {
    /// Nothing.
    Nothing,
    /// What does not put off that job, looked at in this order.
    Backfill(Order),
}

/// The default's order.
const AGED: Order = Order::Aged { patience: 0.5, at_most_secs: 250_000 };

/// Every policy, the default first.
pub const POLICIES: [Policy; 6] = [
    Policy {
        name: "fair",
        about: "organizations in turn by weight, use and waiting, short jobs sooner, promises and backfill, jobs that end together \
                side by side",
        turns: Turns::LeastServed,
        order: AGED,
        behind: Behind::Backfill(AGED),
        promises: 4,
        elsewhere: true,
        aligned: true,
        packing: Packing::Fgd,
    },
    Policy {
        name: "fair-easy",
        about: "organizations in turn by weight and use, oldest first within one, reservation and backfill",
        turns: Turns::LeastServed,
        order: Order::Submitted,
        behind: Behind::Backfill(Order::Submitted),
        promises: 1,
        elsewhere: true,
        aligned: false,
        packing: Packing::Tightest,
    },
    Policy {
        name: "fifo",
        about: "one line, oldest first; nothing passes a job that cannot start",
        turns: Turns::OneLine,
        order: Order::Submitted,
        behind: Behind::Nothing,
        promises: 1,
        elsewhere: false,
        aligned: false,
        packing: Packing::Tightest,
    },
    Policy {
        name: "sjf",
        about: "one line, shortest true run first; nothing passes a job that cannot start",
        turns: Turns::OneLine,
        order: Order::TrueRun,
        behind: Behind::Nothing,
        promises: 1,
        elsewhere: false,
        aligned: false,
        packing: Packing::Tightest,
    },
    Policy {
        name: "easy",
        about: "one line, oldest first; later jobs pass a job that cannot start when that does not put it off",
        turns: Turns::OneLine,
        order: Order::Submitted,
        behind: Behind::Backfill(Order::Submitted),
        promises: 1,
        elsewhere: false,
        aligned: false,
        packing: Packing::Tightest,
    },
    Policy {
        name: "easy-sjbf",
        about: "like easy, but what may pass is looked at shortest estimate first",
        turns: Turns::OneLine,
        order: Order::Submitted,
        behind: Behind::Backfill(Order::Estimate),
        promises: 1,
        elsewhere: false,
        aligned: false,
        packing: Packing::Tightest,
    },
];

impl Policy {
    /// The policy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        POLICIES.into_iter().find(|policy| policy.name == name)
    }
}

impl Default for Policy {
    fn default() -> Self {
        POLICIES[0]
    }
}

/// What a job's place in its line depends on, besides its priority.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) submitted: At,
    pub(super) estimate: At,
    pub(super) run: At,
}

/// A job of unknown length takes its turn as if it ran this long.
const ASSUMED: At = 86_400 * SECOND;

impl Facts {
    pub(super) fn new(submitted: At, lengths: Lengths) -> Self {
        let known = |length: At| if length == NEVER { ASSUMED } else { length };
        Self { submitted, estimate: known(lengths.estimate), run: known(lengths.run) }
    }
}

impl Order {
    /// The least comes first.
    pub(super) fn key(self, job: Facts) -> At {
        match self {
            Self::Submitted => 0,
            Self::Estimate => job.estimate,
            Self::TrueRun => job.run,
            // The cast saturates: a job of unknown length stands behind everything, but keeps its age among its kind.
            Self::Aged { patience, at_most_secs } => {
                let penalty = (job.estimate as f64 * patience) as At;
                job.submitted.saturating_add(penalty.min(at_most_secs * SECOND))
            }
        }
    }
}
