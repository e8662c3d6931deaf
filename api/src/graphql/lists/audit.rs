//! The audit trail, a page at a time.

use async_graphql::{Context, ID, InputObject};
use chrono::{DateTime, Utc};
use domain::ids::OrganizationId;
use domain::limits;
use entity::audit;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, Condition};

use super::{connection, once};
use crate::fault::Fault;
use crate::graphql::audit::AuditEntry;
use crate::graphql::caller::store;
use crate::graphql::enums::AuditAction;
use crate::graphql::failure::Answer;
use crate::store::audit::Action;
use crate::store::page::{Ask, cursor};

connection!(AuditEntryConnection, AuditEntryEdge, AuditEntry, audit::Model, "the audit trail");

/// Which lines of the audit trail.
#[derive(InputObject, Clone, Default)]
pub struct AuditFilter {
    /// Of this actor, exactly.
    pub actor: Option<String>,
    /// One of these actions.
    pub action: Option<Vec<AuditAction>>,
    /// Done to an object of this organization.
    pub organization_id: Option<ID>,
    /// Done to the object with this global id.
    pub subject: Option<ID>,
    /// At this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
}

impl AuditFilter {
    fn condition(&self) -> Result<Condition, Fault> {
        limits::check_text("filter.actor", self.actor.as_deref(), limits::NAME_CHARS)?;
        limits::check_text(
            "filter.subject",
            self.subject.as_ref().map(|id| id.as_str()),
            limits::NAME_CHARS,
        )?;
        limits::check_instant("filter.since", self.since)?;
        limits::check_instant("filter.until", self.until)?;
        let mut all = Condition::all();
        if let Some(actor) = &self.actor {
            all = all.add(audit::Column::Actor.eq(actor));
        }
        if let Some(wanted) = &self.action {
            all = all.add(
                audit::Column::Action.is_in(once(wanted).into_iter().map(|it| Action::from(it).as_str())),
            );
        }
        if let Some(id) = &self.organization_id {
            let id = id.parse::<OrganizationId>().map_or(Uuid::nil(), |id| id.0);
            all = all.add(audit::Column::OrganizationId.eq(id));
        }
        if let Some(subject) = &self.subject {
            all = all.add(audit::Column::Subject.eq(subject.as_str()));
        }
        if let Some(at) = self.since {
            all = all.add(audit::Column::At.gte(at));
        }
        if let Some(at) = self.until {
            all = all.add(audit::Column::At.lt(at));
        }
        Ok(all)
    }
}

/// A page of the audit trail, newest first.
pub(in crate::graphql) async fn audit_page(
    ctx: &Context<'_>,
    filter: Option<AuditFilter>,
    ask: Ask,
) -> Answer<AuditEntryConnection> {
    let condition = filter.unwrap_or_default().condition()?;
    let page = store(ctx).audit_trail(condition, &ask.understand()?).await?;
    Ok(AuditEntryConnection::of(page, |row| cursor(&(row.at, row.id))))
}
