//! What each organization holds, may hold and has held lately: ceilings, guarantees, and who is served least.

use std::collections::BTreeSet;

use crate::hash::Map;
use crate::ids::OrganizationId;
use crate::snapshot::OrganizationState;

use super::moment::{At, SECOND};

/// What an organization holds and may hold, in thousandths of a GPU.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    /// None: no ceiling.
    pub(super) ceiling: Option<i64>,
    /// Its own whenever it wants it; what it holds beyond is borrowed.
    pub(super) guaranteed: i64,
    /// Its part of the fleet, beside those of others.
    pub(super) weight: f64,
    /// Held, the placements of this pass included.
    pub(super) held: i64,
    /// Kept for an earlier job of this organization, which has reserved GPUs.
    pub(super) reserved: i64,
    /// What it has held lately, on average, long ago counting less.
    pub(super) lately: f64,
    /// By how much its longest waiting job divides what it is served; at least 1.
    pub(super) urgency: f64,
    settled: At,
}

impl Account {
    pub(super) fn new(now: At) -> Self {
        let (ceiling, guaranteed, weight, urgency) = (None, 0, 1.0, 1.0);
        Self { ceiling, guaranteed, weight, held: 0, reserved: 0, lately: 0.0, urgency, settled: now }
    }

    /// Whether so much more stays within the ceiling.
    pub(super) fn allows(&self, milli: i64) -> bool {
        self.ceiling.is_none_or(|ceiling| self.held + self.reserved + milli <= ceiling)
    }

    /// Whether it stays within the ceiling but for what is kept for an earlier job.
    pub(super) fn allows_beside(&self, milli: i64) -> bool {
        self.ceiling.is_none_or(|ceiling| self.held + milli <= ceiling)
    }

    /// Whether so much more is its own, and not borrowed.
    pub(super) fn owns(&self, milli: i64) -> bool {
        self.held + milli <= self.guaranteed
    }

    /// How well it is served; the least comes first.
    pub(super) fn served(&self, memory: f64) -> f64 {
        let weight = if self.weight > 0.0 { self.weight } else { 1e-9 };
        (self.held as f64 + memory * self.lately) / weight / self.urgency
    }

    fn settle(&mut self, now: At, half_life_secs: i64) {
        let passed = now.saturating_sub(self.settled) as f64 / (half_life_secs.max(1) * SECOND) as f64;
        if passed > 0.0 {
            self.lately += (self.held as f64 - self.lately) * (1.0 - (-passed).exp2());
            self.settled = now;
        }
    }
}

/// The accounts of all organizations, by number.
#[derive(Clone)]
pub(super) struct Accounts {
    pub(super) known: Vec<Account>,
    pub(super) ids: Vec<OrganizationId>,
    numbers: Map<OrganizationId, usize>,
    half_life_secs: i64,
    now: At,
}

impl Accounts {
    pub(super) fn new(organizations: &[OrganizationState], half_life_secs: i64, now: At) -> Self {
        let mut accounts =
            Self { known: Vec::new(), ids: Vec::new(), numbers: Map::default(), half_life_secs, now };
        let mut states: Vec<&OrganizationState> = organizations.iter().collect();
        states.sort_unstable_by_key(|state| state.id);
        for state in states {
            let number = accounts.number(state.id);
            let account = &mut accounts.known[number];
            account.ceiling = state.max_gpus_milli;
            account.guaranteed = state.guaranteed_milli;
            account.weight = state.weight;
            account.held = state.allocated_milli;
            account.lately = state.lately_milli;
        }
        accounts
    }

    /// Numbers organizations without a record, in the order of their ids whatever the order in which they are met.
    pub(super) fn introduce(&mut self, met: impl Iterator<Item = OrganizationId>) {
        let strangers: BTreeSet<_> = met.filter(|id| !self.numbers.contains_key(id)).collect();
        for stranger in strangers {
            self.number(stranger);
        }
    }

    /// An organization's number; one without a record has no ceiling, no guarantee, and the weight 1.
    pub(super) fn number(&mut self, organization: OrganizationId) -> usize {
        *self.numbers.entry(organization).or_insert_with(|| {
            self.known.push(Account::new(self.now));
            self.ids.push(organization);
            self.known.len() - 1
        })
    }

    /// Brings what was held lately up to now. To be called before what is held changes.
    pub(super) fn settle(&mut self, now: At) {
        self.now = now;
        self.known.iter_mut().for_each(|account| account.settle(now, self.half_life_secs));
    }

    /// Each account's rank: how many are served less.
    pub(super) fn ranks(&self, memory: f64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.known.len()).collect();
        let served = |number: usize| self.known[number].served(memory);
        order.sort_by(|a, b| served(*a).total_cmp(&served(*b)));
        let mut ranks = vec![0; order.len()];
        order.into_iter().enumerate().for_each(|(rank, number)| ranks[number] = rank);
        ranks
    }

    pub(super) fn settle_one(&mut self, number: usize, now: At) {
        self.known[number].settle(now, self.half_life_secs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_was_held_is_remembered_after_a_half_life() {
        let mut account = Account { held: 8000, ..Account::new(0) };
        account.settle(3600 * SECOND, 3600);
        account.held = 0;
        account.settle(7200 * SECOND, 3600);
        assert!((account.lately - 2000.0).abs() < 1e-6);
    }

    #[test]
    fn weight_divides_what_is_held() {
        let heavy = Account { weight: 4.0, held: 4000, ..Account::new(0) };
        let light = Account { held: 2000, ..Account::new(0) };
        assert!(heavy.served(0.0) < light.served(0.0));
    }
}
