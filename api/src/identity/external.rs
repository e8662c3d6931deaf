//! An identity provider's keys, kept fresh: read again now and then, and when a token names one that is not known. Whatever
//! a caller sends, the source is asked once in a while only.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio::sync::Mutex;

use crate::auth::{BadKeys, Identity, Provider, ProviderKeys, TokenError};
use crate::http::Refusal;

/// After this time keys are read again before they are used, so that those that were withdrawn are dropped.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// Between two readings at least, whatever key ids callers make up.
const READ_EVERY: Duration = Duration::from_secs(10);
/// Without news, old keys hold so long.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
const ANSWER_TIME: Duration = Duration::from_secs(10);
const SET_BYTES: usize = 1 << 20;

/// Where a provider's public keys are.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A JSON Web Key Set in a file, which may be replaced while the server runs.
    File(PathBuf),
    /// A JSON Web Key Set at an address.
    Url(reqwest::Url),
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
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("provider", &self.provider)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Why keys could not be read.
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
    /// What is there.
    #[error("the identity provider's keys: {0}")]
    Keys(#[from] BadKeys),
}

/// An identity provider and its keys.
pub struct External {
    trust: Trust,
    http: reqwest::Client,
    keys: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: Option<Arc<ProviderKeys>>,
    /// When they were read.
    read: Option<Instant>,
    /// When they were last asked for.
    asked: Option<Instant>,
}

impl External {
    /// A provider whose keys are there. An address that does not answer is asked again later.
    ///
    /// # Errors
    /// [`SourceError`] for a file or a secret that is no good.
    pub async fn new(trust: Trust) -> Result<Self, SourceError> {
        let http =
            reqwest::Client::builder().timeout(ANSWER_TIME).redirect(reqwest::redirect::Policy::none());
        let http = http.build().unwrap_or_default();
        let external = Self { trust, http, keys: Mutex::default() };
        match external.read().await {
            Ok(keys) => external.keep(&mut *external.keys.lock().await, keys),
            Err(SourceError::Url { url, reason }) => {
                tracing::warn!(%url, reason, "the identity provider's keys are not there yet");
            }
            Err(error) => return Err(error),
        }
        Ok(external)
    }

    /// Whether it issues the tokens of this issuer.
    pub(super) fn issues(&self, issuer: &str) -> bool {
        self.trust.provider.issuer == issuer
    }

    pub(super) async fn verify(&self, token: &str) -> Result<Identity, Refusal> {
        let keys = self.keys(FRESH).await?;
        let outcome = match self.trust.provider.verify(token, &keys) {
            // The provider may have a new key.
            Err(TokenError::UnknownKey) => {
                let keys = self.keys(READ_EVERY).await?;
                self.trust.provider.verify(token, &keys)
            }
            other => other,
        };
        outcome.map_err(|error| Refusal::Unauthenticated(error.to_string()))
    }

    /// Keys that were read within this time, or those of before if the source does not answer. Those who need them wait
    /// here for one reading.
    async fn keys(&self, no_older: Duration) -> Result<Arc<ProviderKeys>, Refusal> {
        let mut kept = self.keys.lock().await;
        let due = kept.read.is_none_or(|read| read.elapsed() > no_older);
        if due && kept.asked.is_none_or(|asked| asked.elapsed() > READ_EVERY) {
            kept.asked = Some(Instant::now());
            match self.read().await {
                Ok(keys) => self.keep(&mut kept, keys),
                Err(error) => tracing::warn!(%error, "the identity provider's keys cannot be read"),
            }
        }
        let known = kept.keys.clone().filter(|_| kept.read.is_some_and(|read| read.elapsed() < STALE));
        known.ok_or_else(|| {
            Refusal::Unavailable(
                "the identity provider's keys are not there right now: try again shortly".into(),
            )
        })
    }

    fn keep(&self, kept: &mut Kept, keys: ProviderKeys) {
        let now = Some(Instant::now());
        *kept = Kept { keys: Some(Arc::new(keys)), read: now, asked: now };
        tracing::debug!(issuer = self.trust.provider.issuer, keys = ?kept.keys, "read an identity provider's keys");
    }

    async fn read(&self) -> Result<ProviderKeys, SourceError> {
        let keys = match &self.trust.source {
            KeySource::Nowhere => ProviderKeys::default(),
            KeySource::File(path) => {
                let text = tokio::fs::read(path).await;
                ProviderKeys::from_jwks(
                    &text.map_err(|error| SourceError::File { path: path.clone(), error })?,
                )?
            }
            KeySource::Url(url) => {
                let failed = |reason: String| SourceError::Url { url: url.clone(), reason };
                let text = self.get(url).await.map_err(failed)?;
                ProviderKeys::from_jwks(&text).map_err(|error| failed(error.to_string()))?
            }
        };
        match &self.trust.secret {
            Some(secret) => Ok(keys.with_secret(secret)?),
            None => Ok(keys),
        }
    }

    async fn get(&self, url: &reqwest::Url) -> Result<Vec<u8>, String> {
        let answer = self.http.get(url.clone()).send().await.map_err(|error| error.to_string())?;
        let answer = answer.error_for_status().map_err(|error| error.to_string())?;
        let mut body = answer.bytes_stream();
        let mut text = Vec::new();
        while let Some(part) = body.next().await {
            text.extend_from_slice(&part.map_err(|error| error.to_string())?);
            if text.len() > SET_BYTES {
                return Err(format!("the answer has more than {SET_BYTES} bytes"));
            }
        }
        Ok(text)
    }
}
