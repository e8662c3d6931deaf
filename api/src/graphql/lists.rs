//! Lists: connections, filters and orders.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{HostId, JobId, OrganizationId};
use domain::requirements::{memory_gb, type_matches};
use entity::{allocation, gpu, host, job};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoColumnRef, LikeExpr, Query};
use sea_orm::{ColumnTrait, Condition};

use super::caller::store;
use super::enums::{GpuHealth, GpuStatus, HostStatus, JobOrderField, JobStatus, OrderDirection};
use super::failure::Answer;
use super::gpu::{self as gpu_object, Gpu};
use super::host::Host;
use super::job::{Job, JobEvent};
use super::label::LabelInput;
use super::organization::Organization;
use super::subscription::{event_cursor, parse_event_cursor};
use crate::fault::Fault;
use crate::store::events::{JobState, status_of};
use crate::store::jobs::JobOrder as StoreOrder;
use crate::store::page::{Ask, MOST, Rows, cursor};
use crate::store::{Scope, Store};

/// What a page costs: its rows times what each of them costs.
pub(super) fn page_cost(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let rows = first.or(last).unwrap_or(50).clamp(0, MOST);
    usize::try_from(rows).unwrap_or(0).saturating_mul(child).saturating_add(1)
}

/// Where a page lies in its list.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// More follow.
    pub has_next_page: bool,
    /// More are in front.
    pub has_previous_page: bool,
    /// The first row's cursor.
    pub start_cursor: Option<String>,
    /// The last row's cursor.
    pub end_cursor: Option<String>,
}

macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ident, $of:ty, $many:literal) => {
        #[doc = concat!("A page of ", $many, ".")]
        #[derive(SimpleObject)]
        pub struct $connection {
            /// The rows with their cursors.
            pub edges: Vec<$edge>,
            /// The rows alone.
            pub nodes: Vec<$node>,
            /// Where the page lies.
            pub page_info: PageInfo,
            /// Rows of the whole list.
            pub total_count: i32,
        }

        /// A row and its cursor.
        #[derive(SimpleObject)]
        pub struct $edge {
            /// Its place in the list.
            pub cursor: String,
            /// The row.
            pub node: $node,
        }

        impl $connection {
            fn of(page: Rows<$of>, place: impl Fn(&$of) -> String) -> Self {
                let cursors: Vec<String> = page.rows.iter().map(&place).collect();
                let page_info = PageInfo {
                    has_next_page: page.has_next,
                    has_previous_page: page.has_previous,
                    start_cursor: cursors.first().cloned(),
                    end_cursor: cursors.last().cloned(),
                };
                let nodes = page.rows.iter().cloned().map($node).collect();
                let edges = page.rows.into_iter().zip(cursors);
                let edges = edges.map(|(row, cursor)| $edge { cursor, node: $node(row) }).collect();
                Self { edges, nodes, page_info, total_count: page.total }
            }
        }
    };
}
connection!(JobConnection, JobEdge, Job, job::Model, "jobs");
connection!(GpuConnection, GpuEdge, Gpu, gpu::Model, "GPUs");
connection!(HostConnection, HostEdge, Host, host::Model, "hosts");
connection!(
    OrganizationConnection,
    OrganizationEdge,
    Organization,
    entity::organization::Model,
    "organizations"
);

/// A page of a job's history.
#[derive(SimpleObject)]
pub struct JobEventConnection {
    /// The events with their cursors.
    pub edges: Vec<JobEventEdge>,
    /// The events alone.
    pub nodes: Vec<JobEvent>,
    /// Where the page lies.
    pub page_info: PageInfo,
}

/// An event and its cursor.
#[derive(SimpleObject)]
pub struct JobEventEdge {
    /// Its place in the history.
    pub cursor: String,
    /// The event.
    pub node: JobEvent,
}

/// Which jobs.
#[derive(InputObject, Clone, Default)]
pub struct JobFilter {
    /// In one of these statuses.
    pub status: Option<Vec<JobStatus>>,
    /// With this in their name, whatever the case.
    pub name_contains: Option<String>,
    /// Of this model type.
    pub model_type: Option<String>,
    /// With all of these labels.
    pub labels: Option<Vec<LabelInput>>,
    /// Of this organization.
    pub organization_id: Option<ID>,
    /// Submitted at this instant or later.
    pub submitted_after: Option<DateTime<Utc>>,
    /// Submitted before this instant.
    pub submitted_before: Option<DateTime<Utc>>,
}

/// A text without the one character that PostgreSQL cannot take and no row therefore holds.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A text within a column, whatever the case, with nothing in it that LIKE would read as a pattern. How far a database
/// knows case beyond ASCII depends on it, so the text counts in both of the forms that lowering can leave behind.
fn contains(column: impl IntoColumnRef, text: &str) -> Condition {
    let text = storable(text).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let lowered = Expr::expr(Func::lower(Expr::col(column)));
    let forms = [text.to_ascii_lowercase(), text.to_lowercase()];
    forms.into_iter().fold(Condition::any(), |any, form| {
        any.add(lowered.clone().like(LikeExpr::new(format!("%{form}%")).escape('\\')))
    })
}

/// A label within a JSON column of a list of `{key, value}`. The two databases ask differently, and number the places
/// of values differently, too.
fn has_label(store: &Store, column: impl IntoColumnRef, label: &LabelInput) -> Expr {
    let (key, value) = (storable(&label.key), storable(&label.value));
    if store.is_shared() {
        let one = serde_json::json!([{ "key": key, "value": value }]).to_string();
        Expr::cust_with_exprs("$1 @> $2::jsonb", [Expr::col(column), Expr::value(one)])
    } else {
        Expr::cust_with_exprs(
            "EXISTS (SELECT 1 FROM json_each(?) AS label WHERE json_extract(label.value, '$.key') = ? \
             AND json_extract(label.value, '$.value') = ?)",
            [Expr::col(column), Expr::value(key), Expr::value(value)],
        )
    }
}

impl JobFilter {
    fn condition(&self, store: &Store) -> Condition {
        let mut all = Condition::all();
        if let Some(wanted) = &self.status {
            let texts = wanted.iter().map(|status| domain::job::JobStatus::from(*status).as_str());
            all = all.add(job::Column::Status.is_in(texts));
        }
        if let Some(text) = &self.name_contains {
            all = all.add(contains((job::Entity, job::Column::Name), text));
        }
        if let Some(model_type) = &self.model_type {
            all = all.add(job::Column::ModelType.eq(storable(model_type)));
        }
        for label in self.labels.iter().flatten() {
            all = all.add(has_label(store, (job::Entity, job::Column::Labels), label));
        }
        if let Some(id) = &self.organization_id {
            // An id that is none, like one that is not in sight, has no jobs.
            let id = id.parse::<OrganizationId>().map_or(Uuid::nil(), |id| id.0);
            all = all.add(job::Column::OrganizationId.eq(id));
        }
        if let Some(at) = self.submitted_after {
            all = all.add(job::Column::SubmittedAt.gte(at));
        }
        if let Some(at) = self.submitted_before {
            all = all.add(job::Column::SubmittedAt.lt(at));
        }
        all
    }

    /// Whether a job passes.
    #[must_use]
    pub fn matches(&self, row: &job::Model) -> bool {
        let status: JobStatus = status_of(row).into();
        let name = row.name.to_lowercase();
        self.status.as_ref().is_none_or(|wanted| wanted.contains(&status))
            && self.name_contains.as_ref().is_none_or(|text| name.contains(&text.to_lowercase()))
            && self.model_type.as_ref().is_none_or(|wanted| row.model_type.as_ref() == Some(wanted))
            && self.labels.iter().flatten().all(|wanted| {
                row.labels.0.iter().any(|label| label.key == wanted.key && label.value == wanted.value)
            })
            && self
                .organization_id
                .as_ref()
                .is_none_or(|id| id.as_str() == OrganizationId(row.organization_id).to_string())
            && self.submitted_after.is_none_or(|at| row.submitted_at >= at)
            && self.submitted_before.is_none_or(|at| row.submitted_at < at)
    }
}

/// How a list of jobs is sorted.
#[derive(InputObject, Clone)]
pub struct JobOrder {
    /// By what.
    pub field: JobOrderField,
    /// Which way.
    pub direction: OrderDirection,
}

/// A page of the jobs in a scope.
pub(super) async fn jobs_page(
    ctx: &Context<'_>,
    scope: Scope,
    filter: Option<JobFilter>,
    order: Option<JobOrder>,
    ask: Ask,
) -> Answer<JobConnection> {
    let store = store(ctx);
    let by = order.as_ref().map_or(StoreOrder::SubmittedAt, |order| order.field.into());
    let descending = order.is_none_or(|order| order.direction == OrderDirection::Desc);
    let filter = filter.unwrap_or_default().condition(store);
    let page = store.jobs(scope, filter, (by, descending), &ask).await?;
    Ok(JobConnection::of(page, |row| by.cursor(row)))
}

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

/// Hosts that take nothing new: by a person's wish, or because they cannot start jobs.
fn held_back() -> Condition {
    Condition::any().add(host::Column::Drain.eq(true)).add(host::Column::UnfitReason.is_not_null())
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
    /// The condition, where the GPUs in sight are of these types.
    fn condition(&self, types: &[String]) -> Condition {
        let mut all = Condition::all();
        if let Some(wanted) = &self.status {
            let any = wanted.iter().fold(Condition::any(), |any, status| any.add(gpus_that(*status)));
            all = all.add(if wanted.is_empty() {
                Condition::all().add(gpu::Column::Id.is_null())
            } else {
                any
            });
        }
        if let Some(wanted) = &self.health {
            all = all.add(gpu::Column::Health.is_in(wanted.iter().map(|health| health.as_str())));
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
pub(super) async fn gpus_page(
    ctx: &Context<'_>,
    scope: Scope,
    filter: Option<GpuFilter>,
    ask: Ask,
) -> Answer<GpuConnection> {
    let (store, filter, asked) = (store(ctx), filter.unwrap_or_default(), ask.understand()?);
    // A type is matched by its words, as for a job, and not in SQL: a fleet has few types.
    let types = if filter.gpu_type.is_some() { store.gpu_types(scope).await? } else { Vec::new() };
    let page = store.gpus(scope, filter.condition(&types), &asked).await?;
    Ok(GpuConnection::of(page, |row| cursor(&(String::new(), row.id))))
}

/// Which hosts.
#[derive(InputObject, Clone, Default)]
pub struct HostFilter {
    /// In one of these statuses.
    pub status: Option<Vec<HostStatus>>,
    /// With all of these labels.
    pub labels: Option<Vec<LabelInput>>,
}

impl HostFilter {
    fn condition(&self, store: &Store) -> Condition {
        let mut all = Condition::all();
        if let Some(wanted) = &self.status {
            let any = wanted.iter().fold(Condition::any(), |any, status| any.add(host_that(*status)));
            all = all.add(if wanted.is_empty() {
                Condition::all().add(host::Column::Id.is_null())
            } else {
                any
            });
        }
        for label in self.labels.iter().flatten() {
            all = all.add(has_label(store, (host::Entity, host::Column::Labels), label));
        }
        all
    }
}

fn host_that(status: HostStatus) -> Condition {
    let live = Query::select()
        .column(allocation::Column::HostId)
        .from(allocation::Entity)
        .and_where(allocation::Column::ReleasedAt.is_null())
        .to_owned();
    let busy = host::Column::Id.in_subquery(live);
    let up = Condition::all().add(host::Column::Down.eq(false));
    match status {
        HostStatus::Down => Condition::all().add(host::Column::Down.eq(true)),
        HostStatus::Ready => up.add(held_back().not()),
        HostStatus::Draining => up.add(held_back()).add(busy),
        HostStatus::Drained => up.add(held_back()).add(busy.not()),
    }
}

/// A page of the hosts in a scope.
pub(super) async fn hosts_page(
    ctx: &Context<'_>,
    scope: Scope,
    filter: Option<HostFilter>,
    ask: Ask,
) -> Answer<HostConnection> {
    let store = store(ctx);
    let filter = filter.unwrap_or_default().condition(store);
    let page = store.hosts(scope, filter, &ask.understand()?).await?;
    Ok(HostConnection::of(page, |row| cursor(&(row.name.clone(), row.id))))
}

/// A page of all organizations.
pub(super) async fn organizations_page(ctx: &Context<'_>, ask: Ask) -> Answer<OrganizationConnection> {
    let page = store(ctx).organizations(&ask.understand()?).await?;
    Ok(OrganizationConnection::of(page, |row| cursor(&(row.slug.clone(), row.id))))
}

/// A page of a job's history.
pub(super) async fn events_page(
    ctx: &Context<'_>,
    job: JobId,
    first: Option<i32>,
    after: Option<String>,
) -> Answer<JobEventConnection> {
    let first = first.unwrap_or(50);
    if !(0..=MOST).contains(&first) {
        return Err(Fault::invalid("first", format!("between 0 and {MOST}")).into());
    }
    let wanted = usize::try_from(first).unwrap_or(0);
    let begin = after.as_deref().map(parse_event_cursor).transpose()?;
    let mut events = store(ctx).job_history(job, begin.unwrap_or(0), wanted as u64 + 1).await?;
    let more = events.len() > wanted;
    events.truncate(wanted);
    let read = |event: crate::store::Event| {
        let state: JobState = serde_json::from_value(event.payload).ok()?;
        Some(JobEvent {
            cursor: event_cursor(event.seq),
            at: event.at,
            status: state.status.into(),
            message: state.message,
            actor: event.actor,
            attempt: state.attempt,
        })
    };
    let both: Vec<(JobEvent, JobEvent)> =
        events.into_iter().filter_map(|event| Some((read(event.clone())?, read(event)?))).collect();
    let page_info = PageInfo {
        has_next_page: more,
        has_previous_page: begin.is_some(),
        start_cursor: both.first().map(|(event, _)| event.cursor.clone()),
        end_cursor: both.last().map(|(event, _)| event.cursor.clone()),
    };
    let (nodes, again): (Vec<JobEvent>, Vec<JobEvent>) = both.into_iter().unzip();
    let edges = again.into_iter().map(|node| JobEventEdge { cursor: node.cursor.clone(), node }).collect();
    Ok(JobEventConnection { edges, nodes, page_info })
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
