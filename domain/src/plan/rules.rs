//! What an operator may choose of the core's ways.

use super::packing::Packing;
use super::policy::Policy;

/// The rules that a core plans by.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How the queue is served.
    pub policy: Policy,
    /// Where jobs go.
    pub packing: Packing,
    /// So many scores of hosts for the mix are kept at most, those of each demand counted anew; a demand for which there is no
    /// more room goes where it fits tightest, so that a queue of very many different wishes is planned in time.
    pub scores: usize,
    /// Jobs of more GPUs than a host has take whole hosts and a remainder, rather than what is free anywhere.
    pub whole_hosts: bool,
    /// What an organization held so many seconds ago counts half of what it holds.
    pub half_life_secs: i64,
    /// How much what was held lately counts beside what is held now.
    pub memory: f64,
    /// What an organization holds counts half when one of its jobs has waited for so many seconds, a third when for twice
    /// as many, and so on: nobody waits for ever behind organizations that hold less.
    pub urgency_secs: i64,
    /// A borrowed job that has run for less is not asked to give its GPUs back.
    pub min_run_secs: i64,
    /// Draws what is random.
    pub seed: u64,
}

/// The mix of jobs that a fleet is kept good for is that of so many, the newest.
pub const MIX_OF: usize = 5_000;

impl Default for Rules {
    fn default() -> Self {
        Self::of(Policy::default())
    }
}

impl Rules {
    /// This policy, its own way of packing, and what is usual beside it.
    #[must_use]
    pub fn of(policy: Policy) -> Self {
        Self {
            policy,
            packing: policy.packing,
            scores: 50_000,
            whole_hosts: false,
            half_life_secs: 86_400,
            memory: 0.3,
            urgency_secs: 2 * 86_400,
            min_run_secs: 600,
            seed: 0,
        }
    }
}
