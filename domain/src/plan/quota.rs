//! Ceilings: how much of the fleet an organization may hold at once, the plan's own placements included.

use std::collections::HashMap;

use crate::ids::OrganizationId;
use crate::snapshot::Snapshot;

/// What an organization holds and may hold, in thousandths of a GPU.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Budget {
    /// None: no ceiling.
    pub(super) ceiling: Option<i64>,
    /// Held, the placements of this pass included.
    pub(super) held: i64,
    /// Kept for an earlier job of this organization, which has reserved GPUs.
    pub(super) reserved: i64,
}

impl Budget {
    /// Whether so much more stays within the ceiling.
    pub(super) fn allows(&self, milli: i64) -> bool {
        self.ceiling.is_none_or(|ceiling| self.held + self.reserved + milli <= ceiling)
    }
}

/// The budgets of all organizations.
pub(super) struct Budgets {
    known: HashMap<OrganizationId, Budget>,
}

impl Budgets {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let budget = |ceiling, held| Budget { ceiling, held, reserved: 0 };
        let organizations = snapshot.organizations.iter();
        Self {
            known: organizations
                .map(|state| (state.id, budget(state.max_gpus_milli, state.allocated_milli)))
                .collect(),
        }
    }

    /// An organization's budget; one without a record has no ceiling.
    pub(super) fn of(&self, organization: OrganizationId) -> Budget {
        self.known.get(&organization).copied().unwrap_or_default()
    }

    pub(super) fn hold(&mut self, organization: OrganizationId, milli: i64) {
        self.known.entry(organization).or_default().held += milli;
    }

    pub(super) fn reserve(&mut self, organization: OrganizationId, milli: i64) {
        self.known.entry(organization).or_default().reserved += milli;
    }
}
