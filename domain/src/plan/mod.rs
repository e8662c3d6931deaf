//! `plan(&Snapshot, now) -> Plan`: which waiting job gets which GPUs, and what every other one waits for.
//!
//! Pure and deterministic: the same snapshot gives the same plan, whatever the order of its lists. A plan is a
//! proposal: it carries the versions that it read, and whoever commits it drops what has gone stale.
//!
//! One pass (`core`) looks at the queue's jobs by *kind*: jobs of one organization that ask for the same for the same
//! time. When the first of a kind cannot start, none can, so that a pass costs by kinds and not by jobs.
//!
//! 1. A job that is held back, or waits for another, is passed over.
//! 2. What a job asks for is a *shape* (`shape`), and shapes that the same GPUs answer share a *pool* (`eligibility`).
//! 3. Whose turn it is, is a *policy* (`policy`, a table): by default the organization that holds least for its weight,
//!    below its guarantee before all others (`accounts`, `line`); within one, priority, then age, short jobs sooner.
//! 4. Its organization's ceiling must leave room (`accounts`).
//! 5. All of its GPUs are placed, or none (`placement`), by what fits tightest (`fit`) or what is fragmented least
//!    (`score`, `packing`).
//! 6. The first job that finds no room is promised a moment by which it will (`horizon`), or GPUs where nobody can tell
//!    when it will (`reservation`). Later jobs may pass if they do not put that off; so a stream of small jobs cannot
//!    starve a large one.
//! 7. A job within its organization's guarantee that finds no room claims back what others have borrowed (`preempt`).
//!
//! `check` reads a plan independently of all this, and says where it breaks the rules. What is left waiting is explained from the state at the end of the pass (`explain`): every blocker, with its numbers.
//! Virtual time (`crate::simulate`) drives the same core, and so does whoever keeps it between passes (`planner`).

mod accounts;
mod check;
mod core;
mod demand;
mod eligibility;
mod explain;
mod explanation;
mod fit;
mod fleet;
mod foresee;
mod horizon;
mod line;
mod load;
mod moment;
mod no_match;
mod outside;
mod packing;
mod placement;
mod planner;
mod policy;
mod preempt;
mod queue;
mod reservation;
mod rules;
mod score;
mod shape;
mod suggest;
mod tally;
#[cfg(test)]
mod tests;
mod together;
mod wording;

use chrono::{DateTime, Utc};

use crate::ids::{GpuId, HostId, JobId};
use crate::snapshot::Snapshot;

pub(crate) use self::core::{Core, Lengths};
pub use check::{Breach, BreachCode, check};
pub use explanation::{Blocker, BlockerCode, Explained, Explanation};
pub use foresee::{Effort, Foreseen, foresee};
pub(crate) use moment::{NEVER, SECOND};
pub use packing::{PACKINGS, Packing};
pub use planner::{Decided, Planner};
pub use policy::{Behind, Order, POLICIES, Policy, Turns};
pub use preempt::Preemption;
pub use rules::{MIX_OF, Rules};
pub use suggest::{Suggestion, SuggestionCode, suggest};

/// What to do now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Jobs to give GPUs to, in queue order.
    pub placements: Vec<Placement>,
    /// Running jobs that are to give back what they borrowed.
    pub preemptions: Vec<Preemption>,
    /// What the first jobs that cannot start have been promised, in the order met: nothing else may put it off.
    pub promises: Vec<Promised>,
    /// For every job that stays: all that it waits for.
    pub waiting: Explained,
}

/// One job's GPUs: all that it asked for, on hosts in order of rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// The job.
    pub job: JobId,
    /// The job's version, as read.
    pub job_version: i32,
    /// Its GPUs; those of one host stand together.
    pub gpus: Vec<PlacedGpu>,
}

/// One GPU, or a share of it, for a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedGpu {
    /// Its host.
    pub host: HostId,
    /// The GPU.
    pub gpu: GpuId,
    /// The GPU's version, as read.
    pub gpu_version: i32,
    /// Thousandths of it, 1 to 1000.
    pub milli: i32,
}

/// What a job that cannot start yet has been promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// The job.
    pub job: JobId,
    /// By then there are GPUs for it, where the time limits of running jobs tell; else GPUs are kept for it. The first in the
    /// list starts by then, unless a job comes whose turn is before it; the others may have to leave GPUs to those before.
    pub at: Option<DateTime<Utc>>,
    /// The GPUs that are kept for it, busy ones included.
    pub gpus: Vec<GpuId>,
}

/// Plans one pass by the default rules: see the module's description.
#[must_use]
pub fn plan(snapshot: &Snapshot, now: DateTime<Utc>) -> Plan {
    plan_by(snapshot, &Rules::default(), now)
}

/// Plans one pass by these rules.
#[must_use]
pub fn plan_by(snapshot: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> Plan {
    let now = moment::moment(now);
    let mut core = load::core(snapshot, rules, now);
    let outcome = core.pass(now);
    let placements = outcome.started.iter().filter_map(|job| load::placement(&core, *job)).collect();
    let preemptions = preempt::preemptions(&mut core, &outcome);
    let promises = outcome.promises.iter().map(|promise| load::promised(&core, promise)).collect();
    Plan { placements, preemptions, promises, waiting: explain::explain(core, snapshot, &outcome) }
}
