//! The seam to the scheduler: what waiting jobs wait for, and what could be otherwise.

use domain::estimate::Quality;
use domain::ids::JobId;
use domain::plan::{Explanation, Foreseen, Suggestion};
use domain::snapshot::WaitingJob;
use futures_util::future::BoxFuture;

use crate::fault::Fault;
use crate::scheduler::Preview;

/// Explains waiting jobs.
pub trait Pending: Send + Sync + 'static {
    /// All that a waiting job waits for.
    fn explain(&self, job: JobId) -> BoxFuture<'_, Result<Explanation, Fault>>;

    /// When it is thought to start.
    fn foreseen(&self, job: JobId) -> Foreseen;

    /// How good past estimates were, and of how many that is known.
    fn quality(&self) -> Option<(Quality, usize)>;

    /// What would start it now.
    fn suggest(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Suggestion>, Fault>>;

    /// What would become of a job that was not submitted yet.
    fn preview(&self, job: WaitingJob) -> BoxFuture<'_, Result<Preview, Fault>>;
}
