//! Keys for programs: made, and taken back.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{ApiKeyId, OrganizationId};
use domain::limits;
use domain::role::Role as DomainRole;

use crate::auth::{KeyKind, Secret};
use crate::fault::Fault;
use crate::graphql::api_key::ApiKey;
use crate::graphql::caller::{Permit, permit, store};
use crate::graphql::enums::Role;
use crate::graphql::failure::Answer;
use crate::store::api_keys::NewApiKey;

/// An API key to be.
#[derive(InputObject)]
pub struct CreateApiKeyInput {
    /// What people call it.
    pub name: String,
    /// What it may do: at most what the caller may.
    pub role: Role,
    /// Whose it is; absent: the caller's organization's. An operator names any; a key of the role OPERATOR needs none.
    pub organization_id: Option<ID>,
    /// When it ends; absent: never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An API key to take back.
#[derive(InputObject)]
pub struct RevokeApiKeyInput {
    /// Which.
    pub id: ID,
}

/// A new API key, with its secret.
#[derive(SimpleObject)]
pub struct CreateApiKeyPayload {
    /// The key.
    pub api_key: ApiKey,
    /// What the program sends as its bearer token. It is shown this once and kept nowhere.
    pub secret: String,
}

/// An API key, after a change.
#[derive(SimpleObject)]
pub struct ApiKeyPayload {
    /// As the change left it.
    pub api_key: ApiKey,
}

/// Keys for programs: made, and taken back.
#[derive(Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes a key by which a program calls the API. Admins make their organization's, operators everyone's.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: CreateApiKeyInput,
    ) -> Answer<CreateApiKeyPayload> {
        let permit = permit(ctx)?;
        limits::check_api_key_name(&input.name).map_err(Fault::from)?;
        limits::check_instant("expiresAt", input.expires_at).map_err(Fault::from)?;
        if input.expires_at.is_some_and(|at| at <= Utc::now()) {
            return Err(Fault::invalid("expiresAt", "must lie in the future").into());
        }
        let role = DomainRole::from(input.role);
        if !permit.principal().role.includes(role) {
            let own = permit.principal().role;
            return Err(Fault::Forbidden(format!(
                "a caller of the role {own} cannot make a key of the role {role}"
            ))
            .into());
        }
        let organization = owner(permit, input.organization_id.as_ref(), role)?;
        let secret = Secret::generate(KeyKind::Api).map_err(|error| Fault::Internal(error.to_string()))?;
        let new = NewApiKey {
            organization,
            name: input.name,
            prefix: secret.prefix().to_owned(),
            hash: secret.hash,
            role,
            expires_at: input.expires_at,
        };
        let row = store(ctx).create_api_key(new, &permit.actor()).await?;
        Ok(CreateApiKeyPayload { api_key: ApiKey(row), secret: secret.secret })
    }

    /// Takes a key back, for good: what it has open is closed within seconds.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Answer<ApiKeyPayload> {
        let permit = permit(ctx)?;
        let id: ApiKeyId = input.id.parse().map_err(|_| Fault::NotFound("API key"))?;
        let row = store(ctx).revoke_api_key(permit.scope(), id, &permit.actor()).await?;
        Ok(ApiKeyPayload { api_key: ApiKey(row) })
    }
}

/// Whose a new key is.
fn owner(permit: Permit<'_>, named: Option<&ID>, role: DomainRole) -> Result<Option<OrganizationId>, Fault> {
    let Some(id) = named else {
        let own = permit.organization();
        return if role == DomainRole::Operator { Ok(own.ok()) } else { own.map(Some) };
    };
    let id = id.parse::<OrganizationId>().ok().filter(|id| permit.scope().includes(*id));
    id.map(Some).ok_or(Fault::NotFound("organization"))
}
