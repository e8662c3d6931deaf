//! History of GPUs: minutes added to their hours, and read back in steps.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use domain::ids::GpuId;
use entity::{allocation, gpu, host, telemetry, telemetry_hour};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::write::INSERT_ROWS;
use super::{Scope, Store, Tx, usage};
use crate::fault::Fault;
use crate::telemetry::{Minute, minute_of, put};

/// Steps of one answer at most: a day in minutes.
pub const MOST_STEPS: i64 = 1440;

impl Store {
    /// Adds minutes that are over to what is kept of them.
    ///
    /// # Errors
    /// Database faults.
    pub(crate) async fn add_minutes(&self, minutes: Vec<(GpuId, i64, Minute)>) -> Result<(), Fault> {
        for some in minutes.chunks(INSERT_ROWS) {
            let some = some.to_vec();
            self.write(move |tx| {
                let some = some.clone();
                Box::pin(async move {
                    add(tx, &some).await?;
                    usage::book(tx, &some).await
                })
            })
            .await?;
        }
        Ok(())
    }

    /// Forgets hours that ended before this.
    ///
    /// # Errors
    /// Database faults.
    pub async fn forget_telemetry(&self, before: DateTime<Utc>) -> Result<(), Fault> {
        let hour = hour_of(before.timestamp().div_euclid(60));
        self.write(move |tx| {
            Box::pin(async move {
                telemetry_hour::Entity::delete_many()
                    .filter(telemetry_hour::Column::Hour.lt(hour))
                    .exec(tx.db)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// What a GPU told from `since` until `until`, in steps of so many minutes that begin at whole multiples of them; steps in
    /// which nothing was told are left out. Of others' use of it nothing is told: an organization sees of a shared GPU the times
    /// in which it had some of it.
    ///
    /// # Errors
    /// Database faults.
    pub(crate) async fn telemetry_history(
        &self,
        scope: Scope,
        gpu: GpuId,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        step_minutes: i64,
    ) -> Result<Vec<(DateTime<Utc>, Minute)>, Fault> {
        let (first, last) = (since.timestamp().div_euclid(60), (until.timestamp() - 1).div_euclid(60));
        let hours = telemetry_hour::Entity::find()
            .filter(telemetry_hour::Column::GpuId.eq(gpu.0))
            .filter(telemetry_hour::Column::Hour.between(hour_of(first), hour_of(last)))
            .order_by_asc(telemetry_hour::Column::Hour)
            .all(self.db())
            .await?;
        let minutes = hours.iter().flat_map(|hour| {
            let begin = i64::from(hour.hour) * 60;
            (0..60).filter_map(move |minute| Some((begin + minute as i64, minute_of(&hour.minutes, minute)?)))
        });
        let own = self.times_in_sight(scope, gpu, since).await?;
        let in_sight = |at: i64| own.as_ref().is_none_or(|own| own.iter().any(|time| time.contains(&at)));
        let mut steps: Vec<(i64, Minute)> = Vec::new();
        for (at, told) in minutes.filter(|(at, _)| (first..=last).contains(at) && in_sight(*at)) {
            let begin = at - at.rem_euclid(step_minutes);
            match steps.last_mut() {
                Some((step, sum)) if *step == begin => *sum = sum.merged(told),
                _ => steps.push((begin, told)),
            }
        }
        let at = |minute: i64| DateTime::from_timestamp(minute * 60, 0);
        Ok(steps.into_iter().filter_map(|(minute, sum)| Some((at(minute)?, sum))).collect())
    }

    /// When the newest sample of each of these cards was taken.
    ///
    /// # Errors
    /// Database faults.
    pub(crate) async fn sampled_at(&self, ids: &[GpuId]) -> Result<Vec<(Uuid, DateTime<Utc>)>, Fault> {
        Ok(telemetry::Entity::find()
            .select_only()
            .columns([telemetry::Column::GpuId, telemetry::Column::At])
            .filter(telemetry::Column::GpuId.is_in(ids.iter().map(|id| id.0)))
            .into_tuple()
            .all(self.db())
            .await?)
    }

    /// The minutes in which a caller may know what went on on a GPU; none: all of them.
    async fn times_in_sight(
        &self,
        scope: Scope,
        gpu: GpuId,
        since: DateTime<Utc>,
    ) -> Result<Option<Vec<RangeInclusive<i64>>>, Fault> {
        let Scope::Organization(organization) = scope else { return Ok(None) };
        let card = gpu::Entity::find_by_id(gpu.0).one(self.db()).await?.ok_or(Fault::NotFound("gpu"))?;
        let host = host::Entity::find_by_id(card.host_id).one(self.db()).await?;
        if host.is_some_and(|host| host.organization_id == Some(organization.0)) {
            return Ok(None);
        }
        let held = allocation::Entity::find()
            .filter(allocation::Column::GpuId.eq(gpu.0))
            .filter(allocation::Column::OrganizationId.eq(organization.0))
            .filter(
                Condition::any()
                    .add(allocation::Column::ReleasedAt.is_null())
                    .add(allocation::Column::ReleasedAt.gte(since)),
            )
            .all(self.db())
            .await?;
        let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
        let times =
            held.into_iter().map(|one| minute(one.allocated_at)..=one.released_at.map_or(i64::MAX, minute));
        Ok(Some(times.collect()))
    }
}

fn hour_of(minute: i64) -> i32 {
    i32::try_from(minute.div_euclid(60)).unwrap_or(i32::MAX)
}

async fn add(tx: &Tx<'_>, minutes: &[(GpuId, i64, Minute)]) -> Result<(), Fault> {
    let mut hours: HashMap<(GpuId, i32), Vec<u8>> = HashMap::new();
    let known = telemetry_hour::Entity::find()
        .filter(telemetry_hour::Column::GpuId.is_in(minutes.iter().map(|(gpu, ..)| gpu.0)))
        .filter(telemetry_hour::Column::Hour.is_in(minutes.iter().map(|(_, minute, _)| hour_of(*minute))))
        .lock_exclusive()
        .all(tx.db)
        .await?;
    hours.extend(known.into_iter().map(|row| ((GpuId(row.gpu_id), row.hour), row.minutes)));
    let mut touched: HashMap<(GpuId, i32), Vec<u8>> = HashMap::new();
    for (gpu, minute, sum) in minutes {
        let key = (*gpu, hour_of(*minute));
        let hour = touched.entry(key).or_insert_with(|| hours.remove(&key).unwrap_or_default());
        put(hour, usize::try_from(minute.rem_euclid(60)).unwrap_or_default(), *sum);
    }
    let rows: Vec<_> = touched
        .into_iter()
        .map(|((gpu, hour), minutes)| telemetry_hour::ActiveModel {
            gpu_id: Set(gpu.0),
            hour: Set(hour),
            minutes: Set(minutes),
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let same = OnConflict::columns([telemetry_hour::Column::GpuId, telemetry_hour::Column::Hour])
        .update_column(telemetry_hour::Column::Minutes)
        .to_owned();
    telemetry_hour::Entity::insert_many(rows).on_conflict(same).exec_without_returning(tx.db).await?;
    Ok(())
}
