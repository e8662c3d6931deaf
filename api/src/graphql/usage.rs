//! What was held and what of it was used, by whatever one wants to know it by.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use domain::ids::OrganizationId;
use domain::limits;

use super::caller::{permit, store};
use super::enums::UsageDimension;
use super::failure::Answer;
use super::lists::at_most;
use super::loaders::load;
use super::organization::Organization;
use crate::fault::Fault;
use crate::store::usage::{UsageKey, Used};

/// GPU-hours held and used between two whole hours.
pub struct UsageBreakdown {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    rows: Vec<(UsageKey, Used)>,
}

/// What one group held and used.
pub struct UsageRow(UsageKey, Used);

/// What all groups held and used.
#[derive(SimpleObject)]
pub struct UsageTotal {
    /// GPU-seconds held.
    allocated_gpu_seconds: f64,
    /// Those of them of which the cards told how busy they were.
    observed_gpu_seconds: f64,
    /// Those of these in which they were busy.
    used_gpu_seconds: f64,
}

/// What one group held and used.
#[Object]
impl UsageRow {
    /// Whose jobs they were; null unless asked for.
    async fn organization(&self, ctx: &Context<'_>) -> Answer<Option<Organization>> {
        match self.0.organization {
            Some(id) => Ok(load(ctx, OrganizationId(id)).await?.map(Organization)),
            None => Ok(None),
        }
    }

    /// Who submitted them; null unless asked for.
    async fn user(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// The kind of model that they named, empty where they named none; null unless asked for.
    async fn model_type(&self) -> Option<&str> {
        self.0.model_type.as_deref()
    }

    /// The type of the cards; null unless asked for.
    async fn gpu_type(&self) -> Option<&str> {
        self.0.gpu_type.as_deref()
    }

    /// The day, in UTC, as its first instant; null unless asked for.
    async fn day(&self) -> Option<DateTime<Utc>> {
        Some(self.0.day?.and_hms_opt(0, 0, 0)?.and_utc())
    }

    /// Jobs that held any.
    async fn jobs(&self) -> i32 {
        i32::try_from(self.1.jobs).unwrap_or(i32::MAX)
    }

    /// GPU-seconds held: the exact sum over allocations, live ones included. Half a GPU for a second counts a half.
    async fn allocated_gpu_seconds(&self) -> f64 {
        self.1.allocated
    }

    /// GPU-seconds held of which the cards told how busy they were. The rest is not known: it is not zero.
    async fn observed_gpu_seconds(&self) -> f64 {
        self.1.observed
    }

    /// GPU-seconds observed times the share of them in which a kernel ran. Of a shared GPU, each holder is thought to have
    /// used its share of that.
    async fn used_gpu_seconds(&self) -> f64 {
        self.1.used
    }
}

/// GPU-hours held and used between two whole hours.
#[Object]
impl UsageBreakdown {
    /// Begin of the interval: the whole hour at or before what was asked for.
    async fn since(&self) -> DateTime<Utc> {
        self.since
    }

    /// End of the interval: the whole hour at or after what was asked for, or now.
    async fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// The groups: by day, then by most held.
    async fn rows(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<UsageRow>> {
        let first = at_most(first)?;
        Ok(self.rows.iter().take(first).map(|(key, used)| UsageRow(key.clone(), *used)).collect())
    }

    /// All groups together.
    async fn total(&self) -> UsageTotal {
        let sum = |of: fn(&Used) -> f64| self.rows.iter().map(|(_, used)| of(used)).sum::<f64>() + 0.0;
        UsageTotal {
            allocated_gpu_seconds: sum(|used| used.allocated),
            observed_gpu_seconds: sum(|used| used.observed),
            used_gpu_seconds: sum(|used| used.used),
        }
    }
}

/// Answers [`super::query::Query`]'s `usageBreakdown`.
pub(super) async fn breakdown(
    ctx: &Context<'_>,
    by: &[UsageDimension],
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> Answer<UsageBreakdown> {
    let scope = permit(ctx)?.scope();
    let (hour, now) = (TimeDelta::hours(1), store(ctx).clock().now());
    limits::check_instant("since", Some(since)).map_err(Fault::from)?;
    limits::check_instant("until", until).map_err(Fault::from)?;
    if until.is_some_and(|until| since > until) {
        return Err(Fault::invalid("since", "the interval ends before it begins").into());
    }
    let whole = |at: DateTime<Utc>| at.duration_trunc(hour).unwrap_or(at);
    let since = whole(since);
    let until = until.unwrap_or(now);
    let until = if whole(until) == until { until } else { whole(until) + hour }.min(now).max(since);
    let by: Vec<_> = by.iter().copied().map(Into::into).collect();
    let mut rows = store(ctx).usage_breakdown(scope, &by, since, until).await?;
    rows.sort_by(|(a, held), (b, other)| a.day.cmp(&b.day).then(other.allocated.total_cmp(&held.allocated)));
    Ok(UsageBreakdown { since, until, rows })
}
