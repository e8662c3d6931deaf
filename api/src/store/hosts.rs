//! Hosts: reads and the operator's edits.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{HostId, OrganizationId};
use domain::requirements::Label;
use entity::json::{Labels, Texts};
use entity::{allocation, gpu, host, liveness};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use super::audit::{Action, Line};
use super::feed::ChangeKind;
use super::life::expect_version;
use super::page::{Page, Rows};
use super::versioned::{Edit, edit};
use super::{Actor, Scope, Store, Tx};
use crate::fault::Fault;

/// What an operator may edit of a host.
#[derive(Debug, Clone, Default)]
pub struct HostEdit {
    /// Begin or end a drain.
    pub drain: Option<bool>,
    /// Why.
    pub reason: Option<String>,
    /// Dedicate it to an organization (inner some) or share it with all (inner none).
    pub organization: Option<Option<OrganizationId>>,
    /// New labels.
    pub labels: Option<Vec<Label>>,
}

/// Whether anything new may be placed on a host.
#[must_use]
pub fn takes_work(row: &host::Model) -> bool {
    !row.down && !row.drain && row.unfit_reason.is_none() && row.removed_at.is_none()
}

impl Store {
    /// Hosts in the scope, by id.
    ///
    /// # Errors
    /// Database faults.
    pub async fn hosts_by_id(
        &self,
        scope: Scope,
        ids: &[HostId],
    ) -> Result<HashMap<HostId, host::Model>, Fault> {
        let rows = host::Entity::find()
            .filter(host::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .filter(scope.hosts_by_id())
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|row| (HostId(row.id), row)).collect())
    }

    /// Hosts in the scope that pass a filter, by name.
    ///
    /// # Errors
    /// Database faults.
    pub async fn hosts(
        &self,
        scope: Scope,
        filter: Condition,
        page: &Page<(String, Uuid)>,
    ) -> Result<Rows<host::Model>, Fault> {
        use host::Column;
        let find =
            host::Entity::find().filter(scope.hosts()).filter(Column::RemovedAt.is_null()).filter(filter);
        let total = find.clone().count(self.db()).await?;
        let mut cursor = find.cursor_by((Column::Name, Column::Id));
        if let Some((name, id)) = &page.after {
            cursor.after((name.clone(), *id));
        }
        if let Some((name, id)) = &page.before {
            cursor.before((name.clone(), *id));
        }
        if page.backwards {
            cursor.last(page.limit + 1)
        } else {
            cursor.first(page.limit + 1)
        };
        Ok(page.cut(cursor.all(self.db()).await?, total))
    }

    /// When these hosts were last heard of.
    ///
    /// # Errors
    /// Database faults.
    pub async fn last_heartbeats(&self, ids: &[HostId]) -> Result<HashMap<HostId, DateTime<Utc>>, Fault> {
        let rows = liveness::Entity::find()
            .filter(liveness::Column::HostId.is_in(ids.iter().map(|id| id.0)))
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|row| (HostId(row.host_id), row.last_heartbeat_at)).collect())
    }

    /// Which of these hosts have live allocations: a draining host is drained when it has none.
    ///
    /// # Errors
    /// Database faults.
    pub async fn busy_hosts(&self, ids: &[HostId]) -> Result<HashMap<HostId, ()>, Fault> {
        let rows: Vec<Uuid> = allocation::Entity::find()
            .select_only()
            .column(allocation::Column::HostId)
            .filter(allocation::Column::HostId.is_in(ids.iter().map(|id| id.0)))
            .filter(allocation::Column::ReleasedAt.is_null())
            .distinct()
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|id| (HostId(id), ())).collect())
    }

    /// Edits a host under its version.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Conflict`].
    pub async fn update_host(
        &self,
        id: HostId,
        expected_version: i32,
        what: HostEdit,
        actor: &Actor,
    ) -> Result<host::Model, Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let (what, actor) = (what.clone(), actor.clone());
            Box::pin(async move { update(tx, id, expected_version, &what, &actor).await })
        })
        .await
    }
}

fn noted(before: &host::Model, after: &host::Model) -> Line {
    let labels = |row: &host::Model| {
        let labels = row.labels.0.iter().map(|label| format!("{}={}", label.key, label.value));
        labels.collect::<Vec<_>>().join(" ")
    };
    let organization = |row: &host::Model| row.organization_id.map(OrganizationId);
    Line::new(Action::UpdateHost, after.organization_id, HostId(after.id))
        .field("drain", Some(before.drain), Some(after.drain))
        .field("reason", before.drain_reason.as_ref(), after.drain_reason.as_ref())
        .field("organizationId", organization(before), organization(after))
        .field("labels", Some(labels(before)), Some(labels(after)))
}

async fn update(
    tx: &Tx<'_>,
    id: HostId,
    expected_version: i32,
    what: &HostEdit,
    actor: &Actor,
) -> Result<host::Model, Fault> {
    let row =
        host::Entity::find_by_id(id.0).lock_exclusive().one(tx.db).await?.ok_or(Fault::NotFound("host"))?;
    expect_version("host", Some(expected_version), row.version)?;
    let mut changes = vec![(host::Column::UpdatedAt, Expr::value(tx.now))];
    if let Some(drain) = what.drain {
        if !drain {
            // Whoever lets it take work again believes that it can.
            changes.push((host::Column::FastFailures, Expr::value(Texts::default())));
        }
        changes.push((host::Column::Drain, Expr::value(drain)));
        changes.push((host::Column::DrainReason, Expr::value(what.reason.clone().filter(|_| drain))));
    }
    if let Some(organization) = what.organization {
        changes.push((host::Column::OrganizationId, Expr::value(organization.map(|id| id.0))));
    }
    if let Some(labels) = &what.labels {
        changes.push((host::Column::Labels, Expr::value(Labels(labels.clone()))));
    }
    let before = row;
    let row = match edit::<host::Entity>(tx.db, before.id, before.version, changes).await? {
        Edit::Updated(row) => row,
        Edit::Stale(_) | Edit::Missing => return Err(Fault::Retry),
    };
    tx.note(actor, noted(&before, &row));
    tx.tell_host(&row, ChangeKind::Updated, actor.name());
    // What a client sees of a host's GPUs (UNAVAILABLE, say) follows from the host: its GPUs have changed, too.
    for card in gpu::Entity::find().filter(gpu::Column::HostId.eq(row.id)).all(tx.db).await? {
        tx.tell_gpu(&card, row.organization_id, actor.name());
    }
    Ok(row)
}
