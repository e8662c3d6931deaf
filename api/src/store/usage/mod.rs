//! What was held, from the allocations themselves, and what of it was used, as the cards told.

mod book;

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::ids::OrganizationId;
use entity::{allocation, gpu, job, usage_hour};
use futures_util::TryStreamExt as _;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationTrait as _};

use super::allocations::in_sight;
use super::{Scope, Store};
use crate::fault::Fault;
pub(super) use book::book;

/// Allocations looked at for one breakdown at most.
const MOST_ALLOCATIONS: u64 = 500_000;
/// Groups of one breakdown at most.
const MOST_GROUPS: usize = 10_000;
/// Days of one breakdown at most: a year and a day.
const MOST_DAYS: i64 = 366;

/// What usage is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsageDimension {
    /// Whose jobs they were.
    Organization,
    /// Who submitted them.
    User,
    /// The kind of model they named.
    ModelType,
    /// The type of the cards.
    GpuType,
    /// The day, in UTC.
    Day,
}

/// What one group has in common: a value for each dimension that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey {
    /// The day, in UTC.
    pub day: Option<NaiveDate>,
    /// Whose.
    pub organization: Option<Uuid>,
    /// Who.
    pub user: Option<String>,
    /// The kind of model; empty where the jobs named none.
    pub model_type: Option<String>,
    /// The type of the cards.
    pub gpu_type: Option<String>,
}

/// What a group held, and what of it was used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    /// GPU-seconds held.
    pub allocated: f64,
    /// GPU-seconds of which the cards told how busy they were.
    pub observed: f64,
    /// GPU-seconds of these in which they were busy.
    pub used: f64,
    /// Jobs that held any.
    pub jobs: usize,
}

/// A part of what was held, with all that it may be told by.
struct Part {
    organization: Uuid,
    user: String,
    model_type: String,
    gpu_type: String,
}

impl Part {
    fn key(&self, by: &[UsageDimension], at: DateTime<Utc>) -> UsageKey {
        let asked = |dimension| by.contains(&dimension);
        UsageKey {
            day: asked(UsageDimension::Day).then(|| at.date_naive()),
            organization: asked(UsageDimension::Organization).then_some(self.organization),
            user: asked(UsageDimension::User).then(|| self.user.clone()),
            model_type: asked(UsageDimension::ModelType).then(|| self.model_type.clone()),
            gpu_type: asked(UsageDimension::GpuType).then(|| self.gpu_type.clone()),
        }
    }
}

/// Groups and their sums, a bounded number.
#[derive(Default)]
struct Groups(BTreeMap<UsageKey, (Used, HashSet<Uuid>)>);

impl Groups {
    fn of(&mut self, key: UsageKey) -> Result<&mut (Used, HashSet<Uuid>), Fault> {
        if self.0.len() >= MOST_GROUPS && !self.0.contains_key(&key) {
            let message =
                format!("more than {MOST_GROUPS} groups: ask for a shorter time or fewer dimensions");
            return Err(Fault::invalid("by", message));
        }
        Ok(self.0.entry(key).or_default())
    }
}

impl Store {
    /// GPU-seconds that an organization held between two instants, live allocations up to `until` included.
    ///
    /// # Errors
    /// Database faults.
    pub async fn gpu_seconds(
        &self,
        id: OrganizationId,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<f64, Fault> {
        type Row = (i32, DateTime<Utc>, Option<DateTime<Utc>>);
        let rows: Vec<Row> = allocation::Entity::find()
            .select_only()
            .columns([
                allocation::Column::Milli,
                allocation::Column::AllocatedAt,
                allocation::Column::ReleasedAt,
            ])
            .filter(allocation::Column::OrganizationId.eq(id.0))
            .filter(allocation::Column::AllocatedAt.lt(until))
            .filter(
                Condition::any()
                    .add(allocation::Column::ReleasedAt.is_null())
                    .add(allocation::Column::ReleasedAt.gt(since)),
            )
            .into_tuple()
            .all(self.db())
            .await?;
        let held = rows
            .into_iter()
            .map(|(milli, from, to)| gpu_seconds(milli, from.max(since), to.unwrap_or(until).min(until)));
        // A sum of nothing is minus zero.
        Ok(held.sum::<f64>() + 0.0)
    }

    /// What the scope's organizations held between two whole hours, and what of it was used, by these dimensions, in the order
    /// of their keys.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for more than can be answered at once; database faults.
    pub async fn usage_breakdown(
        &self,
        scope: Scope,
        by: &[UsageDimension],
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(UsageKey, Used)>, Fault> {
        if until - since > TimeDelta::days(MOST_DAYS) {
            return Err(Fault::invalid("since", format!("at most {MOST_DAYS} days at once")));
        }
        let mut groups = Groups::default();
        // Two questions, each of which has an index.
        let ended = Condition::all().add(allocation::Column::ReleasedAt.gt(since));
        for which in [allocation::Column::ReleasedAt.is_null().into(), ended] {
            self.add_held(scope, by, (since, until), which, &mut groups).await?;
        }
        self.add_used(scope, by, (since, until), &mut groups).await?;
        let sum =
            |(key, (used, jobs)): (UsageKey, (Used, HashSet<Uuid>))| (key, Used { jobs: jobs.len(), ..used });
        Ok(groups.0.into_iter().map(sum).collect())
    }

    async fn add_held(
        &self,
        scope: Scope,
        by: &[UsageDimension],
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        which: Condition,
        groups: &mut Groups,
    ) -> Result<(), Fault> {
        type Row = (Uuid, Uuid, String, Option<String>, String, i32, DateTime<Utc>, Option<DateTime<Utc>>);
        let mut rows = allocation::Entity::find()
            .select_only()
            .columns([allocation::Column::JobId, allocation::Column::OrganizationId])
            .columns([job::Column::SubmittedBy, job::Column::ModelType])
            .column(gpu::Column::GpuType)
            .columns([
                allocation::Column::Milli,
                allocation::Column::AllocatedAt,
                allocation::Column::ReleasedAt,
            ])
            .join(JoinType::InnerJoin, allocation::Relation::Job.def())
            .join(JoinType::InnerJoin, allocation::Relation::Gpu.def())
            .filter(in_sight(scope))
            .filter(which)
            .filter(allocation::Column::AllocatedAt.lt(until))
            .limit(MOST_ALLOCATIONS + 1)
            .into_tuple::<Row>()
            .stream(self.db())
            .await?;
        let by_day = by.contains(&UsageDimension::Day);
        let mut seen = 0;
        while let Some((job, organization, user, model_type, gpu_type, milli, from, to)) =
            rows.try_next().await?
        {
            seen += 1;
            if seen > MOST_ALLOCATIONS {
                let message = format!("more than {MOST_ALLOCATIONS} allocations: ask for a shorter time");
                return Err(Fault::invalid("since", message));
            }
            let part = Part { organization, user, model_type: model_type.unwrap_or_default(), gpu_type };
            let (mut from, to) = (from.max(since), to.unwrap_or(until).min(until));
            while from < to {
                let end = if by_day { next_day(from).min(to) } else { to };
                let (sum, jobs) = groups.of(part.key(by, from))?;
                sum.allocated += gpu_seconds(milli, from, end);
                jobs.insert(job);
                from = end;
            }
        }
        Ok(())
    }

    async fn add_used(
        &self,
        scope: Scope,
        by: &[UsageDimension],
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        groups: &mut Groups,
    ) -> Result<(), Fault> {
        let of = match scope {
            Scope::Fleet => Condition::all(),
            Scope::Organization(id) => usage_hour::Column::OrganizationId.eq(id.0).into(),
            Scope::Nothing => return Ok(()),
        };
        let mut rows = usage_hour::Entity::find()
            .filter(of)
            .filter(usage_hour::Column::Hour.gte(hour_of(since)))
            .filter(usage_hour::Column::Hour.lte(hour_of(until - TimeDelta::microseconds(1))))
            .limit(MOST_ALLOCATIONS + 1)
            .stream(self.db())
            .await?;
        let mut seen = 0;
        while let Some(row) = rows.try_next().await? {
            seen += 1;
            if seen > MOST_ALLOCATIONS {
                let message =
                    format!("more than {MOST_ALLOCATIONS} hours of users and types: ask for a shorter time");
                return Err(Fault::invalid("since", message));
            }
            let Some(at) = DateTime::from_timestamp(i64::from(row.hour) * 3600, 0) else { continue };
            let part = Part {
                organization: row.organization_id,
                user: row.submitted_by,
                model_type: row.model_type,
                gpu_type: row.gpu_type,
            };
            let (sum, _) = groups.of(part.key(by, at))?;
            sum.observed += row.observed_seconds;
            sum.used += row.used_seconds;
        }
        Ok(())
    }
}

fn gpu_seconds(milli: i32, from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    let micros = (to - from).num_microseconds().unwrap_or(0).max(0);
    f64::from(milli) / 1000.0 * micros as f64 / 1e6
}

fn next_day(at: DateTime<Utc>) -> DateTime<Utc> {
    let midnight = at.date_naive().succ_opt().and_then(|day| day.and_hms_opt(0, 0, 0));
    midnight.map_or(DateTime::<Utc>::MAX_UTC, |midnight| midnight.and_utc())
}

fn hour_of(at: DateTime<Utc>) -> i32 {
    i32::try_from(at.timestamp().div_euclid(3600)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
