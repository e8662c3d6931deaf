//! Jobs: which, in which order, a page at a time.

use async_graphql::{Context, ID, InputObject};
use chrono::{DateTime, Utc};
use domain::ids::OrganizationId;
use domain::limits;
use entity::job;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, Condition};

use super::text::{contains, has_label, storable};
use super::{check_labels, connection, once};
use crate::fault::Fault;
use crate::graphql::caller::store;
use crate::graphql::enums::{JobOrderField, JobStatus, OrderDirection};
use crate::graphql::failure::Answer;
use crate::graphql::job::Job;
use crate::graphql::label::LabelInput;
use crate::store::events::status_of;
use crate::store::jobs::JobOrder as StoreOrder;
use crate::store::page::Ask;
use crate::store::{Scope, Store};

connection!(JobConnection, JobEdge, Job, job::Model, "jobs");

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
    /// Submitted by exactly this user or key, as `submittedBy` names it.
    pub submitted_by: Option<String>,
    /// Submitted at this instant or later.
    pub submitted_after: Option<DateTime<Utc>>,
    /// Submitted before this instant.
    pub submitted_before: Option<DateTime<Utc>>,
}

impl JobFilter {
    /// Refuses what is out of bounds.
    ///
    /// # Errors
    /// [`Fault::Invalid`].
    pub fn check(&self) -> Result<(), Fault> {
        limits::check_text("filter.nameContains", self.name_contains.as_deref(), limits::NAME_CHARS)?;
        limits::check_text("filter.modelType", self.model_type.as_deref(), limits::MODEL_TYPE_CHARS)?;
        limits::check_text("filter.submittedBy", self.submitted_by.as_deref(), limits::NAME_CHARS)?;
        limits::check_instant("filter.submittedAfter", self.submitted_after)?;
        limits::check_instant("filter.submittedBefore", self.submitted_before)?;
        check_labels(self.labels.as_ref())
    }

    /// Whether everything passes.
    pub(in crate::graphql) fn is_empty(&self) -> bool {
        let Self { status, name_contains, model_type, labels, organization_id, submitted_by, .. } = self;
        let Self { submitted_after, submitted_before, .. } = self;
        let any_label = labels.as_ref().is_some_and(|labels| !labels.is_empty());
        let any_name = name_contains.as_ref().is_some_and(|text| !text.is_empty());
        let any_text = model_type.is_some() || submitted_by.is_some() || organization_id.is_some();
        let any_time = submitted_after.is_some() || submitted_before.is_some();
        !(status.is_some() || any_name || any_label || any_text || any_time)
    }

    pub(in crate::graphql) fn condition(&self, store: &Store) -> Condition {
        let mut all = Condition::all();
        if let Some(wanted) = &self.status {
            let texts = once(wanted).into_iter().map(|status| domain::job::JobStatus::from(status).as_str());
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
        if let Some(user) = &self.submitted_by {
            all = all.add(job::Column::SubmittedBy.eq(storable(user)));
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
            && self.submitted_by.as_ref().is_none_or(|user| row.submitted_by == *user)
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
pub(in crate::graphql) async fn jobs_page(
    ctx: &Context<'_>,
    scope: Scope,
    filter: Option<JobFilter>,
    order: Option<JobOrder>,
    ask: Ask,
) -> Answer<JobConnection> {
    let store = store(ctx);
    let by = order.as_ref().map_or(StoreOrder::SubmittedAt, |order| order.field.into());
    let descending = order.is_none_or(|order| order.direction == OrderDirection::Desc);
    let filter = filter.unwrap_or_default();
    filter.check()?;
    let filter = filter.condition(store);
    let page = store.jobs(scope, filter, (by, descending), &ask).await?;
    Ok(JobConnection::of(page, |row| by.cursor(row)))
}
