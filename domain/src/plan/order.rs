//! The queue's order: priority, then age, then id, so that no two jobs ever tie.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::ids::JobId;
use crate::snapshot::WaitingJob;

/// A job in the queue, with all that most jobs need of a pass: a long queue is read once, in the order of memory.
pub(super) struct Queued<'a> {
    priority: Reverse<i32>,
    submitted_at: DateTime<Utc>,
    pub(super) id: JobId,
    /// The number of its shape.
    pub(super) shape: usize,
    /// A person or another job keeps it from starting, whatever GPUs are free.
    pub(super) held_back: bool,
    pub(super) job: &'a WaitingJob,
}

/// The waiting jobs, first in line first.
pub(super) fn in_order<'a>(
    waiting: &'a [WaitingJob],
    mut shape_of: impl FnMut(&'a WaitingJob) -> usize,
) -> Vec<Queued<'a>> {
    let enter = |job: &'a WaitingJob| Queued {
        priority: Reverse(job.priority),
        submitted_at: job.submitted_at,
        id: job.id,
        shape: shape_of(job),
        held_back: job.held || !job.unfinished_dependencies.is_empty(),
        job,
    };
    let mut queue: Vec<Queued<'a>> = waiting.iter().map(enter).collect();
    queue.sort_unstable_by_key(|queued| (queued.priority, queued.submitted_at, queued.id));
    queue
}
