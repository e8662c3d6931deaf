//! What each waiting job waits for: from this server's last pass while it schedules, otherwise planned on demand from
//! the same snapshot by the same function, at most once a second. And what could be otherwise: when it will start, what
//! would start it now, and what a job would wait for that was not submitted yet.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::estimate::Quality;
use domain::ids::{HostId, JobId};
use domain::plan::{Explained, Explanation, Foreseen, Plan, Suggestion, plan, suggest};
use domain::snapshot::{SeenJobs, Snapshot, WaitingJob};
use tokio::sync::{Mutex, Semaphore};

use super::forecasts::{Forecasts, Sight};
use super::seen::Seen;
use crate::fault::Fault;
use crate::store::Store;

/// What was planned on demand serves others for so long.
const ON_DEMAND: Duration = Duration::from_secs(1);
/// What the last pass saw is the present for so long: while jobs wait, passes are more frequent.
const PRESENT: Duration = Duration::from_secs(5);
/// Questions of "what if" that are worked on at once: each plans several times, and they are to leave cores to others.
const AT_ONCE: usize = 1;
/// A plan that broke a rule is told of for so long.
const BREACH_TOLD: Duration = Duration::from_secs(600);
/// A scheduler that has not come round for so long is not well.
const LONGEST_ROUND: Duration = Duration::from_secs(30);

type Known = Arc<Explained>;

/// The outcome of a pass of this server's scheduler.
struct Passed {
    known: Known,
    snapshot: Arc<Snapshot>,
    at: Instant,
}

/// How the scheduler is.
#[derive(Default)]
struct Health {
    /// When it came round last, if it is this server that schedules.
    round: Option<Instant>,
    /// True: it was interrupted, and has not come round again.
    interrupted: bool,
    /// When a plan broke a rule last.
    breach: Option<Instant>,
}

/// What would become of a job that was not submitted yet.
#[derive(Debug, Clone)]
pub enum Preview {
    /// It would start at once, on these hosts.
    Starts(Vec<String>),
    /// It would wait.
    Waits(Explanation, Vec<Suggestion>),
}

/// What each waiting job waits for.
pub struct Explanations {
    store: Store,
    passed: RwLock<Option<Passed>>,
    on_demand: Arc<Mutex<Option<(Instant, Known)>>>,
    read: Mutex<Option<(Instant, Arc<Snapshot>)>>,
    seen: Seen,
    forecasts: Arc<Forecasts>,
    questions: Arc<Semaphore>,
    health: RwLock<Health>,
}

impl Explanations {
    /// Nothing known yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            passed: RwLock::new(None),
            on_demand: Arc::default(),
            read: Mutex::new(None),
            seen: Seen::default(),
            forecasts: Arc::default(),
            questions: Arc::new(Semaphore::new(AT_ONCE)),
            health: RwLock::default(),
        }
    }

    /// The outcome of a pass of this server's scheduler.
    pub(super) fn publish(&self, waiting: Explained, snapshot: Arc<Snapshot>) {
        let passed = Passed { known: Arc::new(waiting), snapshot, at: Instant::now() };
        *self.passed.write().unwrap_or_else(PoisonError::into_inner) = Some(passed);
    }

    /// This server schedules no more.
    pub(super) fn forget(&self) {
        *self.passed.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.health.write().unwrap_or_else(PoisonError::into_inner).round = None;
        self.forecasts.forget();
    }

    /// The scheduler has come round.
    pub(super) fn came_round(&self) {
        let mut health = self.health.write().unwrap_or_else(PoisonError::into_inner);
        (health.round, health.interrupted) = (Some(Instant::now()), false);
    }

    /// The scheduler was interrupted, and tries again.
    pub(super) fn was_interrupted(&self) {
        self.health.write().unwrap_or_else(PoisonError::into_inner).interrupted = true;
    }

    /// Another server schedules, or none.
    pub(super) fn does_not_schedule(&self) {
        self.health.write().unwrap_or_else(PoisonError::into_inner).interrupted = false;
    }

    /// A plan broke a rule.
    pub(super) fn broke_a_rule(&self) {
        self.health.write().unwrap_or_else(PoisonError::into_inner).breach = Some(Instant::now());
    }

    /// What is not well with the scheduler of this server: for everybody to read, so that the particulars stand in the log.
    #[must_use]
    pub fn ailment(&self) -> Option<String> {
        let health = self.health.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(round) = health.round.filter(|at| at.elapsed() > LONGEST_ROUND) {
            return Some(format!("the scheduler has not come round for {} s", round.elapsed().as_secs()));
        }
        if health.interrupted {
            return Some(
                "the scheduler was interrupted and has not come round since: see the log".to_owned(),
            );
        }
        let breach = health.breach.is_some_and(|at| at.elapsed() < BREACH_TOLD);
        breach.then(|| "a plan broke a rule of its own: see the log".to_owned())
    }

    /// What jobs asked for lately.
    pub(super) async fn seen(&self) -> Vec<SeenJobs> {
        self.seen.lately(&self.store).await
    }

    /// What is foreseen, and what comes of it.
    pub(super) fn forecasts(&self) -> &Arc<Forecasts> {
        &self.forecasts
    }

    /// Looks ahead, beside what else this server does.
    pub(super) fn look_ahead(&self, sight: Sight) {
        let forecasts = Arc::clone(&self.forecasts);
        let begun = forecasts.begin();
        tokio::task::spawn_blocking(move || forecasts.look(&sight, begun));
    }

    /// When a waiting job is thought to start; nothing where another server schedules.
    #[must_use]
    pub fn foreseen(&self, id: JobId) -> Foreseen {
        self.forecasts.of(id)
    }

    /// How good past estimates were, and of how many that is known.
    #[must_use]
    pub fn quality(&self) -> Option<(Quality, usize)> {
        self.forecasts.quality()
    }

    /// All that a waiting job waits for.
    ///
    /// # Errors
    /// Database faults.
    pub async fn of(&self, id: JobId) -> Result<Explanation, Fault> {
        let known = match self.passed(|passed| Some(passed.known.clone())) {
            Some(known) => known,
            None => self.plan_on_demand().await?,
        };
        Ok(known.get(&id).cloned().unwrap_or_else(Explanation::not_yet_evaluated))
    }

    /// The changes that would start a waiting job now, those that give up least first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn suggestions(&self, id: JobId) -> Result<Vec<Suggestion>, Fault> {
        let (snapshot, now) = (self.present().await?, self.store.clock().now());
        self.ask(move || suggest(&snapshot, now, id)).await
    }

    /// What would become of a job that was not submitted yet.
    ///
    /// # Errors
    /// Database faults.
    pub async fn preview(&self, job: WaitingJob) -> Result<Preview, Fault> {
        let (snapshot, now) = (self.present().await?, self.store.clock().now());
        self.ask(move || preview(&snapshot, job, now)).await
    }

    /// Something of the last pass, if this server schedules.
    fn passed<T>(&self, take: impl FnOnce(&Passed) -> Option<T>) -> Option<T> {
        take(self.passed.read().unwrap_or_else(PoisonError::into_inner).as_ref()?)
    }

    /// The fleet and the queue, hardly older than a second.
    async fn present(&self) -> Result<Arc<Snapshot>, Fault> {
        // A pass over an empty queue looks at no fleet.
        let fresh = |passed: &Passed| passed.at.elapsed() < PRESENT && !passed.snapshot.waiting.is_empty();
        if let Some(snapshot) = self.passed(|passed| fresh(passed).then(|| passed.snapshot.clone())) {
            return Ok(snapshot);
        }
        let mut cached = self.read.lock().await;
        if let Some((at, snapshot)) = cached.as_ref()
            && at.elapsed() < ON_DEMAND
        {
            return Ok(snapshot.clone());
        }
        let mut snapshot = self.store.fleet_snapshot().await?;
        snapshot.seen = self.seen().await;
        snapshot.waiting =
            self.store.waiting_jobs(None).await?.into_iter().map(|queued| queued.job).collect();
        let snapshot = Arc::new(snapshot);
        *cached = Some((Instant::now(), snapshot.clone()));
        Ok(snapshot)
    }

    /// Pure computation, a few at a time and not on a thread that serves requests.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = self.questions.clone().acquire_owned().await;
        // Whoever asked may go away; the turn is over when the answer is found.
        let answered = tokio::task::spawn_blocking(move || {
            let answer = question();
            drop(turn);
            answer
        });
        let answered = answered.await;
        answered.map_err(|error| Fault::Internal(format!("a plan has failed: {error}")))
    }

    async fn plan_on_demand(&self) -> Result<Known, Fault> {
        let mut cached = self.on_demand.clone().lock_owned().await;
        if let Some((at, known)) = cached.as_ref()
            && at.elapsed() < ON_DEMAND
        {
            return Ok(known.clone());
        }
        let (snapshot, now) = (self.present().await?, self.store.clock().now());
        // Whoever asked may go away; others wait for this plan all the same.
        let planned = tokio::task::spawn_blocking(move || {
            let known: Known = Arc::new(plan(&snapshot, now).waiting);
            *cached = Some((Instant::now(), known.clone()));
            known
        });
        planned.await.map_err(|error| Fault::Internal(format!("a pass has failed: {error}")))
    }
}

/// Plans with one job more.
fn preview(snapshot: &Snapshot, job: WaitingJob, now: DateTime<Utc>) -> Preview {
    let id = job.id;
    let mut snapshot = snapshot.clone();
    snapshot.waiting.push(job);
    let Plan { placements, mut waiting, .. } = plan(&snapshot, now);
    if let Some(explanation) = waiting.remove(&id) {
        return Preview::Waits(explanation, suggest(&snapshot, now, id));
    }
    let placed = placements.into_iter().find(|placement| placement.job == id);
    let mut hosts: Vec<HostId> =
        placed.map(|placed| placed.gpus.iter().map(|gpu| gpu.host).collect()).unwrap_or_default();
    hosts.dedup();
    let name = |id: &HostId| snapshot.hosts.iter().find(|host| host.id == *id).map(|host| host.name.clone());
    Preview::Starts(hosts.iter().filter_map(name).collect())
}
