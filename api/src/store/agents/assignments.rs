//! What a host is to run and to stop.

use std::collections::HashMap;

use domain::ids::HostId;
use entity::{allocation, gpu, job, organization, placement};
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::words::AssignedAttempt;
use crate::fault::Fault;
use crate::store::Store;
use crate::store::events::status_of;

impl Store {
    /// What a host is to run and to stop now, by job.
    ///
    /// # Errors
    /// Database faults.
    pub async fn assignments(&self, host: HostId) -> Result<Vec<AssignedAttempt>, Fault> {
        let open = placement::Entity::find()
            .filter(placement::Column::HostId.eq(host.0))
            .filter(placement::Column::State.is_in(["ASSIGNED", "STARTED"]))
            .all(self.db())
            .await?;
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = open.iter().map(|part| part.job_id).collect();
        let jobs: HashMap<Uuid, (job::Model, Option<organization::Model>)> = job::Entity::find()
            .filter(job::Column::Id.is_in(ids.clone()))
            .all(self.db())
            .await?
            .into_iter()
            .map(|row| (row.id, (row, None)))
            .collect();
        let slugs = self.organization_slugs().await?;
        let cards = self.live_cards(host, ids).await?;
        let mut found = Vec::with_capacity(open.len());
        for part in open {
            let Some((job, _)) = jobs.get(&part.job_id) else { continue };
            if job.attempt != part.attempt || status_of(job).is_terminal() {
                continue;
            }
            let (gpu_uuids, milli) = cards.get(&part.job_id).cloned().unwrap_or_default();
            found.push(AssignedAttempt {
                organization_slug: slugs.get(&job.organization_id).cloned().unwrap_or_default(),
                job: job.clone(),
                part,
                gpu_uuids,
                milli,
            });
        }
        Ok(found)
    }

    async fn organization_slugs(&self) -> Result<HashMap<Uuid, String>, Fault> {
        let rows: Vec<(Uuid, String)> = organization::Entity::find()
            .select_only()
            .column(organization::Column::Id)
            .column(organization::Column::Slug)
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(rows.into_iter().collect())
    }

    async fn live_cards(
        &self,
        host: HostId,
        jobs: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, (Vec<String>, i32)>, Fault> {
        let live = allocation::Entity::find()
            .filter(allocation::Column::HostId.eq(host.0))
            .filter(allocation::Column::ReleasedAt.is_null())
            .filter(allocation::Column::JobId.is_in(jobs))
            .all(self.db())
            .await?;
        let cards = gpu::Entity::find()
            .filter(gpu::Column::HostId.eq(host.0))
            .order_by_asc(gpu::Column::DeviceIndex)
            .all(self.db())
            .await?;
        let mut found: HashMap<Uuid, (Vec<String>, i32)> = HashMap::new();
        for card in &cards {
            for one in live.iter().filter(|one| one.gpu_id == card.id) {
                let entry = found.entry(one.job_id).or_default();
                entry.0.push(card.uuid.clone());
                entry.1 = one.milli;
            }
        }
        Ok(found)
    }
}
