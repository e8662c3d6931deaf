//! How much of the fleet a caller may see: part of every read, never a filter that one could forget.

use domain::ids::OrganizationId;
use entity::{allocation, gpu, host, job};
use sea_orm::sea_query::{Condition, ExprTrait as _, IntoCondition, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition as Filter};

/// How much of the fleet a caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything: operators, and the server itself.
    Fleet,
    /// One organization's objects, and the hosts and GPUs that it may use.
    Organization(OrganizationId),
    /// Nothing at all: agents, which are told what they need and look at nothing.
    Nothing,
}

/// A condition that no row meets.
fn never() -> Condition {
    Filter::any().add(sea_orm::sea_query::Expr::value(1).eq(0))
}

impl Scope {
    /// Jobs in sight.
    #[must_use]
    pub fn jobs(self) -> Condition {
        match self {
            Self::Fleet => Filter::all(),
            Self::Organization(id) => job::Column::OrganizationId.eq(id.0).into_condition(),
            Self::Nothing => never(),
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
            Self::Nothing => never(),
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
            Self::Nothing => never(),
        }
    }

    /// Hosts in sight when one is asked for by its id: also those on which the organization has ever had GPUs, since its own
    /// history leads there.
    #[must_use]
    pub fn hosts_by_id(self) -> Condition {
        match self {
            Self::Organization(_) => Filter::any()
                .add(self.hosts())
                .add(host::Column::Id.in_subquery(self.had(allocation::Column::HostId))),
            other => other.hosts(),
        }
    }

    /// GPUs in sight when one is asked for by its id, likewise.
    #[must_use]
    pub fn gpus_by_id(self) -> Condition {
        match self {
            Self::Organization(_) => Filter::any()
                .add(self.gpus())
                .add(gpu::Column::Id.in_subquery(self.had(allocation::Column::GpuId))),
            other => other.gpus(),
        }
    }

    fn had(self, what: allocation::Column) -> SelectStatement {
        let mut had = Query::select();
        had.column(what).from(allocation::Entity);
        if let Self::Organization(id) = self {
            had.and_where(allocation::Column::OrganizationId.eq(id.0));
        }
        had
    }

    /// Whether an organization's own objects are in sight.
    #[must_use]
    pub fn includes(self, organization: OrganizationId) -> bool {
        match self {
            Self::Fleet => true,
            Self::Organization(id) => id == organization,
            Self::Nothing => false,
        }
    }

    /// Whether a host's objects are in sight, by the organization that it is dedicated to.
    #[must_use]
    pub fn includes_host_of(self, dedicated_to: Option<OrganizationId>) -> bool {
        self != Self::Nothing && dedicated_to.is_none_or(|organization| self.includes(organization))
    }
}
