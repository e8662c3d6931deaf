//! Organizations.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::OrganizationId;
use domain::limits;
use entity::organization;

use super::api_key::ApiKey;
use super::caller::{permit_on, store};
use super::enums::IdleAction;
use super::failure::Answer;
use super::lists::at_most;
use super::lists::jobs::{JobConnection, JobFilter, JobOrder, jobs_page};
use super::loaders::{KeysOf, load};
use crate::fault::Fault;
use crate::store::organizations::idle_policy;
use crate::store::page::Ask;

/// A tenant.
pub struct Organization(pub organization::Model);

/// An organization's limits.
#[derive(SimpleObject)]
pub struct Quota {
    /// GPUs that are its own whenever it wants them: what others borrow is taken back.
    pub guaranteed_gpus: f64,
    /// Never more than this many at once; null: no ceiling.
    pub max_gpus: Option<f64>,
    /// Waiting jobs accepted at once; null: no ceiling.
    pub max_queued_jobs: Option<i32>,
}

/// What becomes of an organization's jobs that hold GPUs and do not use them.
#[derive(SimpleObject)]
pub struct IdlePolicy {
    /// What becomes of a job that was warned and stays idle until its grace has passed.
    pub action: IdleAction,
    /// So many minutes without use make a job idle. All of them must have been observed, on all of its GPUs.
    pub window_minutes: i32,
    /// So many minutes lie between the warning and what follows it; use in between takes the warning back.
    pub grace_minutes: i32,
    /// A sample of this utilization or more counts as use.
    pub utilization_percent: i32,
}

/// What an organization has in use.
pub struct OrganizationUsage(OrganizationId, (i64, i64, i64));

/// What an organization has in use.
#[Object]
impl OrganizationUsage {
    /// GPUs that it holds now.
    async fn allocated_gpus(&self) -> f64 {
        self.1.0 as f64 / 1000.0
    }

    /// Its jobs that wait.
    async fn queued_jobs(&self) -> i32 {
        i32::try_from(self.1.1).unwrap_or(i32::MAX)
    }

    /// Its jobs that hold GPUs.
    async fn running_jobs(&self) -> i32 {
        i32::try_from(self.1.2).unwrap_or(i32::MAX)
    }

    /// GPU-seconds that it held in an interval, live allocations included.
    async fn gpu_seconds(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Begin of the interval.")] since: DateTime<Utc>,
        #[graphql(desc = "End of the interval; null: now.")] until: Option<DateTime<Utc>>,
    ) -> Answer<f64> {
        let now = store(ctx).clock().now();
        let until = until.unwrap_or(now);
        limits::check_instant("since", Some(since)).map_err(Fault::from)?;
        limits::check_instant("until", Some(until)).map_err(Fault::from)?;
        if since > until {
            return Err(Fault::invalid("since", "the interval ends before it begins").into());
        }
        // Nothing is held yet in what is still to come.
        Ok(store(ctx).gpu_seconds(self.0, since, until.min(now)).await?)
    }
}

/// A tenant.
#[Object]
impl Organization {
    /// Its global id.
    pub async fn id(&self) -> ID {
        ID(OrganizationId(self.0.id).to_string())
    }

    /// Its short name.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// Its name for people.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Share of the fleet relative to the others while they compete.
    async fn weight(&self) -> f64 {
        self.0.weight
    }

    /// Its limits.
    async fn quota(&self) -> Quota {
        Quota {
            guaranteed_gpus: self.0.guaranteed_gpus,
            max_gpus: self.0.max_gpus,
            max_queued_jobs: self.0.max_queued_jobs,
        }
    }

    /// What becomes of its jobs that hold GPUs and do not use them.
    async fn idle_policy(&self) -> IdlePolicy {
        let policy = idle_policy(&self.0);
        IdlePolicy {
            action: policy.action.into(),
            window_minutes: policy.window_minutes,
            grace_minutes: policy.grace_minutes,
            utilization_percent: policy.utilization_percent,
        }
    }

    /// What it has in use.
    async fn usage(&self, ctx: &Context<'_>) -> Answer<OrganizationUsage> {
        let id = OrganizationId(self.0.id);
        Ok(OrganizationUsage(id, store(ctx).organization_usage(id).await?))
    }

    /// Its version, for optimistic locking.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The keys by which its programs call the API, newest first. Admins only.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<ApiKey>> {
        permit_on(ctx, "Organization")?;
        let first = at_most(first)?;
        let rows = load(ctx, KeysOf(OrganizationId(self.0.id))).await?.unwrap_or_default();
        Ok(rows.into_iter().take(first).map(ApiKey).collect())
    }

    /// Its jobs, newest first unless ordered otherwise.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the schema")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only jobs that pass it.")] filter: Option<JobFilter>,
        #[graphql(desc = "Their order.")] order_by: Option<JobOrder>,
        #[graphql(desc = "So many from the start or after a cursor.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end or before a cursor.")] last: Option<i32>,
        #[graphql(desc = "In front of this cursor.")] before: Option<String>,
    ) -> Answer<JobConnection> {
        permit_on(ctx, "Organization")?;
        let of = crate::store::Scope::Organization(OrganizationId(self.0.id));
        jobs_page(ctx, of, filter, order_by, Ask { first, after, last, before }).await
    }
}
