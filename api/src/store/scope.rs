//! How much of the fleet a caller may see: part of every read, never a filter that one could forget.

use domain::ids::OrganizationId;
use entity::{gpu, host, job};
use sea_orm::sea_query::{Condition, IntoCondition, Query};
use sea_orm::{ColumnTrait, Condition as Filter};

/// How much of the fleet a caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything: operators, and the server itself.
    Fleet,
    /// One organization's objects, and the hosts and GPUs that it may use.
    Organization(OrganizationId),
}

impl Scope {
    /// Jobs in sight.
    #[must_use]
    pub fn jobs(self) -> Condition {
        match self {
            Self::Fleet => Filter::all(),
            Self::Organization(id) => job::Column::OrganizationId.eq(id.0).into_condition(),
        }
    }

    /// Hosts in sight: shared ones, and those dedicated to the organization.
    #[must_use]
    pub fn hosts(self) -> Condition {
        match self {
            Self::Fleet => Filter::all(),
            Self::Organization(id) => Filter::any()
                .add(host::Column::OrganizationId.is_null())
                .add(host::Column::OrganizationId.eq(id.0)),
        }
    }

    /// GPUs in sight: those of the hosts in sight.
    #[must_use]
    pub fn gpus(self) -> Condition {
        match self {
            Self::Fleet => Filter::all(),
            Self::Organization(_) => gpu::Column::HostId
                .in_subquery(
                    Query::select()
                        .column(host::Column::Id)
                        .from(host::Entity)
                        .cond_where(self.hosts())
                        .to_owned(),
                )
                .into_condition(),
        }
    }

    /// Whether an organization's own objects are in sight.
    #[must_use]
    pub fn includes(self, organization: OrganizationId) -> bool {
        match self {
            Self::Fleet => true,
            Self::Organization(id) => id == organization,
        }
    }

    /// Whether a host's objects are in sight, by the organization that it is dedicated to.
    #[must_use]
    pub fn includes_host_of(self, dedicated_to: Option<OrganizationId>) -> bool {
        dedicated_to.is_none_or(|organization| self.includes(organization))
    }
}
