//! Allocations: reads. Occupancy is always derived from the live ones.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{AllocationId, GpuId, JobId, OrganizationId};
use entity::allocation;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Scope, Store};
use crate::fault::Fault;

/// What an organization held of a GPU, and when.
#[derive(Debug, Clone)]
pub struct Held {
    /// Who.
    pub organization: OrganizationId,
    /// Thousandths of a GPU.
    pub milli: i32,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when; none: it is live.
    pub to: Option<DateTime<Utc>>,
}

/// Only what the scope's organizations hold.
pub(super) fn in_sight(scope: Scope) -> Condition {
    match scope {
        Scope::Fleet => Condition::all(),
        Scope::Organization(id) => Condition::all().add(allocation::Column::OrganizationId.eq(id.0)),
        Scope::Nothing => Condition::all().add(allocation::Column::Id.is_null()),
    }
}

impl Store {
    /// An allocation in the scope.
    ///
    /// # Errors
    /// Database faults.
    pub async fn allocation(
        &self,
        scope: Scope,
        id: AllocationId,
    ) -> Result<Option<allocation::Model>, Fault> {
        Ok(allocation::Entity::find_by_id(id.0).filter(in_sight(scope)).one(self.db()).await?)
    }

    /// All allocations of these jobs, past attempts' included, oldest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn allocations_of_jobs(
        &self,
        scope: Scope,
        ids: &[JobId],
    ) -> Result<HashMap<JobId, Vec<allocation::Model>>, Fault> {
        let rows = allocation::Entity::find()
            .filter(allocation::Column::JobId.is_in(ids.iter().map(|id| id.0)))
            .filter(in_sight(scope))
            .order_by_asc(allocation::Column::AllocatedAt)
            .order_by_asc(allocation::Column::Id)
            .all(self.db())
            .await?;
        let mut found: HashMap<JobId, Vec<allocation::Model>> = HashMap::new();
        for row in rows {
            found.entry(JobId(row.job_id)).or_default().push(row);
        }
        Ok(found)
    }

    /// The live allocations of these GPUs that are in the scope.
    ///
    /// # Errors
    /// Database faults.
    pub async fn live_allocations_of_gpus(
        &self,
        scope: Scope,
        ids: &[GpuId],
    ) -> Result<HashMap<GpuId, Vec<allocation::Model>>, Fault> {
        let rows = allocation::Entity::find()
            .filter(allocation::Column::GpuId.is_in(ids.iter().map(|id| id.0)))
            .filter(allocation::Column::ReleasedAt.is_null())
            .filter(in_sight(scope))
            .order_by_asc(allocation::Column::AllocatedAt)
            .all(self.db())
            .await?;
        let mut found: HashMap<GpuId, Vec<allocation::Model>> = HashMap::new();
        for row in rows {
            found.entry(GpuId(row.gpu_id)).or_default().push(row);
        }
        Ok(found)
    }

    /// Thousandths of each of these GPUs that are taken, by whomever: a sum, and no more than that is told.
    ///
    /// # Errors
    /// Database faults.
    pub async fn taken_milli(&self, ids: &[GpuId]) -> Result<HashMap<GpuId, i32>, Fault> {
        let rows: Vec<(sea_orm::prelude::Uuid, i64)> = allocation::Entity::find()
            .select_only()
            .column(allocation::Column::GpuId)
            .column_as(allocation::Column::Milli.sum(), "taken")
            .filter(allocation::Column::GpuId.is_in(ids.iter().map(|id| id.0)))
            .filter(allocation::Column::ReleasedAt.is_null())
            .group_by(allocation::Column::GpuId)
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(rows
            .into_iter()
            .map(|(id, milli)| (GpuId(id), i32::try_from(milli).unwrap_or(i32::MAX)))
            .collect())
    }

    /// When the first of the GPUs that were held after an instant was given to somebody; none: none was.
    ///
    /// # Errors
    /// Database faults.
    pub async fn first_held_after(&self, since: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Fault> {
        let first = |ended: Condition| {
            allocation::Entity::find()
                .select_only()
                .column_as(allocation::Column::AllocatedAt.min(), "first")
                .filter(ended)
                .into_tuple::<Option<DateTime<Utc>>>()
                .one(self.db())
        };
        // Two questions, each of which has an index.
        let live = first(Condition::all().add(allocation::Column::ReleasedAt.is_null())).await?.flatten();
        let ended = first(Condition::all().add(allocation::Column::ReleasedAt.gt(since))).await?.flatten();
        Ok(live.into_iter().chain(ended).min())
    }

    /// What was held between two instants, by whomever.
    ///
    /// # Errors
    /// Database faults.
    pub async fn held_between(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Held>, Fault> {
        type Row = (sea_orm::prelude::Uuid, i32, DateTime<Utc>, Option<DateTime<Utc>>);
        let rows = |ended: Condition| {
            allocation::Entity::find()
                .select_only()
                .columns([
                    allocation::Column::OrganizationId,
                    allocation::Column::Milli,
                    allocation::Column::AllocatedAt,
                    allocation::Column::ReleasedAt,
                ])
                .filter(ended)
                .filter(allocation::Column::AllocatedAt.lt(until))
                .into_tuple::<Row>()
                .all(self.db())
        };
        // Two questions, each of which has an index.
        let live = rows(Condition::all().add(allocation::Column::ReleasedAt.is_null())).await?;
        let ended = rows(Condition::all().add(allocation::Column::ReleasedAt.gt(since))).await?;
        let held = |(organization, milli, from, to)| Held {
            organization: OrganizationId(organization),
            milli,
            from,
            to,
        };
        Ok(live.into_iter().chain(ended).map(held).collect())
    }
}
