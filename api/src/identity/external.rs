//! An identity provider: its keys and its word about itself, kept fresh, and the exchange of a code for an ID token. Whatever
//! a caller sends, the provider is asked for what is kept once in a while only.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::calls::Calls;
use super::discovery::{self, Metadata};
use super::kept::{FRESH, Kept, READ_EVERY};
use super::sign_in::SignInTerms;
use crate::auth::{BadKeys, Identity, Provider, ProviderKeys, TokenError};
use crate::http::Refusal;

/// Where a provider's public keys are.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A JSON Web Key Set in a file, which may be replaced while the server runs.
    File(PathBuf),
    /// A JSON Web Key Set at an address.
    Url(reqwest::Url),
    /// Where the provider itself says that they are.
    Discovered,
    /// Nowhere: it signs with the shared secret alone.
    Nowhere,
}

/// An identity provider that is trusted, and how its tokens are checked.
#[derive(Clone)]
pub struct Trust {
    /// Whose tokens, and what their claims mean.
    pub provider: Provider,
    /// Where its public keys are.
    pub source: KeySource,
    /// A secret that it shares with this server.
    pub secret: Option<Vec<u8>>,
    /// How people sign in with it; none: they do not.
    pub sign_in: Option<SignInTerms>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("provider", &self.provider)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Why something of a provider's could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The address.
    #[error("{url}: {reason}")]
    Url {
        /// Which.
        url: reqwest::Url,
        /// Why.
        reason: String,
    },
    /// What the provider says of itself is needed first, and was not there.
    #[error("the identity provider does not say where its keys are")]
    Unknown,
    /// What is there.
    #[error("the identity provider's keys: {0}")]
    Keys(#[from] BadKeys),
    /// Nobody can be asked at all.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

impl SourceError {
    /// Whether it may pass without anybody's doing here.
    fn may_pass(&self) -> bool {
        matches!(self, Self::Url { .. } | Self::Unknown)
    }
}

/// An identity provider, and what is known of it.
pub struct External {
    pub(super) trust: Trust,
    pub(super) calls: Calls,
    keys: Kept<ProviderKeys>,
    metadata: Kept<Metadata>,
}

impl External {
    /// A provider whose keys are there. An address that does not answer is asked again later.
    ///
    /// # Errors
    /// [`SourceError`] for a file or a secret that is no good.
    pub async fn new(trust: Trust) -> Result<Arc<Self>, SourceError> {
        let calls = Calls::new()?;
        let external = Arc::new(Self { trust, calls, keys: Kept::default(), metadata: Kept::default() });
        if external.trust.sign_in.is_some() {
            let outcome = Arc::clone(&external).read_metadata().await;
            external.metadata.begin(outcome).await.or_else(tell_what_may_pass)?;
        }
        let outcome = Arc::clone(&external).read_keys().await;
        external.keys.begin(outcome).await.or_else(tell_what_may_pass)?;
        Ok(external)
    }

    /// Whether it issues the tokens of this issuer.
    pub(super) fn issues(&self, issuer: &str) -> bool {
        self.trust.provider.issuer == issuer
    }

    pub(super) async fn verify(self: &Arc<Self>, token: &str) -> Result<Identity, Refusal> {
        let outcome = self.check(|keys| self.trust.provider.verify(token, keys)).await?;
        outcome.map_err(|error| Refusal::Unauthenticated(error.to_string()))
    }

    /// Checks with the keys that are known, and once more with fresh ones if there may be a new key.
    pub(super) async fn check<T>(
        self: &Arc<Self>,
        verify: impl Fn(&ProviderKeys) -> Result<T, TokenError>,
    ) -> Result<Result<T, TokenError>, Refusal> {
        match verify(&*self.keys(FRESH).await?) {
            Err(TokenError::UnknownKey) => Ok(verify(&*self.keys(READ_EVERY).await?)),
            other => Ok(other),
        }
    }

    /// What the provider says of itself, if it says so and is to be believed.
    pub(super) async fn metadata(self: &Arc<Self>) -> Option<Arc<Metadata>> {
        self.metadata.get(FRESH, || Arc::clone(self).read_metadata()).await
    }

    async fn keys(self: &Arc<Self>, no_older: Duration) -> Result<Arc<ProviderKeys>, Refusal> {
        let known = self.keys.get(no_older, || Arc::clone(self).read_keys()).await;
        let message = "the identity provider's keys are not there right now: try again shortly";
        known.ok_or_else(|| Refusal::Unavailable(message.to_owned()))
    }

    async fn read_metadata(self: Arc<Self>) -> Result<Metadata, SourceError> {
        let issuer = &self.trust.provider.issuer;
        let url = discovery::address(issuer).ok_or(SourceError::Unknown)?;
        let failed = |reason: String| SourceError::Url { url: url.clone(), reason };
        let text = self.calls.get(&url).await.map_err(failed)?;
        Metadata::read(issuer, &text).map_err(|error| failed(error.to_string()))
    }

    async fn read_keys(self: Arc<Self>) -> Result<ProviderKeys, SourceError> {
        let keys = match &self.trust.source {
            KeySource::Nowhere => ProviderKeys::default(),
            KeySource::File(path) => {
                let text = tokio::fs::read(path).await;
                ProviderKeys::from_jwks(
                    &text.map_err(|error| SourceError::File { path: path.clone(), error })?,
                )?
            }
            KeySource::Url(url) => self.read_keys_at(url).await?,
            KeySource::Discovered => {
                let metadata = self.metadata().await.ok_or(SourceError::Unknown)?;
                self.read_keys_at(&metadata.keys).await?
            }
        };
        tracing::debug!(issuer = self.trust.provider.issuer, ?keys, "read an identity provider's keys");
        match &self.trust.secret {
            Some(secret) => Ok(keys.with_secret(secret)?),
            None => Ok(keys),
        }
    }

    async fn read_keys_at(&self, url: &reqwest::Url) -> Result<ProviderKeys, SourceError> {
        let failed = |reason: String| SourceError::Url { url: url.clone(), reason };
        let text = self.calls.get(url).await.map_err(failed)?;
        ProviderKeys::from_jwks(&text).map_err(|error| failed(error.to_string()))
    }
}

fn tell_what_may_pass(error: SourceError) -> Result<(), SourceError> {
    if !error.may_pass() {
        return Err(error);
    }
    tracing::warn!(%error, "the identity provider cannot be read yet");
    Ok(())
}
