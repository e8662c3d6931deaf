//! What can be read.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{GpuId, HostId, JobId, NodeId};
use domain::job::JobStatus;
use domain::role::Role;
use domain::snapshot::WaitingJob;

use super::allocation::Allocation;
use super::api_key::ApiKey;
use super::caller::{permit, store};
use super::enums::{ErrorCode, UsageDimension};
use super::explanation::{JobPreview, ROWS_OF_A_PLAN};
use super::failure::Answer;
use super::fleet::FleetSummary;
use super::gpu::Gpu;
use super::host::Host;
use super::job::Job;
use super::lists::at_most;
use super::lists::audit::{AuditEntryConnection, AuditFilter, audit_page};
use super::lists::gpus::{GpuConnection, GpuFilter, gpus_page};
use super::lists::hosts::{HostConnection, HostFilter, hosts_page};
use super::lists::jobs::{JobConnection, JobFilter, JobOrder, jobs_page};
use super::lists::organizations::{OrganizationConnection, organizations_page};
use super::loaders::{Loaders, load, load_all};
use super::mutation::jobs::SubmitJobInput;
use super::organization::Organization;
use super::pending::Pending;
use super::subscription::event_cursor;
use super::usage::{UsageBreakdown, breakdown};
use super::viewer::Viewer;
use crate::fault::Fault;
use crate::store::events::status_of;
use crate::store::page::Ask;

/// Ids that `nodes` takes at once.
const NODES: usize = 100;

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its global id."))]
#[expect(clippy::large_enum_variant, reason = "a node lives for one answer")]
pub enum Node {
    /// A tenant.
    Organization(Organization),
    /// A machine with GPUs.
    Host(Host),
    /// A GPU.
    Gpu(Gpu),
    /// A GPU given to a job.
    Allocation(Allocation),
    /// A job.
    Job(Job),
    /// A key by which a program calls the API.
    ApiKey(ApiKey),
}

/// A code that an error can carry.
#[derive(SimpleObject)]
pub struct ErrorCodeInfo {
    /// As it stands in the error's extensions.
    code: ErrorCode,
    /// True: the same request, unchanged, may succeed later.
    retryable: bool,
}

/// What can be read.
#[derive(Default)]
pub struct Query;

async fn node(ctx: &Context<'_>, id: &ID) -> Answer<Option<Node>> {
    let permit = permit(ctx)?;
    let scope = permit.scope();
    Ok(match id.parse::<NodeId>() {
        Err(_) => None,
        Ok(NodeId::Organization(id)) => load(ctx, id).await?.map(|row| Node::Organization(Organization(row))),
        Ok(NodeId::Host(id)) => load(ctx, id).await?.map(|row| Node::Host(Host(row))),
        Ok(NodeId::Gpu(id)) => load(ctx, id).await?.map(|row| Node::Gpu(Gpu(row))),
        Ok(NodeId::Job(id)) => load(ctx, id).await?.map(|row| Node::Job(Job(row))),
        // Its admins know of an organization's keys, and nobody else.
        Ok(NodeId::ApiKey(_)) if !permit.principal().role.includes(Role::Admin) => None,
        Ok(NodeId::ApiKey(id)) => load(ctx, id).await?.map(|row| Node::ApiKey(ApiKey(row))),
        Ok(NodeId::Allocation(id)) => {
            store(ctx).allocation(scope, id).await?.map(|row| Node::Allocation(Allocation(row)))
        }
    })
}

/// What can be read.
#[Object]
impl Query {
    /// Any object by its global id; null when there is none that the caller may see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id.")] id: ID,
    ) -> Answer<Option<Node>> {
        node(ctx, &id).await
    }

    /// Several objects by their global ids, in their order, at most 100.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their global ids.")] ids: Vec<ID>,
    ) -> Answer<Vec<Option<Node>>> {
        if ids.len() > NODES {
            return Err(Fault::invalid("ids", format!("at most {NODES} ids")).into());
        }
        futures_util::future::try_join_all(ids.iter().map(|id| node(ctx, id))).await
    }

    /// The caller.
    async fn viewer(&self, ctx: &Context<'_>) -> Answer<Viewer> {
        Ok(Viewer(permit(ctx)?.principal().clone()))
    }

    /// The caller's own organization; an operator names any by slug.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its slug; null: the caller's own.")] slug: Option<String>,
    ) -> Answer<Option<Organization>> {
        let permit = permit(ctx)?;
        let (scope, own) = (permit.scope(), permit.principal().organization.as_ref());
        let Some(slug) = slug.or_else(|| own.map(|own| own.slug.clone())) else { return Ok(None) };
        // PostgreSQL takes no NUL, and no slug has one.
        if slug.contains('\0') {
            return Ok(None);
        }
        let row = store(ctx).organization_by_slug(&slug).await?;
        Ok(row.filter(|row| scope.includes(row.id.into())).map(Organization))
    }

    /// All organizations, by slug. Operators only.
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start or after a cursor.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end or before a cursor.")] last: Option<i32>,
        #[graphql(desc = "In front of this cursor.")] before: Option<String>,
    ) -> Answer<OrganizationConnection> {
        permit(ctx)?;
        organizations_page(ctx, Ask { first, after, last, before }).await
    }

    /// A job; null when there is none that the caller may see.
    async fn job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id.")] id: ID,
    ) -> Answer<Option<Job>> {
        permit(ctx)?;
        let Ok(id) = id.parse::<JobId>() else { return Ok(None) };
        Ok(load(ctx, id).await?.map(Job))
    }

    /// What would become of a job if it were submitted now: nothing is kept of it.
    async fn preview_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job.")] input: SubmitJobInput,
    ) -> Answer<JobPreview> {
        let organization = permit(ctx)?.organization()?;
        ctx.data_unchecked::<Loaders>().spend(ROWS_OF_A_PLAN)?;
        let spec = input.check("input.")?;
        let earlier = load_all(ctx, spec.depends_on.clone()).await?;
        if earlier.len() < spec.depends_on.len() {
            return Err(Fault::NotFound("job").into());
        }
        let unfinished = earlier.iter().filter(|job| status_of(job) != JobStatus::Succeeded);
        let clock = store(ctx).clock();
        let id = JobId(clock.id());
        let job = WaitingJob {
            id,
            version: 0,
            organization,
            priority: spec.priority,
            submitted_at: clock.now(),
            requirements: spec.requirements,
            needs_container: spec.image.is_some(),
            held: spec.hold,
            unfinished_dependencies: unfinished.map(|job| JobId(job.id)).collect(),
            rests_until: None,
            estimate_secs: spec.time_limit_seconds.map(i64::from),
        };
        let preview = ctx.data_unchecked::<Arc<dyn Pending>>().preview(job).await?;
        Ok(JobPreview::of(id, preview))
    }

    /// Jobs, newest first unless ordered otherwise.
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
        let scope = permit(ctx)?.scope();
        jobs_page(ctx, scope, filter, order_by, Ask { first, after, last, before }).await
    }

    /// A GPU; null when there is none that the caller may see.
    async fn gpu(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id.")] id: ID,
    ) -> Answer<Option<Gpu>> {
        permit(ctx)?;
        let Ok(id) = id.parse::<GpuId>() else { return Ok(None) };
        Ok(load(ctx, id).await?.map(Gpu))
    }

    /// GPUs; those of one host stand together.
    async fn gpus(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only GPUs that pass it.")] filter: Option<GpuFilter>,
        #[graphql(desc = "So many from the start or after a cursor.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end or before a cursor.")] last: Option<i32>,
        #[graphql(desc = "In front of this cursor.")] before: Option<String>,
    ) -> Answer<GpuConnection> {
        let scope = permit(ctx)?.scope();
        gpus_page(ctx, scope, filter, Ask { first, after, last, before }).await
    }

    /// A host; null when there is none that the caller may see.
    async fn host(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id.")] id: ID,
    ) -> Answer<Option<Host>> {
        permit(ctx)?;
        let Ok(id) = id.parse::<HostId>() else { return Ok(None) };
        Ok(load(ctx, id).await?.map(Host))
    }

    /// Hosts, by name.
    async fn hosts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only hosts that pass it.")] filter: Option<HostFilter>,
        #[graphql(desc = "So many from the start or after a cursor.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end or before a cursor.")] last: Option<i32>,
        #[graphql(desc = "In front of this cursor.")] before: Option<String>,
    ) -> Answer<HostConnection> {
        let scope = permit(ctx)?.scope();
        hosts_page(ctx, scope, filter, Ask { first, after, last, before }).await
    }

    /// Who changed what, newest first. Operators only.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only lines that pass it.")] filter: Option<AuditFilter>,
        #[graphql(desc = "So many from the start or after a cursor.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end or before a cursor.")] last: Option<i32>,
        #[graphql(desc = "In front of this cursor.")] before: Option<String>,
    ) -> Answer<AuditEntryConnection> {
        permit(ctx)?;
        audit_page(ctx, filter, Ask { first, after, last, before }).await
    }

    /// The codes that an error can carry, and what a client may do about each.
    async fn error_codes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<ErrorCodeInfo>> {
        permit(ctx)?;
        let first = at_most(first)?;
        Ok(crate::error::ErrorCode::ALL
            .into_iter()
            .take(first)
            .map(|code| ErrorCodeInfo { code: code.into(), retryable: code.is_retryable() })
            .collect())
    }

    /// Where the subscriptions of changes stand now. Asked for before a list, and handed to a subscription as `after`, it
    /// leaves no change between the two untold.
    async fn event_cursor(&self, ctx: &Context<'_>) -> Answer<String> {
        permit(ctx)?;
        Ok(event_cursor(store(ctx).feed().head()))
    }

    /// GPU-time that was held and used in an interval, by one or several dimensions; of what the caller may see.
    async fn usage_breakdown(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is told by; none: all in one.")] by: Vec<UsageDimension>,
        #[graphql(desc = "Begin of the interval, at most 366 days before its end.")] since: DateTime<Utc>,
        #[graphql(desc = "End of the interval; null: now.")] until: Option<DateTime<Utc>>,
    ) -> Answer<UsageBreakdown> {
        breakdown(ctx, &by, since, until).await
    }

    /// The fleet in numbers.
    async fn fleet(&self, ctx: &Context<'_>) -> Answer<FleetSummary> {
        let scope = permit(ctx)?.scope();
        Ok(FleetSummary(store(ctx).counts(scope).await?))
    }
}
