//! GPUs: which, a page at a time.

use async_graphql::{Context, ID, InputObject};
use domain::ids::HostId;
use domain::limits;
use domain::requirements::{memory_gb, type_matches};
use entity::{allocation, gpu, host};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{ExprTrait as _, Query};
use sea_orm::{ColumnTrait, Condition};

use super::hosts::held_back;
use super::{connection, once};
use crate::fault::Fault;
use crate::graphql::caller::store;
use crate::graphql::enums::{GpuHealth, GpuStatus};
use crate::graphql::failure::Answer;
use crate::graphql::gpu::{self as gpu_object, Gpu};
use crate::store::page::{Ask, cursor};
use crate::store::{Scope, Store};

connection!(GpuConnection, GpuEdge, Gpu, gpu::Model, "GPUs");

/// Which GPUs.
#[derive(InputObject, Clone, Default)]
pub struct GpuFilter {
    /// In one of these statuses.
    pub status: Option<Vec<GpuStatus>>,
    /// Of one of these healths.
    pub health: Option<Vec<GpuHealth>>,
    /// Of a type with all of these words, whatever the case: NVIDIA A100 matches NVIDIA A100-SXM4-80GB, A10 does not.
    pub gpu_type: Option<String>,
    /// With at least this much memory, decimal gigabytes.
    pub min_memory_gb: Option<f64>,
    /// Of this host.
    pub host_id: Option<ID>,
}

/// Ids of hosts that are down (or draining).
fn hosts_that(condition: Condition) -> sea_orm::sea_query::SelectStatement {
    Query::select().column(host::Column::Id).from(host::Entity).cond_where(condition).to_owned()
}

fn gpus_that(status: GpuStatus) -> Condition {
    let down = gpu::Column::HostId.in_subquery(hosts_that(Condition::all().add(host::Column::Down.eq(true))));
    let draining = gpu::Column::HostId.in_subquery(hosts_that(Condition::all().add(held_back())));
    let live = Query::select()
        .column(allocation::Column::GpuId)
        .from(allocation::Entity)
        .and_where(allocation::Column::ReleasedAt.is_null())
        .to_owned();
    let taken = gpu::Column::Id.in_subquery(live);
    let away = Condition::any().add(down).add(gpu::Column::Present.eq(false));
    let bad = Condition::any().add(gpu::Column::Quarantined.eq(true)).add(gpu::Column::Health.eq("FAILED"));
    let here = Condition::all().add(away.clone().not());
    let usable = here.clone().add(bad.clone().not());
    match status {
        GpuStatus::Quarantined => here.add(bad),
        GpuStatus::Allocated => usable.add(taken),
        GpuStatus::Available => usable.add(taken.not()).add(draining.not()),
        GpuStatus::Unavailable => Condition::any().add(away).add(usable.add(taken.not()).add(draining)),
    }
}

impl GpuFilter {
    /// Refuses what is out of bounds.
    ///
    /// # Errors
    /// [`Fault::Invalid`].
    pub fn check(&self) -> Result<(), Fault> {
        let longest = limits::GPU_TYPE_CHARS;
        Ok(limits::check_text("filter.gpuType", self.gpu_type.as_deref(), longest)?)
    }

    /// The condition, where the GPUs in sight are of these types.
    fn condition(&self, types: &[String]) -> Condition {
        let mut all = Condition::all();
        if let Some(wanted) = &self.status {
            let any =
                once(wanted).into_iter().fold(Condition::any(), |any, status| any.add(gpus_that(status)));
            all = all.add(if wanted.is_empty() {
                Condition::all().add(gpu::Column::Id.is_null())
            } else {
                any
            });
        }
        if let Some(wanted) = &self.health {
            all = all.add(gpu::Column::Health.is_in(once(wanted).into_iter().map(GpuHealth::as_str)));
        }
        if let Some(wanted) = &self.gpu_type {
            all =
                all.add(gpu::Column::GpuType.is_in(types.iter().filter(|known| type_matches(wanted, known))));
        }
        if let Some(least) = self.min_memory_gb {
            let mib = (least * 1e9 / 1_048_576.0).ceil().clamp(0.0, f64::from(i32::MAX));
            all = all.add(gpu::Column::MemoryMib.gte(mib as i32));
        }
        if let Some(id) = &self.host_id {
            let id = id.parse::<HostId>().map_or(Uuid::nil(), |id| id.0);
            all = all.add(gpu::Column::HostId.eq(id));
        }
        all
    }

    /// Whether a GPU, as it is now, passes.
    ///
    /// # Errors
    /// Database faults.
    pub async fn admits(&self, store: &Store, scope: Scope, card: &gpu::Model) -> Result<bool, Fault> {
        let (id, host_id) = (domain::ids::GpuId(card.id), HostId(card.host_id));
        let taken = store.taken_milli(&[id]).await?.get(&id).copied().unwrap_or(0);
        let Some(host) = store.hosts_by_id(scope, &[host_id]).await?.remove(&host_id) else {
            return Ok(false);
        };
        let status = gpu_object::status(card, &host, taken);
        Ok(self.status.as_ref().is_none_or(|wanted| wanted.contains(&status))
            && self
                .health
                .as_ref()
                .is_none_or(|wanted| wanted.iter().any(|health| health.as_str() == card.health))
            && self.gpu_type.as_ref().is_none_or(|wanted| type_matches(wanted, &card.gpu_type))
            && self.min_memory_gb.is_none_or(|least| memory_gb(card.memory_mib) >= least)
            && self.host_id.as_ref().is_none_or(|id| id.as_str() == host_id.to_string()))
    }
}

/// A page of the GPUs in a scope.
pub(in crate::graphql) async fn gpus_page(
    ctx: &Context<'_>,
    scope: Scope,
    filter: Option<GpuFilter>,
    ask: Ask,
) -> Answer<GpuConnection> {
    let (store, filter, asked) = (store(ctx), filter.unwrap_or_default(), ask.understand()?);
    filter.check()?;
    // A type is matched by its words, as for a job, and not in SQL: a fleet has few types.
    let types = if filter.gpu_type.is_some() { store.gpu_types(scope).await? } else { Vec::new() };
    let page = store.gpus(scope, filter.condition(&types), &asked).await?;
    Ok(GpuConnection::of(page, |row| cursor(&(String::new(), row.id))))
}
