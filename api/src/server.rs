//! The server, put together: store, scheduler, schema and transport. The composition root of `serve` and `up`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::Utc;
use domain::ids::HostId;
use domain::role::Role;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use moka::future::Cache;
use tokio_util::sync::CancellationToken;

use crate::auth::{self, Claims, OrganizationRef, Principal, Proof, PublicKey, SigningKey};
use crate::fault::Fault;
use crate::graphql::caller::Caller;
use crate::graphql::loaders::Loaders;
use crate::graphql::pending::Pending;
use crate::graphql::schema::{FleetSchema, builder, sdl};
use crate::http::{Call, Gateway, Refusal};
use crate::scheduler::{Explanations, LeaseTerms, Scheduler};
use crate::store::open::{Location, OpenError, open};
use crate::store::organizations::NewOrganization;
use crate::store::{Scope, Store};
use crate::telemetry::Gathering;

/// The organization that a new fleet begins with.
pub const FIRST_ORGANIZATION: &str = "default";
/// An unknown key id makes the published keys be read anew, at most this often.
const KEYS_EVERY: Duration = Duration::from_secs(1);

/// Where a server keeps its things.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Its data directory, which holds its token key.
    pub data_dir: PathBuf,
    /// Its database.
    pub location: Location,
    /// What it agrees with agents.
    pub terms: LeaseTerms,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The token key.
    #[error(transparent)]
    Key(#[from] auth::AuthSetupError),
    /// The database, once open.
    #[error("the database refused: {0}")]
    Fault(#[from] Fault),
}

/// A running server, without its transport.
pub struct Server {
    store: Store,
    schema: FleetSchema,
    sdl: String,
    key: SigningKey,
    keys: RwLock<HashMap<String, PublicKey>>,
    /// When all published keys were read last; those who need them wait here for one reading.
    keys_read: tokio::sync::Mutex<Option<Instant>>,
    organizations: Cache<String, Option<OrganizationRef>>,
    agents: Cache<String, Option<HostId>>,
    explanations: Arc<Explanations>,
}

impl Server {
    /// Opens the database, makes the first organization, publishes the token key and starts the scheduler.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: &ServerConfig, shutdown: CancellationToken) -> Result<Arc<Self>, StartError> {
        let key = SigningKey::load_or_create(&config.data_dir)?;
        let store = open(&config.location).await?;
        store.publish_signing_key(key.key_id(), &key.public_key().to_pem()).await?;
        make_first_organization(&store).await?;
        let explanations = Arc::new(Explanations::new(store.clone()));
        let gathering = Arc::new(Gathering::default());
        let schema = builder()
            .data(store.clone())
            .data(config.terms)
            .data(gathering.clone())
            .data::<Arc<dyn Pending>>(explanations.clone())
            .finish();
        tokio::spawn(crate::telemetry::record(store.clone(), gathering, shutdown.clone()));
        tokio::spawn(Scheduler::new(store.clone(), explanations.clone(), config.terms).run(shutdown));
        // What is revoked is refused within this time, and closed on open sockets soon after.
        let ttl = Duration::from_secs(2);
        Ok(Arc::new(Self {
            keys: RwLock::new(HashMap::from([(key.key_id().to_owned(), key.public_key().clone())])),
            keys_read: tokio::sync::Mutex::default(),
            store,
            schema,
            sdl: sdl(),
            key,
            organizations: Cache::builder().max_capacity(10_000).time_to_live(ttl).build(),
            agents: Cache::builder().max_capacity(10_000).time_to_live(ttl).build(),
            explanations,
        }))
    }

    /// Mints a token with this server's key.
    ///
    /// # Errors
    /// A lifetime out of bounds.
    pub fn mint(&self, claims: &Claims) -> Result<String, auth::AuthSetupError> {
        self.key.mint(claims)
    }

    /// The store, for the composition's own tests and tools.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What waiting jobs wait for.
    #[must_use]
    pub fn explanations(&self) -> &Explanations {
        &self.explanations
    }

    async fn principal(&self, bearer: &str) -> Result<Principal, Refusal> {
        if auth::looks_like_agent_key(bearer) {
            return self.agent(bearer).await;
        }
        let claims = match self.verify(bearer) {
            Err(auth::TokenError::UnknownKey) => {
                self.read_keys_anew().await?;
                self.verify(bearer)
            }
            other => other,
        };
        let claims = claims.map_err(|error| Refusal::Unauthenticated(error.to_string()))?;
        self.person(claims).await
    }

    fn verify(&self, token: &str) -> Result<Claims, auth::TokenError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        auth::verify(token, |kid| keys.get(kid).cloned())
    }

    /// Reads the published keys anew: another server may have published one. At most once a second, whoever asks, so that
    /// made-up key ids cost nothing; whoever comes in between is told that the key is unknown.
    async fn read_keys_anew(&self) -> Result<(), Refusal> {
        let mut read = self.keys_read.lock().await;
        if read.is_some_and(|read| read.elapsed() < KEYS_EVERY) {
            return Ok(());
        }
        let published = self.store.signing_keys().await.map_err(|fault| away(&fault))?;
        let known = published.values().filter_map(|pem| PublicKey::from_pem(pem).ok());
        let known = known.map(|key| (key.key_id().to_owned(), key)).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = known;
        *read = Some(Instant::now());
        Ok(())
    }

    async fn person(&self, claims: Claims) -> Result<Principal, Refusal> {
        let organization = match &claims.org {
            None => None,
            Some(slug) => {
                let known = self.organization(slug).await.map_err(|fault| away(&fault))?;
                let unknown =
                    || Refusal::Unauthenticated(format!("the token's organization {slug:?} does not exist"));
                Some(known.ok_or_else(unknown)?)
            }
        };
        let join_token = (claims.role == Role::Agent).then(|| claims.jti.clone());
        let expires_at = claims.expires_at();
        Ok(Principal {
            subject: claims.sub,
            role: claims.role,
            organization,
            host: None,
            join_token,
            expires_at,
            proof: Proof::Token,
        })
    }

    async fn organization(&self, slug: &str) -> Result<Option<OrganizationRef>, Fault> {
        if let Some(Some(known)) = self.organizations.get(slug).await {
            return Ok(Some(known));
        }
        let row = self.store.organization_by_slug(slug).await?;
        let known = row.map(|row| OrganizationRef { id: row.id.into(), slug: row.slug });
        self.organizations.insert(slug.to_owned(), known.clone()).await;
        Ok(known)
    }

    async fn agent(&self, secret: &str) -> Result<Principal, Refusal> {
        let hash = auth::hash(secret);
        let host = self.host_of_key(&hash).await.map_err(|fault| away(&fault))?;
        let host = host.ok_or_else(|| {
            Refusal::Unauthenticated("this agent's key is not known, or was revoked".into())
        })?;
        Ok(Principal {
            subject: format!("agent:{host}"),
            role: Role::Agent,
            organization: None,
            host: Some(host),
            join_token: None,
            expires_at: None,
            proof: Proof::AgentKey(hash),
        })
    }

    /// The host of an agent's key, remembered for a moment.
    async fn host_of_key(&self, hash: &str) -> Result<Option<HostId>, Fault> {
        if let Some(Some(known)) = self.agents.get(hash).await {
            return Ok(Some(known));
        }
        let host = self.store.host_of_key(hash).await?;
        self.agents.insert(hash.to_owned(), host).await;
        Ok(host)
    }

    /// What the resolvers of one request share.
    fn furnish(&self, request: async_graphql::Request, call: Call) -> async_graphql::Request {
        let caller = Caller { principal: call.who };
        // An agent is told what it needs; it looks at nothing.
        let scope = caller.reads().unwrap_or(Scope::Nothing);
        request.data(caller).data(Loaders::new(self.store.clone(), scope))
    }
}

fn away(fault: &Fault) -> Refusal {
    tracing::warn!(%fault, "a caller cannot be authenticated");
    Refusal::Unavailable("the database is not available right now: try again shortly".into())
}

async fn make_first_organization(store: &Store) -> Result<(), Fault> {
    if store.organization_by_slug(FIRST_ORGANIZATION).await?.is_some() {
        return Ok(());
    }
    let first = NewOrganization {
        slug: FIRST_ORGANIZATION.into(),
        name: "Default".into(),
        weight: 1.0,
        guaranteed_gpus: 0.0,
        max_gpus: None,
        max_queued_jobs: None,
    };
    match store.create_organization(first, "gpu-fleet").await {
        // Another server of the same database was faster.
        Ok(_) | Err(Fault::Conflict { .. } | Fault::Retry) => Ok(()),
        Err(fault) => Err(fault),
    }
}

impl Gateway for Server {
    fn authenticate<'a>(&'a self, bearer: &'a str) -> BoxFuture<'a, Result<Principal, Refusal>> {
        self.principal(bearer).boxed()
    }

    fn sdl(&self) -> &str {
        &self.sdl
    }

    fn execute(
        &self,
        request: async_graphql::Request,
        call: Call,
    ) -> BoxFuture<'static, async_graphql::Response> {
        let (schema, request) = (self.schema.clone(), self.furnish(request, call));
        async move { schema.execute(request).await }.boxed()
    }

    fn subscribe(
        &self,
        request: async_graphql::Request,
        call: Call,
    ) -> BoxStream<'static, async_graphql::Response> {
        self.schema.execute_stream(self.furnish(request, call)).boxed()
    }

    fn still_valid<'a>(&'a self, who: &'a Principal) -> BoxFuture<'a, bool> {
        async move {
            let in_time = who.expires_at.is_none_or(|at| at > Utc::now());
            in_time
                && match &who.proof {
                    Proof::Token => true,
                    // A database that is away revokes nothing.
                    Proof::AgentKey(hash) => {
                        self.host_of_key(hash).await.map_or(true, |host| host == who.host)
                    }
                }
        }
        .boxed()
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        async move {
            let healthy = self.store.check_health().await;
            healthy.map_err(|fault| {
                tracing::warn!(%fault, "not ready");
                "the database does not answer, or does not take what is written".to_owned()
            })
        }
        .boxed()
    }
}

impl Pending for Explanations {
    fn explain<'a>(
        &'a self,
        job: &'a entity::job::Model,
    ) -> BoxFuture<'a, Result<domain::plan::Explanation, Fault>> {
        self.of(job.id.into()).boxed()
    }
}
