//! A line of the audit trail.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{AuditId, OrganizationId};
use domain::role::Role as DomainRole;
use entity::audit;

use super::api_key::ApiKey;
use super::enums::{AuditAction, Role};
use super::failure::Answer;
use super::lists::at_most;
use super::loaders::load;
use super::organization::Organization;
use crate::store::audit::Action;

/// One change that somebody made.
pub struct AuditEntry(pub audit::Model);

/// A field of what was changed, as people read it.
#[derive(SimpleObject)]
pub struct AuditChange {
    /// The field, as this schema spells it.
    field: String,
    /// Its value before; null: it had none.
    before: Option<String>,
    /// Its value after; null: it has none.
    after: Option<String>,
}

/// One change that somebody made. Written with the change, and never edited.
#[Object]
impl AuditEntry {
    /// Its own id.
    async fn id(&self) -> ID {
        ID(AuditId(self.0.id).to_string())
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Who: a token's subject, or api-key: and its name.
    async fn actor(&self) -> &str {
        &self.0.actor
    }

    /// With which role.
    async fn role(&self) -> Role {
        self.0.role.parse::<DomainRole>().map_or(Role::Viewer, Role::from)
    }

    /// By which API key; null: by a token.
    async fn api_key(&self, ctx: &Context<'_>) -> Answer<Option<ApiKey>> {
        match self.0.api_key_id {
            Some(id) => Ok(load(ctx, domain::ids::ApiKeyId(id)).await?.map(ApiKey)),
            None => Ok(None),
        }
    }

    /// What was done. Null: by a version of the server that knows more than this one.
    async fn action(&self) -> Option<AuditAction> {
        Action::parse(&self.0.action).map(AuditAction::from)
    }

    /// Whose object it was done to; null: nobody's.
    async fn organization(&self, ctx: &Context<'_>) -> Answer<Option<Organization>> {
        match self.0.organization_id {
            Some(id) => Ok(load(ctx, OrganizationId(id)).await?.map(Organization)),
            None => Ok(None),
        }
    }

    /// The global id of what it was done to; of a bulk submission the first job's.
    async fn subject(&self) -> Option<ID> {
        self.0.subject.clone().map(ID)
    }

    /// What it changed.
    async fn changes(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<AuditChange>> {
        let changes = self.0.changes.0.iter().take(at_most(first)?).cloned();
        Ok(changes.map(|it| AuditChange { field: it.field, before: it.before, after: it.after }).collect())
    }

    /// The name of the request, as its answer's header x-request-id and the server's log have it.
    async fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The other end of the connection, which may be a proxy; null: the server itself.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }
}
