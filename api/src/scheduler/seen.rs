//! What jobs asked for lately, for which the fleet is kept good: read now and then, since it changes slowly.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::plan::MIX_OF;
use domain::snapshot::SeenJobs;
use tokio::sync::Mutex;

use crate::store::Store;

/// It is read anew this often when it holds as many jobs as it can, and sooner the fewer there are: each new one tells more then,
/// and a read costs less.
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
        let fresh = known.as_ref().filter(|(read, jobs)| now.duration_since(*read) < good_for(jobs));
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

/// How long a reading is good for.
fn good_for(seen: &[SeenJobs]) -> Duration {
    let jobs: f64 = seen.iter().map(|kind| f64::from(kind.jobs)).sum();
    READ_ANEW.mul_f64((jobs / MIX_OF as f64).min(1.0))
}
