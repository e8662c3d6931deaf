//! What jobs asked for lately, for which the fleet is kept good: read now and then, since it changes slowly.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::snapshot::SeenJobs;
use tokio::sync::Mutex;

use crate::fault::Fault;
use crate::store::Store;

/// It is read anew this often.
const READ_ANEW: Duration = Duration::from_secs(30);
/// So many of the newest jobs are looked at.
const JOBS: u64 = 5_000;

/// What jobs asked for lately.
#[derive(Default)]
pub(super) struct Seen {
    known: Mutex<Option<(Instant, Arc<Vec<SeenJobs>>)>>,
}

impl Seen {
    /// Kinds of jobs, hardly older than half a minute.
    pub(super) async fn lately(&self, store: &Store) -> Result<Vec<SeenJobs>, Fault> {
        let mut known = self.known.lock().await;
        let now = store.clock().instant();
        let fresh = known.as_ref().filter(|(read, _)| now.duration_since(*read) < READ_ANEW);
        let jobs = match fresh {
            Some((_, jobs)) => jobs.clone(),
            None => {
                let jobs = Arc::new(store.seen_jobs(JOBS).await?);
                *known = Some((now, jobs.clone()));
                jobs
            }
        };
        Ok(jobs.as_ref().clone())
    }
}
