//! Organizations, a page at a time.

use async_graphql::Context;
use entity::organization;

use super::connection;
use crate::graphql::caller::store;
use crate::graphql::failure::Answer;
use crate::graphql::organization::Organization;
use crate::store::page::{Ask, cursor};

connection!(OrganizationConnection, OrganizationEdge, Organization, organization::Model, "organizations");

/// A page of all organizations.
pub(in crate::graphql) async fn organizations_page(
    ctx: &Context<'_>,
    ask: Ask,
) -> Answer<OrganizationConnection> {
    let page = store(ctx).organizations(&ask.understand()?).await?;
    Ok(OrganizationConnection::of(page, |row| cursor(&(row.slug.clone(), row.id))))
}
