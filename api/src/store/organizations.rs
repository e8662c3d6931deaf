//! Organizations: reads and edits.

use std::collections::HashMap;

use domain::idle::{self, Policy};
use domain::ids::OrganizationId;
use entity::{allocation, job, organization};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, TryIntoModel};

use super::audit::{Action, Line};
use super::feed::ChangeKind;
use super::page::{Page, Rows};
use super::versioned::{Edit, edit};
use super::{Actor, Scope, Store};
use crate::fault::Fault;

/// An organization to be.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its weight.
    pub weight: f64,
    /// GPUs that are its own.
    pub guaranteed_gpus: f64,
    /// Ceiling of GPUs.
    pub max_gpus: Option<f64>,
    /// Ceiling of waiting jobs.
    pub max_queued_jobs: Option<i32>,
    /// What becomes of jobs that do not use their GPUs.
    pub idle: Policy,
}

/// What an organization wants done about its idle jobs; the table's CHECK admits no other text.
#[must_use]
pub fn idle_policy(row: &organization::Model) -> Policy {
    Policy {
        action: idle::Action::parse(&row.idle_action).unwrap_or(idle::Action::Nothing),
        window_minutes: row.idle_window_minutes,
        grace_minutes: row.idle_grace_minutes,
        utilization_percent: row.idle_utilization_percent,
    }
}

/// What may be edited; the quota as a whole.
#[derive(Debug, Clone, Default)]
pub struct OrganizationEdit {
    /// New name.
    pub name: Option<String>,
    /// New weight.
    pub weight: Option<f64>,
    /// New quota: guaranteed, ceiling of GPUs, ceiling of waiting jobs.
    pub quota: Option<(f64, Option<f64>, Option<i32>)>,
    /// New policy for idle jobs, as a whole.
    pub idle: Option<Policy>,
}

fn noted(action: Action, before: Option<&organization::Model>, after: &organization::Model) -> Line {
    Line::new(action, Some(after.id), OrganizationId(after.id))
        .field("slug", before.map(|row| &row.slug), Some(&after.slug))
        .field("name", before.map(|row| &row.name), Some(&after.name))
        .field("weight", before.map(|row| row.weight), Some(after.weight))
        .field("quota.guaranteedGpus", before.map(|row| row.guaranteed_gpus), Some(after.guaranteed_gpus))
        .field("quota.maxGpus", before.and_then(|row| row.max_gpus), after.max_gpus)
        .field("quota.maxQueuedJobs", before.and_then(|row| row.max_queued_jobs), after.max_queued_jobs)
        .field("idlePolicy.action", before.map(|row| &row.idle_action), Some(&after.idle_action))
        .field(
            "idlePolicy.windowMinutes",
            before.map(|row| row.idle_window_minutes),
            Some(after.idle_window_minutes),
        )
        .field(
            "idlePolicy.graceMinutes",
            before.map(|row| row.idle_grace_minutes),
            Some(after.idle_grace_minutes),
        )
        .field(
            "idlePolicy.utilizationPercent",
            before.map(|row| row.idle_utilization_percent),
            Some(after.idle_utilization_percent),
        )
}

impl Store {
    /// Makes an organization.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for a slug that is taken.
    pub async fn create_organization(
        &self,
        new: NewOrganization,
        actor: &Actor,
    ) -> Result<organization::Model, Fault> {
        let (id, actor) = (self.clock().id(), actor.clone());
        self.write(move |tx| {
            let (new, actor) = (new.clone(), actor.clone());
            Box::pin(async move {
                let taken = organization::Entity::find()
                    .filter(organization::Column::Slug.eq(&new.slug))
                    .one(tx.db)
                    .await?;
                if taken.is_some() {
                    return Err(Fault::conflict(format!("an organization {:?} exists already", new.slug)));
                }
                let row = organization::ActiveModel {
                    id: Set(id),
                    slug: Set(new.slug),
                    name: Set(new.name),
                    weight: Set(new.weight),
                    guaranteed_gpus: Set(new.guaranteed_gpus),
                    max_gpus: Set(new.max_gpus),
                    max_queued_jobs: Set(new.max_queued_jobs),
                    idle_action: Set(new.idle.action.as_str().to_owned()),
                    idle_window_minutes: Set(new.idle.window_minutes),
                    idle_grace_minutes: Set(new.idle.grace_minutes),
                    idle_utilization_percent: Set(new.idle.utilization_percent),
                    version: Set(1),
                    created_at: Set(tx.now),
                };
                organization::Entity::insert(row.clone()).exec_without_returning(tx.db).await?;
                let row = row.try_into_model()?;
                tx.tell_organization(&row, ChangeKind::Created, actor.name());
                tx.note(&actor, noted(Action::CreateOrganization, None, &row));
                Ok(row)
            })
        })
        .await
    }

    /// Edits an organization under its version.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Conflict`].
    pub async fn update_organization(
        &self,
        id: OrganizationId,
        expected_version: i32,
        what: OrganizationEdit,
        actor: &Actor,
    ) -> Result<organization::Model, Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let (what, actor) = (what.clone(), actor.clone());
            Box::pin(async move {
                use organization::Column;
                let mut changes = Vec::new();
                if let Some(name) = what.name {
                    changes.push((Column::Name, Expr::value(name)));
                }
                if let Some(weight) = what.weight {
                    changes.push((Column::Weight, Expr::value(weight)));
                }
                if let Some((guaranteed, most, queued)) = what.quota {
                    changes.push((Column::GuaranteedGpus, Expr::value(guaranteed)));
                    changes.push((Column::MaxGpus, Expr::value(most)));
                    changes.push((Column::MaxQueuedJobs, Expr::value(queued)));
                }
                if let Some(idle) = what.idle {
                    changes.push((Column::IdleAction, Expr::value(idle.action.as_str())));
                    changes.push((Column::IdleWindowMinutes, Expr::value(idle.window_minutes)));
                    changes.push((Column::IdleGraceMinutes, Expr::value(idle.grace_minutes)));
                    changes.push((Column::IdleUtilizationPercent, Expr::value(idle.utilization_percent)));
                }
                let before = organization::Entity::find_by_id(id.0).one(tx.db).await?;
                match edit::<organization::Entity>(tx.db, id.0, expected_version, changes).await? {
                    Edit::Updated(row) => {
                        tx.tell_organization(&row, ChangeKind::Updated, actor.name());
                        tx.note(&actor, noted(Action::UpdateOrganization, before.as_ref(), &row));
                        Ok(row)
                    }
                    Edit::Stale(current) => Err(Fault::stale("organization", expected_version, current)),
                    Edit::Missing => Err(Fault::NotFound("organization")),
                }
            })
        })
        .await
    }

    /// An organization by slug, for the sign-in of its members.
    ///
    /// # Errors
    /// Database faults.
    pub async fn organization_by_slug(&self, slug: &str) -> Result<Option<organization::Model>, Fault> {
        Ok(organization::Entity::find().filter(organization::Column::Slug.eq(slug)).one(self.db()).await?)
    }

    /// Organizations in the scope, by id.
    ///
    /// # Errors
    /// Database faults.
    pub async fn organizations_by_id(
        &self,
        scope: Scope,
        ids: &[OrganizationId],
    ) -> Result<HashMap<OrganizationId, organization::Model>, Fault> {
        let ids = ids.iter().filter(|id| scope.includes(**id)).map(|id| id.0);
        let rows =
            organization::Entity::find().filter(organization::Column::Id.is_in(ids)).all(self.db()).await?;
        Ok(rows.into_iter().map(|row| (OrganizationId(row.id), row)).collect())
    }

    /// All organizations, by slug.
    ///
    /// # Errors
    /// Database faults.
    pub async fn organizations(
        &self,
        page: &Page<(String, Uuid)>,
    ) -> Result<Rows<organization::Model>, Fault> {
        use organization::Column;
        let find = organization::Entity::find();
        let total = find.clone().count(self.db()).await?;
        let mut cursor = find.cursor_by((Column::Slug, Column::Id));
        if let Some((slug, id)) = &page.after {
            cursor.after((slug.clone(), *id));
        }
        if let Some((slug, id)) = &page.before {
            cursor.before((slug.clone(), *id));
        }
        if page.backwards {
            cursor.last(page.limit + 1)
        } else {
            cursor.first(page.limit + 1)
        };
        Ok(page.cut(cursor.all(self.db()).await?, total))
    }

    /// Thousandths of a GPU held, waiting jobs and running jobs of an organization.
    ///
    /// # Errors
    /// Database faults.
    pub async fn organization_usage(&self, id: OrganizationId) -> Result<(i64, i64, i64), Fault> {
        let held: Option<Option<i64>> = allocation::Entity::find()
            .select_only()
            .column_as(allocation::Column::Milli.sum(), "held")
            .filter(allocation::Column::OrganizationId.eq(id.0))
            .filter(allocation::Column::ReleasedAt.is_null())
            .into_tuple()
            .one(self.db())
            .await?;
        let counts: Vec<(String, i64)> = job::Entity::find()
            .select_only()
            .column(job::Column::Status)
            .column_as(job::Column::Id.count(), "jobs")
            .filter(job::Column::OrganizationId.eq(id.0))
            .filter(job::Column::FinishedAt.is_null())
            .group_by(job::Column::Status)
            .into_tuple()
            .all(self.db())
            .await?;
        let sum = |wanted: &[&str]| {
            counts.iter().filter(|(status, _)| wanted.contains(&status.as_str())).map(|(_, jobs)| jobs).sum()
        };
        Ok((
            held.flatten().unwrap_or(0),
            sum(&["QUEUED", "HELD"]),
            sum(&["ALLOCATED", "RUNNING", "STOPPING"]),
        ))
    }
}
