//! Counts of the whole fleet, as far as the caller may see it.

use entity::{allocation, gpu, host, job, telemetry};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};

use super::{Scope, Store};
use crate::fault::Fault;

/// Counts of the fleet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    /// Hosts in all.
    pub hosts: i32,
    /// Hosts that take work.
    pub hosts_ready: i32,
    /// GPUs in all.
    pub gpus: i32,
    /// GPUs wholly free and usable.
    pub gpus_available: i32,
    /// GPUs of which something is allocated.
    pub gpus_allocated: i32,
    /// GPUs that are neither.
    pub gpus_unavailable: i32,
    /// Mean over the GPUs with telemetry, percent.
    pub utilization_percent: Option<f64>,
    /// Jobs that wait.
    pub jobs_queued: i32,
    /// Jobs that hold GPUs.
    pub jobs_running: i32,
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl Store {
    /// Counts of what is in the scope.
    ///
    /// # Errors
    /// Database faults.
    pub async fn counts(&self, scope: Scope) -> Result<Counts, Fault> {
        let hosts: HashMap<_, _> = host::Entity::find()
            .filter(scope.hosts())
            .filter(host::Column::RemovedAt.is_null())
            .all(self.db())
            .await?
            .into_iter()
            .map(|row| (row.id, super::hosts::takes_work(&row)))
            .collect();
        let cards = gpu::Entity::find()
            .filter(scope.gpus())
            .filter(super::gpus::not_removed())
            .all(self.db())
            .await?;
        let taken: HashSet<sea_orm::prelude::Uuid> = allocation::Entity::find()
            .select_only()
            .column(allocation::Column::GpuId)
            .filter(allocation::Column::ReleasedAt.is_null())
            .distinct()
            .into_tuple()
            .all(self.db())
            .await?
            .into_iter()
            .collect();
        let usable = |card: &gpu::Model| {
            card.present
                && !card.quarantined
                && card.health != "FAILED"
                && hosts.get(&card.host_id).copied().unwrap_or(false)
        };
        let allocated = cards.iter().filter(|card| taken.contains(&card.id)).count();
        let available = cards.iter().filter(|card| !taken.contains(&card.id) && usable(card)).count();
        let (jobs_queued, jobs_running) = self.job_counts(scope).await?;
        Ok(Counts {
            hosts: count(hosts.len()),
            hosts_ready: count(hosts.values().filter(|ready| **ready).count()),
            gpus: count(cards.len()),
            gpus_available: count(available),
            gpus_allocated: count(allocated),
            gpus_unavailable: count(cards.len() - allocated - available),
            utilization_percent: self.mean_utilization(scope).await?,
            jobs_queued,
            jobs_running,
        })
    }

    async fn mean_utilization(&self, scope: Scope) -> Result<Option<f64>, Fault> {
        let in_sight = match scope {
            Scope::Fleet => Condition::all(),
            Scope::Organization(_) | Scope::Nothing => Condition::all().add(
                telemetry::Column::GpuId.in_subquery(
                    sea_orm::sea_query::Query::select()
                        .column(gpu::Column::Id)
                        .from(gpu::Entity)
                        .cond_where(scope.gpus())
                        .to_owned(),
                ),
            ),
        };
        let known: Vec<f64> = telemetry::Entity::find()
            .select_only()
            .column(telemetry::Column::UtilizationPercent)
            .filter(in_sight)
            .filter(telemetry::Column::UtilizationPercent.is_not_null())
            .into_tuple()
            .all(self.db())
            .await?;
        Ok((!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64))
    }

    async fn job_counts(&self, scope: Scope) -> Result<(i32, i32), Fault> {
        let counts: Vec<(String, i64)> = job::Entity::find()
            .select_only()
            .column(job::Column::Status)
            .column_as(job::Column::Id.count(), "jobs")
            .filter(scope.jobs())
            .filter(job::Column::FinishedAt.is_null())
            .group_by(job::Column::Status)
            .into_tuple()
            .all(self.db())
            .await?;
        let sum = |waiting: bool| -> i64 {
            counts
                .iter()
                .filter(|(status, _)| matches!(status.as_str(), "QUEUED" | "HELD") == waiting)
                .map(|(_, jobs)| jobs)
                .sum()
        };
        let clamp = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        Ok((clamp(sum(true)), clamp(sum(false))))
    }
}
