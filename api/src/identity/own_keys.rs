//! The keys that the servers of one database sign with: published by each, accepted by all, dropped once their server is
//! gone for longer than a token lives.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::away;
use crate::auth::{self, Claims, PublicKey, SigningKey, TokenError};
use crate::fault::Fault;
use crate::http::Refusal;
use crate::store::Store;

/// An unknown key id makes the published keys be read anew, at most this often.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How often a server says that its key is in use.
const PUBLISH_EVERY: Duration = Duration::from_secs(60);
/// How often it looks which keys were taken back: what they have signed is refused, and its sockets end, within seconds.
const LOOK_EVERY: Duration = Duration::from_secs(2);

pub(super) struct OwnKeys {
    store: Store,
    known: Arc<RwLock<HashMap<String, PublicKey>>>,
    /// When all published keys were read last; those who need them wait here for one reading.
    read: tokio::sync::Mutex<Option<Instant>>,
}

impl OwnKeys {
    pub(super) async fn start(
        store: Store,
        key: &SigningKey,
        shutdown: CancellationToken,
    ) -> Result<Self, Fault> {
        let own = (key.key_id().to_owned(), key.public_key().clone());
        let pem = own.1.to_pem();
        store.publish_signing_key(&own.0, &pem).await?;
        let known = Arc::new(RwLock::new(HashMap::from([own.clone()])));
        tokio::spawn(keep(store.clone(), known.clone(), (own.0, pem), shutdown));
        Ok(Self { store, known, read: tokio::sync::Mutex::default() })
    }

    /// What a token says, and the id of the key that signed it.
    pub(super) async fn verify(&self, token: &str) -> Result<(Claims, String), Refusal> {
        let outcome = match self.check(token) {
            Err(TokenError::UnknownKey) => {
                self.read_anew().await?;
                self.check(token)
            }
            other => other,
        };
        outcome.map_err(|error| Refusal::Unauthenticated(error.to_string()))
    }

    fn check(&self, token: &str) -> Result<(Claims, String), TokenError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut signer = String::new();
        let claims = auth::verify(token, |kid| {
            kid.clone_into(&mut signer);
            known.get(kid).cloned()
        })?;
        Ok((claims, signer))
    }

    /// Whether a key still signs for the fleet.
    pub(super) fn accepts(&self, kid: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(kid)
    }

    /// Reads the published keys anew: another server may have published one. At most once a second, whoever asks, so that
    /// made-up key ids cost nothing; whoever comes in between is told that the key is unknown.
    async fn read_anew(&self) -> Result<(), Refusal> {
        let mut read = self.read.lock().await;
        if read.is_some_and(|read| read.elapsed() < READ_EVERY) {
            return Ok(());
        }
        let keys = published(&self.store).await.map_err(|fault| away(&fault))?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys;
        *read = Some(Instant::now());
        Ok(())
    }
}

async fn published(store: &Store) -> Result<HashMap<String, PublicKey>, Fault> {
    let keys = store.signing_keys().await?;
    let known = keys.values().filter_map(|pem| PublicKey::from_pem(pem).ok());
    Ok(known.map(|key| (key.key_id().to_owned(), key)).collect())
}

async fn keep(
    store: Store,
    known: Arc<RwLock<HashMap<String, PublicKey>>>,
    (kid, pem): (String, String),
    shutdown: CancellationToken,
) {
    let (mut said, mut failing) = (Instant::now(), false);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let due = said.elapsed() >= PUBLISH_EVERY;
        let keys = match if due { store.publish_signing_key(&kid, &pem).await } else { Ok(()) } {
            Ok(()) => published(&store).await,
            Err(fault) => Err(fault),
        };
        match keys {
            Ok(keys) => {
                *known.write().unwrap_or_else(PoisonError::into_inner) = keys;
                if due {
                    said = Instant::now();
                }
                failing = false;
            }
            Err(fault) if !failing => {
                failing = true;
                tracing::warn!(%fault, "the servers' token keys cannot be read");
            }
            Err(_) => {}
        }
    }
}
