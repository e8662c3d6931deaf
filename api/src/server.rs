//! The server, put together: store, scheduler, schema and transport. The composition root of `serve` and `up`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_graphql::extensions::Tracing;
use chrono::TimeDelta;
use domain::estimate::Quality;
use domain::ids::JobId;
use domain::plan::{Explanation, Foreseen, Suggestion};
use domain::snapshot::WaitingJob;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use crate::auth::{self, Claims, Principal, SigningKey};
use crate::fault::Fault;
use crate::graphql::caller::Caller;
use crate::graphql::hearing::Hearings;
use crate::graphql::loaders::Loaders;
use crate::graphql::pending::Pending;
use crate::graphql::schema::{FleetSchema, builder, sdl};
use crate::http::{Call, Gateway, Grant, Offer, Refusal, RequestId, SignInRefusal, SignedIn};
use crate::identity::{External, Identities, SourceError, Trust};
use crate::log_store::{self, Keeper, LogStore};
use crate::scheduler::{Explanations, LeaseTerms, Preview, Scheduler};
use crate::store::open::{Location, OpenError, open};
use crate::store::organizations::NewOrganization;
use crate::store::{Actor, Store};
use crate::telemetry::{Gathering, Gauges};

/// The organization that a new fleet begins with.
pub const FIRST_ORGANIZATION: &str = "default";

/// Where a server keeps its things.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Its data directory, which holds its token key.
    pub data_dir: PathBuf,
    /// Its database.
    pub location: Location,
    /// What it agrees with agents.
    pub terms: LeaseTerms,
    /// How it schedules.
    pub rules: domain::plan::Rules,
    /// An identity provider whose tokens it accepts besides its own.
    pub trust: Option<Trust>,
    /// Where logs of jobs that have ended are kept; none: in the database.
    pub log_store: Option<LogStore>,
    /// How long logs of jobs that have ended are kept; none: for ever.
    pub log_retention: Option<TimeDelta>,
    /// Whether each resolver of an operation gets a span of its own.
    pub traced: bool,
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
    /// The identity provider's keys.
    #[error(transparent)]
    Source(#[from] SourceError),
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
    identities: Identities,
    explanations: Arc<Explanations>,
    gauges: Gauges,
    hearings: Hearings,
}

impl Server {
    /// Opens the database, makes the first organization, publishes the token key and starts the scheduler.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: &ServerConfig, shutdown: CancellationToken) -> Result<Arc<Self>, StartError> {
        let key = SigningKey::load_or_create(&config.data_dir)?;
        let store = open(&config.location).await?;
        make_first_organization(&store).await?;
        if let Some(logs) = &config.log_store {
            store.keep_logs_in(logs.clone());
            tokio::spawn(log_store::watch(logs.clone(), shutdown.clone()));
        }
        let external = match &config.trust {
            Some(trust) => Some(External::new(trust.clone()).await?),
            None => None,
        };
        let identities = Identities::start(store.clone(), &key, external, shutdown.clone()).await?;
        let explanations = Arc::new(Explanations::new(store.clone()));
        let gathering = Arc::new(Gathering::default());
        let schema = if config.traced { builder().extension(Tracing) } else { builder() };
        let schema = schema
            .data(store.clone())
            .data(config.terms)
            .data(gathering.clone())
            .data::<Arc<dyn Pending>>(explanations.clone())
            .finish();
        tokio::spawn(crate::telemetry::record(store.clone(), gathering, shutdown.clone()));
        let breaches = config.data_dir.join("breaches");
        let keeper = Keeper::new(store.clone(), config.log_retention);
        let scheduler =
            Scheduler::new(store.clone(), explanations.clone(), config.terms, config.rules, breaches)
                .with_keeper(keeper);
        tokio::spawn(scheduler.run(shutdown));
        let (gauges, hearings) = (Gauges::default(), Hearings::default());
        Ok(Arc::new(Self { store, schema, sdl: sdl(), key, identities, explanations, gauges, hearings }))
    }

    /// Mints a token with this server's key.
    ///
    /// # Errors
    /// A lifetime out of bounds.
    pub fn mint(&self, claims: &Claims) -> Result<String, auth::AuthSetupError> {
        self.key.mint(claims)
    }

    /// A token for a person whom the identity provider knows and who has a place here.
    async fn sign_in_person(
        &self,
        grant: &Grant,
        id: &RequestId,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, SignInRefusal> {
        let (who, organization, session) = self.identities.sign_in(grant).await?;
        let slug = organization.as_ref().map(|own| own.slug.clone());
        let claims =
            Claims::new(who.subject, slug, who.role, chrono::Utc::now(), session, uuid::Uuid::now_v7());
        let signed_in = self.mint(&claims).ok().zip(claims.expires_at());
        let (token, expires_at) = signed_in.ok_or_else(|| {
            tracing::error!(request_id = %id, "a token could not be signed");
            SignInRefusal::Unavailable("a token could not be made: tell whoever runs this server".to_owned())
        })?;
        tracing::info!(request_id = %id, subject = ?claims.sub, role = %claims.role, organization = ?claims.org, "signed in");
        let request_id = id.to_string();
        let actor = Actor { subject: claims.sub, role: claims.role, api_key: None, request_id, address };
        // A disk that is full must not keep people from making room.
        if let Err(fault) = self.store.note_sign_in(organization.map(|own| own.id), &actor).await {
            tracing::warn!(%fault, subject = ?actor.subject, "a sign-in is not in the audit trail");
        }
        Ok(SignedIn { token, expires_at })
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
        idle: domain::idle::Policy::default(),
    };
    match store.create_organization(first, &Actor::server()).await {
        // Another server of the same database was faster.
        Ok(_) | Err(Fault::Conflict { .. } | Fault::Retry) => Ok(()),
        Err(fault) => Err(fault),
    }
}

impl Gateway for Server {
    fn authenticate<'a>(&'a self, bearer: &'a str) -> BoxFuture<'a, Result<Principal, Refusal>> {
        self.identities.principal(bearer).boxed()
    }

    fn sign_in_offer(&self) -> BoxFuture<'_, Result<Option<Offer>, SignInRefusal>> {
        self.identities.sign_in_offer().boxed()
    }

    fn sign_in(
        &self,
        grant: Grant,
        id: RequestId,
        address: Option<IpAddr>,
    ) -> BoxFuture<'_, Result<SignedIn, SignInRefusal>> {
        async move { self.sign_in_person(&grant, &id, address).await }.boxed()
    }

    fn sdl(&self) -> &str {
        &self.sdl
    }

    fn execute(
        &self,
        request: async_graphql::Request,
        call: Call,
    ) -> BoxFuture<'static, async_graphql::Response> {
        let caller = Caller::new(call);
        let loaders = Loaders::new(self.store.clone(), caller.scope());
        let (schema, request) = (self.schema.clone(), request.data(caller).data(loaders));
        async move { schema.execute(request).await }.boxed()
    }

    fn subscribe(
        &self,
        request: async_graphql::Request,
        call: Call,
    ) -> BoxStream<'static, async_graphql::Response> {
        let caller = Caller::new(call);
        let loaders = Loaders::prompt(self.store.clone(), caller.scope());
        let hearing = self.hearings.hearing(&caller, &request);
        self.schema.execute_stream(request.data(caller).data(loaders).data(hearing)).boxed()
    }

    fn still_valid<'a>(&'a self, who: &'a Principal) -> BoxFuture<'a, bool> {
        self.identities.still_valid(who).boxed()
    }

    fn measure(&self) -> BoxFuture<'_, ()> {
        self.gauges.refresh(&self.store).boxed()
    }

    fn ready(&self) -> BoxFuture<'_, Result<Option<String>, String>> {
        async move {
            let healthy = self.store.check_health().await;
            healthy.map_err(|fault| {
                tracing::warn!(%fault, "not ready");
                "the database does not answer, or does not take what is written".to_owned()
            })?;
            Ok(self.explanations.ailment().or_else(|| self.store.log_store()?.ailment()))
        }
        .boxed()
    }
}

impl Pending for Explanations {
    fn explain(&self, job: JobId) -> BoxFuture<'_, Result<Explanation, Fault>> {
        self.of(job).boxed()
    }

    fn foreseen(&self, job: JobId) -> Foreseen {
        Self::foreseen(self, job)
    }

    fn quality(&self) -> Option<(Quality, usize)> {
        Self::quality(self)
    }

    fn suggest(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Suggestion>, Fault>> {
        self.suggestions(job).boxed()
    }

    fn preview(&self, job: WaitingJob) -> BoxFuture<'_, Result<Preview, Fault>> {
        Self::preview(self, job).boxed()
    }
}
