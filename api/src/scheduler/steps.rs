//! The scheduler's steps one by one, for whoever plays a fleet in virtual time: the loops that take them in production are in
//! the modules beside this one, and take the same ones.

use std::path::PathBuf;
use std::sync::Arc;

use domain::plan::Rules;

use super::reaper::Reaper;
use super::waiting::Waiting;
use super::{Decided, Explanations, LeaseTerms, Scheduler};
use crate::fault::Fault;
use crate::store::Store;

pub use super::reaper::Judged;

/// A server that schedules, from when it took the scheduling lease.
pub struct Steps {
    scheduler: Scheduler,
    waiting: Waiting,
    reaper: Reaper,
}

impl Steps {
    /// Begins to schedule: reads what waits, and has heard of no host yet.
    ///
    /// # Errors
    /// Database faults.
    pub async fn begin(
        store: Store,
        terms: LeaseTerms,
        rules: Rules,
        breaches: PathBuf,
    ) -> Result<Self, Fault> {
        let waiting = Waiting::load(&store).await?;
        let reaper = Reaper::new(store.clone(), terms);
        let explanations = Arc::new(Explanations::new(store.clone()));
        Ok(Self { scheduler: Scheduler::new(store, explanations, terms, rules, breaches), waiting, reaper })
    }

    /// The first half of a pass: takes in what has changed, and plans. None: nobody waits.
    ///
    /// # Errors
    /// Database faults.
    pub async fn decide(&mut self) -> Result<Option<Decided>, Fault> {
        self.waiting.take_in_events();
        self.waiting.refresh(&self.scheduler.store).await?;
        Ok(self.scheduler.decide(&self.waiting).await?.map(|(decided, _)| decided))
    }

    /// The second half, however much later: commits what was decided. True: something had gone stale.
    pub async fn carry_out(&mut self, decided: Decided) -> bool {
        self.scheduler.preempt(decided.preemptions).await;
        self.scheduler.place(decided.placements, &mut self.waiting).await
    }

    /// The hosts about whose silence something is to be done.
    ///
    /// # Errors
    /// Database faults.
    pub async fn judge_silence(&mut self) -> Result<Vec<Judged>, Fault> {
        self.reaper.judge().await
    }

    /// Does it, unless the host was heard of meanwhile.
    ///
    /// # Errors
    /// Database faults.
    pub async fn act_on_silence(&mut self, judged: Judged) -> Result<(), Fault> {
        self.reaper.act(judged).await
    }
}
