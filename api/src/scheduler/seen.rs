//! What jobs asked for lately, for which the fleet is kept good: read now and then, since it changes slowly.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::plan::MIX_OF;
use domain::snapshot::SeenJobs;
use tokio::sync::Mutex;

use crate::store::Store;

/// It is read anew this often.
const READ_ANEW: Duration = Duration::from_secs(30);

/// What jobs asked for lately.
#[derive(Default)]
pub(super) struct Seen {
    known: Mutex<Option<(Instant, Arc<Vec<SeenJobs>>)>>,
}

impl Seen {
    /// Kinds of jobs, hardly older than half a minute unless they cannot be read: they are advice, and no pass fails for want of them.
    pub(super) async fn lately(&self, store: &Store) -> Vec<SeenJobs> {
        let mut known = self.known.lock().await;
        let now = store.clock().instant();
        let fresh = known.as_ref().filter(|(read, _)| now.duration_since(*read) < READ_ANEW);
        let jobs = match fresh {
            Some((_, jobs)) => jobs.clone(),
            None => {
                let read = store.seen_jobs(MIX_OF as u64).await.map(Arc::new);
                let jobs = read.unwrap_or_else(|fault| {
                    tracing::warn!(%fault, "what jobs asked for lately cannot be read");
                    known.as_ref().map(|(_, jobs)| jobs.clone()).unwrap_or_default()
                });
                *known = Some((now, jobs.clone()));
                jobs
            }
        };
        jobs.as_ref().clone()
    }
}
