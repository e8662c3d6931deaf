//! What is said of a job that waits.
//!
//! A queue is long, and few of its jobs are asked about: what is the same for all that ask for the same is kept once, and
//! sentences about a job's own place are made when somebody reads them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::hash::Map;
use crate::ids::JobId;

use super::wording;

/// For every job that stays: all that it waits for.
pub type Explained = Map<JobId, Explanation>;

/// Why a job waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What holds back this job alone.
    pub(super) own: Vec<Blocker>,
    pub(super) common: Arc<Common>,
    /// Jobs ahead of it in its line that keep it from GPUs; 0: that is no blocker.
    pub(super) earlier: i32,
    /// Jobs of other lines whose turn is before its own; none: that is no blocker.
    pub(super) others: Option<i32>,
    /// Jobs ahead of it in its queue.
    pub position: i32,
    /// When it starts at the latest, where the time limits of the jobs before it tell.
    pub estimated_start_at: Option<DateTime<Utc>>,
}

/// What holds for all jobs of an organization that ask for the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Common {
    pub(super) blockers: Vec<Blocker>,
    /// What the organization holds, in thousandths of a GPU, and its weight.
    pub(super) held: i64,
    pub(super) weight: f64,
}

impl Explanation {
    /// Of a job that no pass has looked at.
    #[must_use]
    pub fn not_yet_evaluated() -> Self {
        let message = "the scheduler has not looked at it yet".to_owned();
        Self::alone(vec![Blocker { code: BlockerCode::NotYetEvaluated, message }])
    }

    /// Of these blockers and nothing else.
    pub(super) fn alone(own: Vec<Blocker>) -> Self {
        let common = Arc::new(Common { blockers: Vec::new(), held: 0, weight: 1.0 });
        Self { own, common, earlier: 0, others: None, position: 0, estimated_start_at: None }
    }

    /// Every blocker, never none.
    pub fn blockers(&self) -> impl Iterator<Item = Blocker> + '_ {
        let Common { blockers, held, weight } = &*self.common;
        let known = self.own.iter().chain(blockers).cloned();
        let earlier = (self.earlier > 0).then(|| Blocker {
            code: BlockerCode::HigherPriorityAhead,
            message: wording::ahead(self.earlier),
        });
        let others = self.others.map(|others| Blocker {
            code: BlockerCode::FairShare,
            message: wording::fair_share(*held, *weight, others),
        });
        known.chain(earlier).chain(others)
    }

    /// Whether one of its blockers is of this kind.
    #[must_use]
    pub fn states(&self, code: BlockerCode) -> bool {
        let known = || self.own.iter().chain(&self.common.blockers);
        match code {
            BlockerCode::HigherPriorityAhead => self.earlier > 0,
            BlockerCode::FairShare => self.others.is_some(),
            _ => known().any(|blocker| blocker.code == code),
        }
    }

    /// It says nothing, which no plan does.
    pub(super) fn is_silent(&self) -> bool {
        let told = !self.own.is_empty() || !self.common.blockers.is_empty();
        !told && self.earlier == 0 && self.others.is_none()
    }
}

/// One thing that must change before the job can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Its kind.
    pub code: BlockerCode,
    /// A sentence with the numbers.
    pub message: String,
}

/// The kinds of blockers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BlockerCode {
    /// GPUs that match exist, but too few of them are free.
    GpusBusy,
    /// The fleet has not enough GPUs that match, busy ones included.
    NoMatchingGpu,
    /// It has an image, and hosts that would do otherwise cannot run containers.
    NoContainerRuntime,
    /// Its organization's ceiling.
    OverQuota,
    /// Another organization's turn.
    FairShare,
    /// A job with more priority, or an earlier one, takes what is free.
    HigherPriorityAhead,
    /// What is free is kept for an earlier job that needs more.
    ReservedForEarlierJob,
    /// A job that it depends on has not ended.
    Dependency,
    /// A person holds it back.
    Held,
    /// It has failed, and rests before it is tried again.
    RetryPause,
    /// Too new: no pass has seen it.
    NotYetEvaluated,
}
