//! Books what cards did for those who held them, by the hour.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::ids::GpuId;
use entity::{allocation, gpu, job, usage_hour};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationTrait as _};

use super::{gpu_seconds, hour_of};
use crate::fault::Fault;
use crate::store::Tx;
use crate::telemetry::Minute;

/// Part of a GPU in somebody's hands.
#[derive(sea_orm::FromQueryResult)]
struct Held {
    gpu_id: Uuid,
    organization_id: Uuid,
    submitted_by: String,
    model_type: Option<String>,
    gpu_type: String,
    milli: i32,
    allocated_at: DateTime<Utc>,
    released_at: Option<DateTime<Utc>>,
}

impl Held {
    /// GPU-seconds of it in a time.
    fn within(&self, begin: DateTime<Utc>, end: DateTime<Utc>) -> f64 {
        let to = self.released_at.map_or(end, |to| Ord::min(to, end));
        gpu_seconds(self.milli, Ord::max(begin, self.allocated_at), to)
    }
}

/// An hour of an organization's user, model type and GPU type.
type Hour = (Uuid, i32, String, String, String);

/// Books what cards did in these minutes for those who held them. Of a card that several share, each is thought to have used
/// its share of what was used.
pub(in crate::store) async fn book(tx: &Tx<'_>, minutes: &[(GpuId, i64, Minute)]) -> Result<(), Fault> {
    let told: Vec<_> = minutes
        .iter()
        .filter_map(|(gpu, minute, sum)| {
            let (begin, end) = (begin(*minute)?, begin(*minute + 1)?);
            Some((*gpu, begin, end, sum.utilization_percent?.clamp(0.0, 100.0) / 100.0))
        })
        .collect();
    let (Some(from), Some(to)) =
        (told.iter().map(|(_, begin, ..)| *begin).min(), told.iter().map(|(_, _, end, _)| *end).max())
    else {
        return Ok(());
    };
    let mut on: HashMap<Uuid, Vec<Held>> = HashMap::new();
    for one in held(tx, told.iter().map(|(gpu, ..)| gpu.0), from, to).await? {
        on.entry(one.gpu_id).or_default().push(one);
    }
    // In the order of their keys: two servers that book at once do not wait for each other in a circle.
    let mut hours: BTreeMap<Hour, (f64, f64)> = BTreeMap::new();
    for (gpu, begin, end, busy) in told {
        for one in on.get(&gpu.0).into_iter().flatten() {
            let seconds = one.within(begin, end);
            if seconds > 0.0 {
                let (user, model) = (one.submitted_by.clone(), one.model_type.clone().unwrap_or_default());
                let key = (one.organization_id, hour_of(begin), user, model, one.gpu_type.clone());
                let hour = hours.entry(key).or_default();
                *hour = (hour.0 + seconds, hour.1 + seconds * busy);
            }
        }
    }
    add(tx, hours).await
}

fn begin(minute: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(minute * 60, 0)
}

async fn held(
    tx: &Tx<'_>,
    of: impl Iterator<Item = Uuid>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Held>, Fault> {
    let not_over = Condition::any()
        .add(allocation::Column::ReleasedAt.is_null())
        .add(allocation::Column::ReleasedAt.gt(from));
    Ok(allocation::Entity::find()
        .select_only()
        .columns([
            allocation::Column::GpuId,
            allocation::Column::OrganizationId,
            allocation::Column::Milli,
            allocation::Column::AllocatedAt,
            allocation::Column::ReleasedAt,
        ])
        .columns([job::Column::SubmittedBy, job::Column::ModelType])
        .column(gpu::Column::GpuType)
        .join(JoinType::InnerJoin, allocation::Relation::Job.def())
        .join(JoinType::InnerJoin, allocation::Relation::Gpu.def())
        .filter(allocation::Column::GpuId.is_in(of))
        .filter(allocation::Column::AllocatedAt.lt(to))
        .filter(not_over)
        .into_model()
        .all(tx.db)
        .await?)
}

async fn add(tx: &Tx<'_>, hours: BTreeMap<Hour, (f64, f64)>) -> Result<(), Fault> {
    use usage_hour::Column;
    if hours.is_empty() {
        return Ok(());
    }
    let rows = hours.into_iter().map(|((organization, hour, user, model, gpu_type), (observed, used))| {
        usage_hour::ActiveModel {
            hour: Set(hour),
            organization_id: Set(organization),
            submitted_by: Set(user),
            model_type: Set(model),
            gpu_type: Set(gpu_type),
            observed_seconds: Set(observed),
            used_seconds: Set(used),
        }
    });
    let added = |column: Column, more: &'static str| {
        (column, Expr::col((usage_hour::Entity, column)).add(Expr::cust(more)))
    };
    let key = [Column::OrganizationId, Column::Hour, Column::SubmittedBy, Column::ModelType, Column::GpuType];
    let same = OnConflict::columns(key)
        .values([
            added(Column::ObservedSeconds, "excluded.observed_seconds"),
            added(Column::UsedSeconds, "excluded.used_seconds"),
        ])
        .to_owned();
    usage_hour::Entity::insert_many(rows).on_conflict(same).exec_without_returning(tx.db).await?;
    Ok(())
}
