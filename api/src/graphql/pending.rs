//! The seam to the scheduler: what a waiting job waits for.

use domain::plan::Explanation;
use entity::job;
use futures_util::future::BoxFuture;

use crate::fault::Fault;

/// Explains waiting jobs.
pub trait Pending: Send + Sync + 'static {
    /// All that a waiting job waits for.
    fn explain<'a>(&'a self, job: &'a job::Model) -> BoxFuture<'a, Result<Explanation, Fault>>;
}
