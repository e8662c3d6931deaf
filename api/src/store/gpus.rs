//! GPUs: reads.

use std::collections::HashMap;

use domain::ids::{GpuId, HostId};
use entity::{gpu, host, telemetry};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Query, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::page::{Page, Rows};
use super::{Scope, Store};
use crate::fault::Fault;

/// GPUs of hosts that were not removed. Those of removed ones are history: found by id, and in no list.
pub(crate) fn not_removed() -> SimpleExpr {
    let removed = Query::select()
        .column(host::Column::Id)
        .from(host::Entity)
        .cond_where(host::Column::RemovedAt.is_not_null())
        .to_owned();
    gpu::Column::HostId.not_in_subquery(removed)
}

impl Store {
    /// GPUs in the scope, by id.
    ///
    /// # Errors
    /// Database faults.
    pub async fn gpus_by_id(&self, scope: Scope, ids: &[GpuId]) -> Result<HashMap<GpuId, gpu::Model>, Fault> {
        let rows = gpu::Entity::find()
            .filter(gpu::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .filter(scope.gpus_by_id())
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|row| (GpuId(row.id), row)).collect())
    }

    /// These hosts' GPUs, by index.
    ///
    /// # Errors
    /// Database faults.
    pub async fn gpus_of_hosts(
        &self,
        scope: Scope,
        ids: &[HostId],
    ) -> Result<HashMap<HostId, Vec<gpu::Model>>, Fault> {
        let rows = gpu::Entity::find()
            .filter(gpu::Column::HostId.is_in(ids.iter().map(|id| id.0)))
            .filter(scope.gpus())
            .order_by_asc(gpu::Column::DeviceIndex)
            .all(self.db())
            .await?;
        let mut found: HashMap<HostId, Vec<gpu::Model>> = HashMap::new();
        for row in rows {
            found.entry(HostId(row.host_id)).or_default().push(row);
        }
        Ok(found)
    }

    /// GPUs in the scope that pass a filter; those of one host stand together.
    ///
    /// # Errors
    /// Database faults.
    pub async fn gpus(
        &self,
        scope: Scope,
        filter: Condition,
        page: &Page<(String, Uuid)>,
    ) -> Result<Rows<gpu::Model>, Fault> {
        use gpu::Column;
        let find = gpu::Entity::find().filter(scope.gpus()).filter(not_removed()).filter(filter);
        let total = find.clone().count(self.db()).await?;
        let mut cursor = find.cursor_by(Column::Id);
        if let Some((_, id)) = &page.after {
            cursor.after(*id);
        }
        if let Some((_, id)) = &page.before {
            cursor.before(*id);
        }
        if page.backwards {
            cursor.last(page.limit + 1)
        } else {
            cursor.first(page.limit + 1)
        };
        Ok(page.cut(cursor.all(self.db()).await?, total))
    }

    /// The types of the GPUs in the scope, each once.
    ///
    /// # Errors
    /// Database faults.
    pub async fn gpu_types(&self, scope: Scope) -> Result<Vec<String>, Fault> {
        let types = gpu::Entity::find()
            .select_only()
            .column(gpu::Column::GpuType)
            .filter(scope.gpus())
            .distinct()
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(types)
    }

    /// The newest samples of these GPUs.
    ///
    /// # Errors
    /// Database faults.
    pub async fn telemetry_of(&self, ids: &[GpuId]) -> Result<HashMap<GpuId, telemetry::Model>, Fault> {
        let rows = telemetry::Entity::find()
            .filter(telemetry::Column::GpuId.is_in(ids.iter().map(|id| id.0)))
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|row| (GpuId(row.gpu_id), row)).collect())
    }
}
