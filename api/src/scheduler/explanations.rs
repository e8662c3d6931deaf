//! What each waiting job waits for: from this server's last pass while it schedules, otherwise planned on demand from
//! the same snapshot by the same function, at most once a second.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::Utc;
use domain::ids::JobId;
use domain::plan::{Blocker, BlockerCode, Explanation, Plan, plan};
use tokio::sync::Mutex;

use crate::fault::Fault;
use crate::store::Store;

const ON_DEMAND: Duration = Duration::from_secs(1);

type Known = Arc<HashMap<JobId, Explanation>>;

/// What each waiting job waits for.
pub struct Explanations {
    store: Store,
    passed: RwLock<Option<Known>>,
    on_demand: Mutex<Option<(Instant, Known)>>,
}

impl Explanations {
    /// Nothing known yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, passed: RwLock::new(None), on_demand: Mutex::new(None) }
    }

    /// The outcome of a pass of this server's scheduler.
    pub(super) fn publish(&self, plan: Plan) {
        *self.passed.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(plan.waiting));
    }

    /// This server schedules no more.
    pub(super) fn forget(&self) {
        *self.passed.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// All that a waiting job waits for.
    ///
    /// # Errors
    /// Database faults.
    pub async fn of(&self, id: JobId) -> Result<Explanation, Fault> {
        let passed = self.passed.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = match passed {
            Some(known) => known,
            None => self.plan_on_demand().await?,
        };
        Ok(known.get(&id).cloned().unwrap_or_else(|| Explanation {
            blockers: vec![Blocker {
                code: BlockerCode::NotYetEvaluated,
                message: "the scheduler has not looked at it yet".to_owned(),
            }],
            position: 0,
            estimated_start_at: None,
        }))
    }

    async fn plan_on_demand(&self) -> Result<Known, Fault> {
        let mut cached = self.on_demand.lock().await;
        if let Some((at, known)) = cached.as_ref()
            && at.elapsed() < ON_DEMAND
        {
            return Ok(known.clone());
        }
        let mut snapshot = self.store.fleet_snapshot().await?;
        snapshot.waiting = self.store.waiting_jobs(None).await?;
        let planned = tokio::task::spawn_blocking(move || plan(&snapshot, Utc::now())).await;
        let planned = planned.map_err(|error| Fault::Internal(format!("a pass has failed: {error}")))?;
        let known = Arc::new(planned.waiting);
        *cached = Some((Instant::now(), known.clone()));
        Ok(known)
    }
}
