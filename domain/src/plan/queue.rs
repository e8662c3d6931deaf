//! The waiting jobs by kind. Jobs of one organization that ask for the same thing for the same time are of one kind: when
//! the first of them cannot start, none can, so that a pass costs by kinds and not by jobs.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::hash::Map;
use crate::ids::JobId;
use crate::snapshot::WaitingJob;

use super::moment::At;
use super::policy::{Facts, Order};

/// A job's place in its line; the least is first. No two are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) priority: Reverse<i32>,
    pub(super) key: At,
    /// The number of the job, in the order of submission.
    pub(super) job: u32,
}

/// A waiting job, and what a line's order may depend on: looking at a long queue in order leaves the jobs themselves alone.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) job: &'a WaitingJob,
    pub(super) id: JobId,
    pub(super) facts: Facts,
    pub(super) kind: usize,
    priority: i32,
}

impl<'a> Entry<'a> {
    pub(super) fn new(job: &'a WaitingJob, facts: Facts, kind: usize) -> Self {
        Self { job, id: job.id, facts, kind, priority: job.priority }
    }

    pub(super) fn place(&self, number: u32, order: Order) -> Place {
        Place { priority: Reverse(self.priority), key: order.key(self.facts), job: number }
    }
}

/// Jobs that ask for the same.
#[derive(Clone)]
pub(super) struct Kind {
    pub(super) shape: usize,
    pub(super) account: usize,
    /// How long one is thought to run.
    pub(super) estimate: At,
    pub(super) waiting: BTreeSet<Place>,
}

/// The kinds met so far.
#[derive(Clone, Default)]
pub(super) struct Kinds {
    pub(super) known: Vec<Kind>,
    numbers: Map<(usize, At), usize>,
}

impl Kinds {
    pub(super) fn number(&mut self, shape: usize, account: usize, estimate: At) -> usize {
        *self.numbers.entry((shape, estimate)).or_insert_with(|| {
            self.known.push(Kind { shape, account, estimate, waiting: BTreeSet::new() });
            self.known.len() - 1
        })
    }
}
