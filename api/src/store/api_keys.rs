//! Keys by which programs call the API. The secret itself is kept nowhere: a row has its hash.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{ApiKeyId, OrganizationId};
use domain::role::Role;
use entity::{api_key, organization};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, TryIntoModel,
};

use super::audit::{Action, Line};
use super::{Actor, Scope, Store};
use crate::fault::Fault;

/// Keys of an organization that are not revoked, at most.
const LIVE_KEYS: u64 = 1_000;
/// How exactly it is known when a key was used last.
const USED_EVERY: chrono::Duration = chrono::Duration::seconds(60);

/// A key to be.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Whose it is; None: the fleet's operators'.
    pub organization: Option<OrganizationId>,
    /// What people call it.
    pub name: String,
    /// The start of its secret, by which people know it again.
    pub prefix: String,
    /// What is kept of its secret.
    pub hash: String,
    /// With which role it calls.
    pub role: Role,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Keys in sight: an organization's own.
fn in_sight(scope: Scope) -> Condition {
    match scope {
        Scope::Fleet => Condition::all(),
        Scope::Organization(id) => Condition::all().add(api_key::Column::OrganizationId.eq(id.0)),
        Scope::Nothing => Condition::all().add(api_key::Column::Id.is_null()),
    }
}

impl Store {
    /// Keeps a new key.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an organization that does not exist, [`Fault::Quota`] for one with too many keys.
    pub async fn create_api_key(&self, new: NewApiKey, actor: &Actor) -> Result<api_key::Model, Fault> {
        let (id, actor) = (self.clock().id(), actor.clone());
        self.write(move |tx| {
            let (new, actor) = (new.clone(), actor.clone());
            Box::pin(async move {
                let organization = new.organization.map(|id| id.0);
                if let Some(organization) = organization {
                    // Its row is the lock that concurrent creations meet at.
                    let found =
                        organization::Entity::find_by_id(organization).lock_exclusive().one(tx.db).await?;
                    found.ok_or(Fault::NotFound("organization"))?;
                }
                let live = api_key::Entity::find()
                    .filter(api_key::Column::OrganizationId.eq(organization))
                    .filter(api_key::Column::RevokedAt.is_null())
                    .count(tx.db)
                    .await?;
                if live >= LIVE_KEYS {
                    return Err(Fault::Quota(format!("there are {LIVE_KEYS} API keys already: revoke some")));
                }
                let row = api_key::ActiveModel {
                    id: Set(id),
                    organization_id: Set(organization),
                    name: Set(new.name),
                    prefix: Set(new.prefix),
                    hash: Set(new.hash),
                    role: Set(new.role.to_string()),
                    created_by: Set(actor.subject.clone()),
                    created_at: Set(tx.now),
                    expires_at: Set(new.expires_at),
                    last_used_at: Set(None),
                    revoked_at: Set(None),
                    version: Set(1),
                };
                api_key::Entity::insert(row.clone()).exec_without_returning(tx.db).await?;
                let row: api_key::Model = row.try_into_model()?;
                let line = Line::new(Action::CreateApiKey, organization, ApiKeyId(id))
                    .made("name", Some(&row.name))
                    .made("prefix", Some(&row.prefix))
                    .made("role", Some(&row.role))
                    .made("expiresAt", row.expires_at.map(|at| at.to_rfc3339()));
                tx.note(&actor, line);
                Ok(row)
            })
        })
        .await
    }

    /// Revokes a key for good; one that is revoked already is returned as it is.
    ///
    /// # Errors
    /// [`Fault::NotFound`].
    pub async fn revoke_api_key(
        &self,
        scope: Scope,
        id: ApiKeyId,
        actor: &Actor,
    ) -> Result<api_key::Model, Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let found = api_key::Entity::find_by_id(id.0)
                    .filter(in_sight(scope))
                    .lock_exclusive()
                    .one(tx.db)
                    .await?;
                let mut row = found.ok_or(Fault::NotFound("API key"))?;
                if row.revoked_at.is_some() {
                    return Ok(row);
                }
                row.revoked_at = Some(tx.now);
                row.version += 1;
                let change = api_key::ActiveModel {
                    id: Set(row.id),
                    revoked_at: Set(row.revoked_at),
                    version: Set(row.version),
                    ..Default::default()
                };
                api_key::Entity::update(change).exec(tx.db).await?;
                let line = Line::new(Action::RevokeApiKey, row.organization_id, id)
                    .made("name", Some(&row.name))
                    .made("prefix", Some(&row.prefix));
                tx.note(&actor, line);
                Ok(row)
            })
        })
        .await
    }

    /// Keys in the scope, by id.
    ///
    /// # Errors
    /// Database faults.
    pub async fn api_keys_by_id(
        &self,
        scope: Scope,
        ids: &[ApiKeyId],
    ) -> Result<HashMap<ApiKeyId, api_key::Model>, Fault> {
        let rows = api_key::Entity::find()
            .filter(api_key::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .filter(in_sight(scope))
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|row| (ApiKeyId(row.id), row)).collect())
    }

    /// The newest keys of these organizations, newest first, as far as they are in the scope.
    ///
    /// # Errors
    /// Database faults.
    pub async fn api_keys_of(
        &self,
        scope: Scope,
        organizations: &[OrganizationId],
    ) -> Result<HashMap<OrganizationId, Vec<api_key::Model>>, Fault> {
        let rows = api_key::Entity::find()
            .filter(api_key::Column::OrganizationId.is_in(organizations.iter().map(|id| id.0)))
            .filter(in_sight(scope))
            .order_by_desc(api_key::Column::Id)
            .all(self.db())
            .await?;
        let mut found: HashMap<OrganizationId, Vec<api_key::Model>> = HashMap::new();
        for row in rows {
            if let Some(organization) = row.organization_id {
                found.entry(organization.into()).or_default().push(row);
            }
        }
        Ok(found)
    }

    /// The key with this hash, with the organization that it acts for, whether it holds or not.
    ///
    /// # Errors
    /// Database faults.
    pub async fn api_key_of_hash(
        &self,
        hash: &str,
    ) -> Result<Option<(api_key::Model, Option<organization::Model>)>, Fault> {
        let found = api_key::Entity::find().filter(api_key::Column::Hash.eq(hash)).one(self.db()).await?;
        let Some(key) = found else { return Ok(None) };
        let organization = match key.organization_id {
            None => None,
            Some(id) => organization::Entity::find_by_id(id).one(self.db()).await?,
        };
        Ok(Some((key, organization)))
    }

    /// Notes that a key is in use, to the minute.
    ///
    /// # Errors
    /// Database faults.
    pub async fn touch_api_key(&self, id: ApiKeyId) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let column = api_key::Column::LastUsedAt;
                api_key::Entity::update_many()
                    .col_expr(column, Expr::value(tx.now))
                    .filter(api_key::Column::Id.eq(id.0))
                    .filter(column.is_null().or(column.lt(tx.now - USED_EVERY)))
                    .exec(tx.db)
                    .await?;
                Ok(())
            })
        })
        .await
    }
}
