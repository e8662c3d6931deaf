//! What is read from an identity provider and kept: read again now and then, asked for in a while only whatever callers send,
//! and held for a day while there is no news.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::external::SourceError;

/// After this time it is read again before it is used, so that what was withdrawn is dropped.
pub(super) const FRESH: Duration = Duration::from_secs(10 * 60);
/// Between two readings at least, whatever callers make up.
pub(super) const READ_EVERY: Duration = Duration::from_secs(10);
/// Without news, what was read last holds so long.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// One thing that is read and kept.
pub(super) struct Kept<T>(Mutex<State<T>>);

struct State<T> {
    value: Option<Arc<T>>,
    /// When it was read.
    read: Option<Instant>,
    /// When it was last asked for.
    asked: Option<Instant>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(State { value: None, read: None, asked: None }))
    }
}

impl<T> Kept<T> {
    /// What was read within this time, or before if there is no news. Those who need it wait here for one reading.
    pub(super) async fn get(
        &self,
        no_older: Duration,
        read: impl Future<Output = Result<T, SourceError>>,
    ) -> Option<Arc<T>> {
        let mut state = self.0.lock().await;
        let due = state.read.is_none_or(|read| read.elapsed() > no_older);
        if due && state.asked.is_none_or(|asked| asked.elapsed() > READ_EVERY) {
            // Also before, for a caller may go away in the midst of it.
            state.asked = Some(Instant::now());
            if let Err(error) = state.renew(read.await) {
                tracing::warn!(%error, "an identity provider cannot be read");
            }
        }
        state.value.clone().filter(|_| state.read.is_some_and(|read| read.elapsed() < STALE))
    }

    /// Keeps what was read for the first time.
    pub(super) async fn begin(&self, outcome: Result<T, SourceError>) -> Result<(), SourceError> {
        self.0.lock().await.renew(outcome)
    }
}

impl<T> State<T> {
    fn renew(&mut self, outcome: Result<T, SourceError>) -> Result<(), SourceError> {
        let now = Some(Instant::now());
        self.asked = now;
        self.value = Some(Arc::new(outcome?));
        self.read = now;
        Ok(())
    }
}
