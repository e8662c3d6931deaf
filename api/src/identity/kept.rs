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
pub(super) struct Kept<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    value: Option<Arc<T>>,
    /// When it was read.
    read: Option<Instant>,
    /// When it was last asked for.
    asked: Option<Instant>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { value: None, read: None, asked: None })))
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// What was read within this time, or before if there is no news. Those who need it wait here for one reading.
    pub(super) async fn get<Reading>(
        &self,
        no_older: Duration,
        read: impl FnOnce() -> Reading,
    ) -> Option<Arc<T>>
    where
        Reading: Future<Output = Result<T, SourceError>> + Send + 'static,
    {
        let mut state = Arc::clone(&self.0).lock_owned().await;
        let due = state.read.is_none_or(|read| read.elapsed() > no_older);
        if !due || state.asked.is_some_and(|asked| asked.elapsed() <= READ_EVERY) {
            return state.present();
        }
        let reading = read();
        // Whoever asked may go away: the reading goes on, and others wait for it.
        let renewed = tokio::spawn(async move {
            if let Err(error) = state.renew(reading.await) {
                tracing::warn!(%error, "an identity provider cannot be read");
            }
            state.present()
        });
        renewed.await.ok().flatten()
    }

    /// Keeps what was read for the first time.
    pub(super) async fn begin(&self, outcome: Result<T, SourceError>) -> Result<(), SourceError> {
        self.0.lock().await.renew(outcome)
    }
}

impl<T> State<T> {
    /// What is known, unless it is too old.
    fn present(&self) -> Option<Arc<T>> {
        self.value.clone().filter(|_| self.read.is_some_and(|read| read.elapsed() < STALE))
    }

    fn renew(&mut self, outcome: Result<T, SourceError>) -> Result<(), SourceError> {
        let now = Some(Instant::now());
        self.asked = now;
        self.value = Some(Arc::new(outcome?));
        self.read = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_reading_goes_on_when_whoever_asked_has_gone_away() {
        let kept = Kept::<u32>::default();
        let (answer, answered) = oneshot::channel();
        let mut begun = false;
        let first = kept.get(FRESH, || {
            begun = true;
            async { Ok(answered.await.unwrap()) }
        });
        let gone = tokio::time::timeout(Duration::ZERO, first).await;
        assert!(gone.is_err() && begun);
        answer.send(7).unwrap();
        let second = kept.get(FRESH, || async { unreachable!("it was read") }).await;
        assert_eq!(second.as_deref(), Some(&7));
    }
}
