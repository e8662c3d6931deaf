//! What a host is to run and to stop.

use std::collections::HashMap;

use domain::ids::HostId;
use entity::{allocation, gpu, host, job, organization, placement};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait as _, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef, RelationTrait as _,
};

use super::words::AssignedAttempt;
use crate::fault::Fault;
use crate::store::Store;
use crate::store::events::status_of;

/// Of parts that are to run, or do.
const OPEN: [&str; 2] = ["ASSIGNED", "STARTED"];

impl Store {
    /// What a host is to run and to stop now, by job. None: a newer epoch of it has begun, or it is gone.
    ///
    /// # Errors
    /// Database faults.
    pub async fn assignments(&self, host: HostId, epoch: i32) -> Result<Option<Vec<AssignedAttempt>>, Fault> {
        // Every host's stream asks this every few seconds, and most of them have nothing open: one statement answers it.
        // What cannot be read is an error, never nothing: an agent ends what is no longer listed.
        let rows: Vec<(host::Model, Option<Option<placement::Model>>)> = host::Entity::find_by_id(host.0)
            .filter(host::Column::Epoch.eq(epoch))
            .join(JoinType::LeftJoin, open_parts())
            .select_also(placement::Entity)
            .into_model()
            .all(self.db())
            .await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let open: Vec<placement::Model> = rows.into_iter().filter_map(|(_, part)| part?).collect();
        if open.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let ids: Vec<Uuid> = open.iter().map(|part| part.job_id).collect();
        let jobs: Vec<(job::Model, Option<Option<organization::Model>>)> = job::Entity::find()
            .filter(job::Column::Id.is_in(ids.clone()))
            .join(JoinType::InnerJoin, job::Relation::Organization.def())
            .select_also(organization::Entity)
            .into_model()
            .all(self.db())
            .await?;
        let jobs = jobs
            .into_iter()
            .map(|(row, whose)| Ok((row.id, (row, whose.flatten().ok_or_else(unreadable)?.slug))))
            .collect::<Result<HashMap<Uuid, (job::Model, String)>, Fault>>()?;
        let cards = self.live_cards(host, ids).await?;
        let mut found = Vec::with_capacity(open.len());
        for part in open {
            let Some((job, slug)) = jobs.get(&part.job_id) else { continue };
            if job.attempt != part.attempt || status_of(job).is_terminal() {
                continue;
            }
            let (gpu_uuids, milli) = cards.get(&part.job_id).cloned().unwrap_or_default();
            found.push(AssignedAttempt {
                organization_slug: slug.clone(),
                job: job.clone(),
                part,
                gpu_uuids,
                milli,
            });
        }
        Ok(Some(found))
    }

    async fn live_cards(
        &self,
        host: HostId,
        jobs: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, (Vec<String>, i32)>, Fault> {
        let live: Vec<(allocation::Model, Option<Option<gpu::Model>>)> = allocation::Entity::find()
            .filter(allocation::Column::HostId.eq(host.0))
            .filter(allocation::Column::ReleasedAt.is_null())
            .filter(allocation::Column::JobId.is_in(jobs))
            .join(JoinType::InnerJoin, allocation::Relation::Gpu.def())
            .select_also(gpu::Entity)
            .order_by_asc(gpu::Column::DeviceIndex)
            .into_model()
            .all(self.db())
            .await?;
        let mut found: HashMap<Uuid, (Vec<String>, i32)> = HashMap::new();
        for (one, card) in live {
            let entry = found.entry(one.job_id).or_default();
            entry.0.push(card.flatten().ok_or_else(unreadable)?.uuid);
            entry.1 = one.milli;
        }
        Ok(found)
    }
}

fn unreadable() -> Fault {
    Fault::Internal("a row that must be there is not".to_owned())
}

/// From a host to its parts of attempts that are to run or do.
fn open_parts() -> RelationDef {
    placement::Relation::Host
        .def()
        .rev()
        .on_condition(|_, part| Condition::all().add(Expr::col((part, placement::Column::State)).is_in(OPEN)))
}
