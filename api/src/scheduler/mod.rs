//! The loop that plans and commits: it wakes on change, plans over what it read, commits each placement under the
//! versions read, drops what has gone stale and plans again. It decides nothing: `domain::plan` does.

mod breaches;
mod explanations;
mod forecasts;
mod idle;
mod lately;
mod listening;
mod reaper;
mod seen;
pub mod steps;
mod terms;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::JobId;
use domain::plan::{Breach, Explained, Placement, Plan, Preemption, Rules, check, plan_by};
use domain::snapshot::Snapshot;
use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

pub use explanations::{Explanations, Preview};
pub use terms::{InvalidTerms, LeaseTerms};

use crate::fault::Fault;
use crate::log_store::Keeper;
use crate::store::Store;
use breaches::Breaches;
use forecasts::Sight;
use lately::Lately;
use waiting::Waiting;

/// The lease's name, how long it holds, and how often it is renewed.
const LEASE: &str = "scheduler";
const LEASE_HOLDS_SECONDS: i64 = 10;
const RENEW: Duration = Duration::from_secs(3);
/// Placements committed side by side: the writer groups them into one durable commit.
const SIDE_BY_SIDE: usize = 64;
/// Plan again this soon when something planned had gone stale.
const STALE_PAUSE: Duration = Duration::from_millis(20);

/// What a pass has decided.
#[derive(Debug)]
pub struct Decided {
    /// Jobs to give GPUs to.
    pub placements: Vec<Placement>,
    /// Jobs that are to give back what they borrowed.
    pub preemptions: Vec<Preemption>,
    /// What the others wait for.
    pub waiting: Explained,
    /// Rules that the plan breaks: none, unless there is a defect.
    pub breaches: Vec<Breach>,
}

/// The scheduler of one server.
pub struct Scheduler {
    store: Store,
    holder: String,
    explanations: Arc<Explanations>,
    terms: LeaseTerms,
    rules: Rules,
    breaches: Arc<Breaches>,
    lately: tokio::sync::Mutex<Lately>,
    keeper: Option<Keeper>,
}

impl Scheduler {
    /// A scheduler that plans by `rules`, writes what jobs wait for into `explanations`, judges hosts' silence by `terms`, and
    /// keeps plans that break a rule in `breaches`.
    #[must_use]
    pub fn new(
        store: Store,
        explanations: Arc<Explanations>,
        terms: LeaseTerms,
        rules: Rules,
        breaches: PathBuf,
    ) -> Self {
        let (holder, breaches) = (uuid::Uuid::now_v7().to_string(), Arc::new(Breaches::new(breaches)));
        let lately = tokio::sync::Mutex::new(Lately::new(rules.half_life_secs, store.clock().now()));
        Self { store, holder, explanations, terms, rules, breaches, lately, keeper: None }
    }

    /// The same, which also has logs looked after while it leads.
    #[must_use]
    pub fn with_keeper(self, keeper: Keeper) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// Schedules whenever this server holds the lease, until shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.store.hold_lease(LEASE, &self.holder, LEASE_HOLDS_SECONDS).await {
                Ok(true) => {
                    if let Err(fault) = self.lead(&shutdown).await {
                        tracing::warn!(%fault, "scheduling is interrupted; trying again");
                        self.explanations.was_interrupted();
                    }
                    self.explanations.forget();
                }
                Ok(false) => self.explanations.does_not_schedule(),
                Err(fault) => tracing::warn!(%fault, "the scheduling lease cannot be asked for"),
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), shutdown.cancelled()).await;
        }
        if let Err(fault) = self.store.drop_lease(LEASE, &self.holder).await {
            tracing::debug!(%fault, "the scheduling lease was not given back; it runs out by itself");
        }
    }

    /// Plans and commits until the lease is lost, a fault occurs, or shutdown.
    async fn lead(&self, shutdown: &CancellationToken) -> Result<(), Fault> {
        let reaper = reaper::Reaper::new(self.store.clone(), self.terms).spawn();
        let idle = tokio::spawn(idle::look(self.store.clone(), self.terms));
        let keeper = self.keeper.clone().map(|keeper| tokio::spawn(keeper.run()));
        let outcome = self.pass_by_pass(shutdown).await;
        reaper.abort();
        idle.abort();
        if let Some(keeper) = keeper {
            keeper.abort();
        }
        outcome
    }

    async fn pass_by_pass(&self, shutdown: &CancellationToken) -> Result<(), Fault> {
        let mut waiting = Waiting::load(&self.store).await?;
        let clock = self.store.clock().clone();
        let mut renewed = clock.instant();
        let mut stale = false;
        loop {
            let at_most = if stale { STALE_PAUSE } else { RENEW };
            let pause = waiting.next_rested(clock.now()).map_or(at_most, |rested| rested.min(at_most));
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                changed = waiting.changed(pause) => { changed?; }
            }
            waiting.refresh(&self.store).await?;
            stale = self.pass(&mut waiting).await?;
            self.explanations.came_round();
            if clock.instant().duration_since(renewed) >= RENEW {
                if !self.store.hold_lease(LEASE, &self.holder, LEASE_HOLDS_SECONDS).await? {
                    tracing::info!("another server schedules now");
                    return Ok(());
                }
                renewed = clock.instant();
            }
        }
    }

    /// One pass. True: something planned had gone stale.
    async fn pass(&self, waiting: &mut Waiting) -> Result<bool, Fault> {
        let Some((decided, snapshot)) = self.decide(waiting).await? else { return Ok(false) };
        if self.explanations.forecasts().is_due() {
            let looked = self.look_ahead(waiting, &decided.waiting, snapshot.clone()).await;
            // What is planned is not lost for want of a forecast.
            looked.unwrap_or_else(|fault| tracing::warn!(%fault, "nothing can be foreseen now"));
        }
        self.explanations.publish(decided.waiting, snapshot);
        self.preempt(decided.preemptions).await;
        Ok(self.place(decided.placements, waiting).await)
    }

    /// Reads the fleet and plans over it. None: nobody waits.
    async fn decide(&self, waiting: &Waiting) -> Result<Option<(Decided, Arc<Snapshot>)>, Fault> {
        metrics::gauge!("gpu_fleet_scheduler_waiting_jobs").set(waiting.len() as f64);
        if waiting.is_empty() {
            self.explanations.publish(Explained::default(), Arc::default());
            return Ok(None);
        }
        let clock = self.store.clock();
        let started = clock.instant();
        let mut snapshot = self.store.fleet_snapshot().await?;
        self.lately.lock().await.tell(&self.store, clock.now(), &mut snapshot.organizations).await?;
        snapshot.waiting = waiting.jobs(clock.now());
        snapshot.seen = self.explanations.seen().await;
        let snapshot = Arc::new(snapshot);
        let (plan, breaches) = self.plan(snapshot.clone()).await?;
        metrics::histogram!("gpu_fleet_scheduler_pass_seconds")
            .record(clock.instant().duration_since(started));
        let Plan { placements, preemptions, waiting, .. } = plan;
        Ok(Some((Decided { placements, preemptions, waiting, breaches }, snapshot)))
    }

    /// Commits placements, each under the versions that it rests on. True: one had gone stale.
    async fn place(&self, placements: Vec<Placement>, waiting: &mut Waiting) -> bool {
        let mut commits = stream::iter(placements)
            .map(|placement| {
                let (store, job) = (self.store.clone(), placement.job);
                async move { (job, store.place(placement).await) }
            })
            .buffer_unordered(SIDE_BY_SIDE);
        let mut stale = false;
        while let Some((job, outcome)) = commits.next().await {
            // One placement that meets a fault takes nothing else along: it is planned again like one that has gone stale.
            let placed = outcome.unwrap_or_else(|fault| {
                tracing::warn!(%fault, %job, "a placement could not be committed");
                false
            });
            if placed {
                waiting.placed(job);
                self.explanations.forecasts().started(job, self.store.clock().now());
                metrics::counter!("gpu_fleet_scheduler_placements_total", "outcome" => "committed")
                    .increment(1);
            } else {
                stale = true;
                waiting.suspect(job);
                metrics::counter!("gpu_fleet_scheduler_placements_total", "outcome" => "stale").increment(1);
            }
        }
        stale
    }

    /// Plans, and checks the plan. A long queue takes milliseconds of pure computation: not on a thread that serves requests.
    async fn plan(&self, snapshot: Arc<Snapshot>) -> Result<(Plan, Vec<Breach>), Fault> {
        let (rules, breaches, now) = (self.rules, self.breaches.clone(), self.store.clock().now());
        let planned = tokio::task::spawn_blocking(move || {
            let plan = plan_by(&snapshot, &rules, now);
            let broken = check(&snapshot, &plan);
            breaches.tell(&snapshot, &rules, now, &broken);
            (plan, broken)
        });
        let (plan, broken) =
            planned.await.map_err(|error| Fault::Internal(format!("a pass has failed: {error}")))?;
        if !broken.is_empty() {
            self.explanations.broke_a_rule();
        }
        Ok((plan, broken))
    }

    async fn look_ahead(
        &self,
        waiting: &Waiting,
        explained: &Explained,
        snapshot: Arc<Snapshot>,
    ) -> Result<(), Fault> {
        let running = self.store.running_series().await?;
        let mut order: Vec<(i32, JobId)> = explained.iter().map(|(id, why)| (why.position, *id)).collect();
        order.sort_unstable();
        let order = order.into_iter().map(|(_, id)| id).collect();
        let spreads = waiting.spreads(&running);
        self.explanations.look_ahead(Sight { snapshot, at: self.store.clock().now(), order, spreads });
        Ok(())
    }

    /// Asks for borrowed GPUs. What is stale is planned again: the change that made it so is an event.
    async fn preempt(&self, preemptions: Vec<Preemption>) {
        for preemption in preemptions {
            let outcome = match self.store.preempt(preemption).await {
                Ok(true) => "begun",
                Ok(false) => "stale",
                Err(fault) => {
                    tracing::warn!(%fault, job = %preemption.job, "borrowed GPUs could not be asked for");
                    "failed"
                }
            };
            metrics::counter!("gpu_fleet_scheduler_preemptions_total", "outcome" => outcome).increment(1);
        }
    }
}
