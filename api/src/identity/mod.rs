//! From a bearer's text to a principal: which kind of proof it is, whether it holds, and whom it stands for. What can be
//! revoked is remembered only for a moment.

mod calls;
mod discovery;
mod external;
mod kept;
mod own_keys;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use domain::ids::{ApiKeyId, HostId};
use domain::role::Role;
use moka::future::Cache;
use tokio_util::sync::CancellationToken;

use crate::auth::{self, Claims, Identity, KeyKind, OrganizationRef, Principal, Proof, SigningKey};
use crate::fault::Fault;
use crate::http::{Grant, Offer, Refusal, SignInRefusal};
use crate::store::Store;
use crate::store::agents::KeysState;

pub use calls::is_guarded;
pub use external::{External, KeySource, SourceError, Trust};
use own_keys::OwnKeys;
pub use sign_in::SignInTerms;

/// What is revoked is refused within this time, and closed on open sockets soon after.
const REMEMBERED: Duration = Duration::from_secs(2);
/// What has not changed meanwhile is remembered so long.
const UNCHANGED: Duration = Duration::from_secs(600);
/// Callers that are remembered at once.
const CALLERS: u64 = 10_000;
/// How often the use of an API key is noted.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Knows callers.
pub struct Identities {
    store: Store,
    own: OwnKeys,
    external: Option<Arc<External>>,
    organizations: Cache<String, OrganizationRef>,
    /// Whose an agent key is, and in which state of all agent keys it was.
    agents: Cache<String, (KeysState, HostId)>,
    /// In which state all agent keys are.
    agent_keys: Cache<(), KeysState>,
    api_keys: Cache<String, Arc<ApiKey>>,
    touched: Cache<ApiKeyId, ()>,
}

/// An API key that holds.
#[derive(Debug)]
struct ApiKey {
    id: ApiKeyId,
    name: String,
    role: Role,
    organization: Option<OrganizationRef>,
    expires_at: Option<chrono::DateTime<Utc>>,
}

impl Identities {
    /// Publishes this server's key, and keeps what the others publish.
    ///
    /// # Errors
    /// Database faults.
    pub async fn start(
        store: Store,
        key: &SigningKey,
        external: Option<Arc<External>>,
        shutdown: CancellationToken,
    ) -> Result<Self, Fault> {
        Ok(Self {
            own: OwnKeys::start(store.clone(), key, shutdown).await?,
            external,
            organizations: remembered(REMEMBERED),
            agents: remembered(UNCHANGED),
            agent_keys: remembered(REMEMBERED),
            api_keys: remembered(REMEMBERED),
            touched: remembered(TOUCH_EVERY),
            store,
        })
    }

    /// Whom a bearer's text stands for.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn principal(&self, bearer: &str) -> Result<Principal, Refusal> {
        match KeyKind::of(bearer) {
            Some(KeyKind::Agent) => return self.agent(bearer).await,
            Some(KeyKind::Api) => return self.program(bearer).await,
            None => {}
        }
        match &self.external {
            Some(external) if auth::issuer_of(bearer).is_some_and(|issuer| external.issues(&issuer)) => {
                let known = external.verify(bearer).await?;
                let (proof, expires_at) = (Proof::Token, Some(known.expires_at));
                let organization = self.organization(known.organization.as_deref()).await?;
                Ok(person(known.subject, known.role, organization, expires_at, proof))
            }
            _ => {
                let (claims, key) = self.own.verify(bearer).await?;
                self.own_token(claims, Proof::OwnToken(key)).await
            }
        }
    }

    /// How people sign in with the identity provider; none: they do not.
    ///
    /// # Errors
    /// [`SignInRefusal::Unavailable`].
    pub async fn sign_in_offer(&self) -> Result<Option<Offer>, SignInRefusal> {
        match &self.external {
            Some(external) => external.offer().await,
            None => Ok(None),
        }
    }

    /// Who comes back from the identity provider with this, where they belong, and how long they stay signed in.
    ///
    /// # Errors
    /// [`SignInRefusal`].
    pub async fn sign_in(
        &self,
        grant: &Grant,
    ) -> Result<(Identity, Option<OrganizationRef>, Duration), SignInRefusal> {
        let external = self.external.as_ref().ok_or(SignInRefusal::Off)?;
        let (identity, session) = external.sign_in(grant).await?;
        let organization = match identity.organization.as_deref() {
            Some(slug) => match self.find_organization(slug).await? {
                Some(known) => Some(known),
                None => return Err(SignInRefusal::Forbidden(no_such_organization(slug))),
            },
            None if identity.role == Role::Operator => None,
            None => return Err(SignInRefusal::Forbidden(external.no_organization())),
        };
        Ok((identity, organization, session))
    }

    /// Whether a principal still may be here.
    pub async fn still_valid(&self, who: &Principal) -> bool {
        let in_time = who.expires_at.is_none_or(|at| at > Utc::now());
        // A database that is away revokes nothing.
        in_time
            && match &who.proof {
                Proof::Token => true,
                Proof::OwnToken(key) => self.own.accepts(key),
                Proof::AgentKey(hash) => self.host_of_key(hash).await.map_or(true, |host| host == who.host),
                Proof::ApiKey { hash, .. } => self.api_key(hash).await.map_or(true, |key| key.is_some()),
            }
    }

    async fn own_token(&self, claims: Claims, proof: Proof) -> Result<Principal, Refusal> {
        let organization = self.organization(claims.org.as_deref()).await?;
        let expires_at = claims.expires_at();
        let join_token = (claims.role == Role::Agent).then(|| claims.jti.clone());
        let who = person(claims.sub, claims.role, organization, expires_at, proof);
        Ok(Principal { join_token, ..who })
    }

    /// The organization of a token's slug, which must exist.
    async fn organization(&self, slug: Option<&str>) -> Result<Option<OrganizationRef>, Refusal> {
        let Some(slug) = slug else { return Ok(None) };
        let unknown = || Refusal::Unauthenticated("the token's organization does not exist".to_owned());
        self.find_organization(slug).await?.ok_or_else(unknown).map(Some)
    }

    async fn find_organization(&self, slug: &str) -> Result<Option<OrganizationRef>, Refusal> {
        if let Some(known) = self.organizations.get(slug).await {
            return Ok(Some(known));
        }
        // PostgreSQL takes no NUL, and no slug has one.
        if slug.contains('\0') {
            return Ok(None);
        }
        let row = self.store.organization_by_slug(slug).await.map_err(|fault| away(&fault))?;
        let Some(row) = row else { return Ok(None) };
        let known = OrganizationRef { id: row.id.into(), slug: row.slug };
        self.organizations.insert(slug.to_owned(), known.clone()).await;
        Ok(Some(known))
    }

    async fn agent(&self, secret: &str) -> Result<Principal, Refusal> {
        let hash = auth::hash(secret);
        let host = self.host_of_key(&hash).await.map_err(|fault| away(&fault))?;
        let host = host.ok_or_else(|| {
            Refusal::Unauthenticated("this agent's key is not known, or was revoked".into())
        })?;
        let subject = format!("agent:{host}");
        let who = person(subject, Role::Agent, None, None, Proof::AgentKey(hash));
        Ok(Principal { host: Some(host), ..who })
    }

    /// Every agent's channel asks this every two seconds: one question for all of them, whether any key has changed, is enough.
    async fn host_of_key(&self, hash: &str) -> Result<Option<HostId>, Fault> {
        let state = self.agent_keys.try_get_with((), self.store.state_of_agent_keys()).await;
        let state = state.map_err(|fault| Fault::clone(&fault))?;
        if let Some((_, host)) = self.agents.get(hash).await.filter(|(then, _)| *then == state) {
            return Ok(Some(host));
        }
        let host = self.store.host_of_key(hash).await?;
        if let Some(host) = host {
            self.agents.insert(hash.to_owned(), (state, host)).await;
        }
        Ok(host)
    }

    async fn program(&self, secret: &str) -> Result<Principal, Refusal> {
        let hash = auth::hash(secret);
        let key = self.api_key(&hash).await.map_err(|fault| away(&fault))?;
        let key = key.ok_or_else(|| {
            Refusal::Unauthenticated("this API key is not known, has expired, or was revoked".into())
        })?;
        self.touch(key.id).await;
        let proof = Proof::ApiKey { id: key.id, hash };
        let subject = format!("api-key:{}", key.name);
        Ok(person(subject, key.role, key.organization.clone(), key.expires_at, proof))
    }

    /// The key with this hash, if it holds.
    async fn api_key(&self, hash: &str) -> Result<Option<Arc<ApiKey>>, Fault> {
        let known = match self.api_keys.get(hash).await {
            Some(known) => Some(known),
            None => self.read_api_key(hash).await?,
        };
        Ok(known.filter(|key| key.expires_at.is_none_or(|at| at > Utc::now())))
    }

    async fn read_api_key(&self, hash: &str) -> Result<Option<Arc<ApiKey>>, Fault> {
        let found = self.store.api_key_of_hash(hash).await?;
        let Some((row, organization)) = found.filter(|(row, _)| row.revoked_at.is_none()) else {
            return Ok(None);
        };
        // The table's CHECK admits no other text.
        let Ok(role) = row.role.parse() else { return Ok(None) };
        let organization = organization.map(|own| OrganizationRef { id: own.id.into(), slug: own.slug });
        let key = Arc::new(ApiKey {
            id: row.id.into(),
            name: row.name,
            role,
            organization,
            expires_at: row.expires_at,
        });
        self.api_keys.insert(hash.to_owned(), key.clone()).await;
        Ok(Some(key))
    }

    /// Notes that a key is used, beside the request and not before it.
    async fn touch(&self, id: ApiKeyId) {
        if self.touched.get(&id).await.is_some() {
            return;
        }
        self.touched.insert(id, ()).await;
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(fault) = store.touch_api_key(id).await {
                tracing::debug!(%fault, "the use of an API key could not be noted");
            }
        });
    }
}

fn remembered<K, V>(time: Duration) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(CALLERS).time_to_live(time).build()
}

fn no_such_organization(slug: &str) -> String {
    match domain::limits::check_slug(slug) {
        Ok(()) => format!(
            "You are known, but your organization {slug:?} does not exist here. Ask an operator to make it (gpu-fleet org \
             create {slug}), or to have you moved at the identity provider."
        ),
        Err(_) => "You are known, but what the identity provider calls your organization cannot be the name of one here. \
                   Ask whoever runs this server to look at --oidc-organization-claim."
            .to_owned(),
    }
}

fn person(
    subject: String,
    role: Role,
    organization: Option<OrganizationRef>,
    expires_at: Option<chrono::DateTime<Utc>>,
    proof: Proof,
) -> Principal {
    Principal { subject, role, organization, host: None, join_token: None, expires_at, proof }
}

fn away(fault: &Fault) -> Refusal {
    tracing::warn!(%fault, "a caller cannot be authenticated");
    Refusal::Unavailable("the database is not available right now: try again shortly".into())
}
