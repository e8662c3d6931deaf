//! An API key, without its secret.

use async_graphql::{ID, Object};
use chrono::{DateTime, Utc};
use domain::ids::ApiKeyId;
use domain::role::Role as DomainRole;
use entity::api_key;

use super::enums::Role;

/// A key by which a program calls the API.
pub struct ApiKey(pub api_key::Model);

/// A key by which a program calls the API.
#[Object]
impl ApiKey {
    /// Its global id.
    pub async fn id(&self) -> ID {
        ID(ApiKeyId(self.0.id).to_string())
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The beginning of its secret, by which it is known again.
    async fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// What it may do.
    async fn role(&self) -> Role {
        // The table's CHECK admits no other text.
        self.0.role.parse::<DomainRole>().map_or(Role::Viewer, Role::from)
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it ends; null: never.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// When it was used last, to the minute; null: never yet.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }

    /// When it was taken back; null: it was not.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }
}
