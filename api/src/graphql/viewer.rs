//! Who the caller is, by its own token.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};

use super::enums::Role;
use super::failure::Answer;
use super::loaders::load;
use super::organization::Organization;
use crate::auth::Principal;

/// The caller.
pub struct Viewer(pub Principal);

/// The caller.
#[Object]
impl Viewer {
    /// The name that its token was given to.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// What it may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The organization that it acts for; null: none of its own.
    async fn organization(&self, ctx: &Context<'_>) -> Answer<Option<Organization>> {
        match &self.0.organization {
            Some(own) => Ok(load(ctx, own.id).await?.map(Organization)),
            None => Ok(None),
        }
    }

    /// When its token ends; null: never.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }
}
