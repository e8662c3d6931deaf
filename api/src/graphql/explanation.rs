//! Why a job waits, when it is thought to start, and what would start it now.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::estimate::Quality;
use domain::ids::JobId;
use domain::plan::{Explanation, Suggestion as Suggested};

use super::enums::{BlockerCode, SuggestionCode};
use super::failure::Answer;
use super::job::GpuRequirements;
use super::lists::at_most;
use super::loaders::Loaders;
use super::pending::Pending;
use crate::scheduler::Preview;

/// Planning anew costs as much as loading so many rows: one operation can ask it of a few jobs, not of a list.
pub(super) const ROWS_OF_A_PLAN: u64 = 10_000;

/// One thing that must change before the job can start, with the numbers.
#[derive(SimpleObject, Clone)]
pub struct Blocker {
    /// Its kind.
    pub code: BlockerCode,
    /// A sentence with the numbers.
    pub message: String,
}

/// Why a job waits.
pub struct PendingExplanation {
    job: JobId,
    explained: Explanation,
    /// None: to be found when they are asked for.
    suggestions: Option<Vec<Suggested>>,
}

impl PendingExplanation {
    pub(super) fn of(job: JobId, explained: Explanation) -> Self {
        Self { job, explained, suggestions: None }
    }
}

fn pending<'a>(ctx: &'a Context<'_>) -> &'a dyn Pending {
    ctx.data_unchecked::<Arc<dyn Pending>>().as_ref()
}

/// Why a job waits.
#[Object]
impl PendingExplanation {
    /// Every blocker, not the first one found; never empty.
    async fn blockers(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Blocker>> {
        let blockers = self.explained.blockers().take(at_most(first)?);
        Ok(blockers.map(|one| Blocker { code: one.code.into(), message: one.message }).collect())
    }

    /// Jobs ahead of it in its queue.
    async fn position(&self) -> i32 {
        self.explained.position
    }

    /// When it starts at the latest, where that can be told.
    async fn estimated_start_at(&self) -> Option<DateTime<Utc>> {
        self.explained.estimated_start_at
    }

    /// By then it starts with a chance of one half: the queue is played forward with the run times that jobs of the same
    /// organization, user and name had before. Null: not foreseen, or not yet.
    async fn median_start_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        pending(ctx).foreseen(self.job).median
    }

    /// By then it starts with nine chances of ten.
    async fn ninety_percent_start_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        pending(ctx).foreseen(self.job).ninety
    }

    /// How good such estimates were lately; null: none has come true or false yet.
    async fn estimate_quality(&self, ctx: &Context<'_>) -> Option<EstimateQuality> {
        pending(ctx).quality().map(|(quality, judged)| EstimateQuality { quality, judged })
    }

    /// The changes that would start it now, each tried by planning anew, those that give up least first. Empty: no single
    /// one would.
    async fn suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Suggestion>> {
        let first = at_most(first)?;
        let found = match &self.suggestions {
            Some(known) => known.clone(),
            None => {
                ctx.data_unchecked::<Loaders>().spend(ROWS_OF_A_PLAN)?;
                pending(ctx).suggest(self.job).await?
            }
        };
        Ok(found.into_iter().take(first).map(Suggestion).collect())
    }
}

/// A change that would start a job now.
pub struct Suggestion(Suggested);

/// A change that would start a job now.
#[Object]
impl Suggestion {
    /// Its kind.
    async fn code(&self) -> SuggestionCode {
        self.0.code.into()
    }

    /// A sentence with the numbers: with 2 GPUs instead of 4: now, on gpu-a01.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// What the job would ask for.
    async fn requirements(&self) -> GpuRequirements {
        GpuRequirements(self.0.requirements.clone())
    }

    /// The longest run that it would ask for; null: as it is.
    async fn time_limit_seconds(&self) -> Option<i32> {
        self.0.time_limit_secs.and_then(|secs| i32::try_from(secs).ok())
    }

    /// Names of the hosts that it would run on.
    async fn hosts(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<&str>> {
        Ok(self.0.hosts.iter().take(at_most(first)?).map(String::as_str).collect())
    }
}

/// How good estimates of starts were: of each job, the first one that was made.
pub struct EstimateQuality {
    quality: Quality,
    judged: usize,
}

/// How good estimates of starts were: of each job, the first one that was made.
#[Object]
impl EstimateQuality {
    /// Jobs by which this is judged, the newest ones.
    async fn jobs(&self) -> i32 {
        i32::try_from(self.judged).unwrap_or(i32::MAX)
    }

    /// Part of them that started no later than their median: one half would be perfect.
    async fn within_median(&self) -> f64 {
        self.quality.within_median
    }

    /// Part of them that started no later than with nine chances of ten: 0.9 would be perfect.
    async fn within_ninety_percent(&self) -> f64 {
        self.quality.within_ninety
    }

    /// Half of them missed their median by no more than so many seconds.
    async fn median_miss_seconds(&self) -> f64 {
        self.quality.median_miss_secs as f64
    }
}

/// What would become of a job if it were submitted now.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct JobPreview {
    /// True: it would start at once.
    pub starts_now: bool,
    /// What it would wait for; null: nothing.
    pub pending: Option<PendingExplanation>,
    #[graphql(skip)]
    hosts: Vec<String>,
}

#[ComplexObject]
impl JobPreview {
    /// Names of the hosts on which it would start now.
    async fn hosts(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<&str>> {
        Ok(self.hosts.iter().take(at_most(first)?).map(String::as_str).collect())
    }
}

impl JobPreview {
    pub(super) fn of(job: JobId, preview: Preview) -> Self {
        match preview {
            Preview::Starts(hosts) => Self { starts_now: true, pending: None, hosts },
            Preview::Waits(explained, suggestions) => {
                let pending = PendingExplanation { job, explained, suggestions: Some(suggestions) };
                Self { starts_now: false, pending: Some(pending), hosts: Vec::new() }
            }
        }
    }
}
