//! What many subscribers hear of one event, made once: a thousand open dashboards ask the same of the same change.
//!
//! Two things are shared for a short while. What an event says of its object is shared by all who see as much of the
//! fleet; the answer to a whole operation by those who, with equal rights, have sent that operation word for word.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, Request, ServerResult, Value};
use domain::ids::JobId;
use domain::role::Role;
use entity::job;
use moka::policy::EvictionPolicy;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::caller::Caller;
use super::loaders::Loaders;
use super::subscription::{GpuUpdate, JobUpdate};
use crate::fault::Fault;
use crate::store::Scope;

/// Answers that are kept, and for how long: subscribers are told within moments of each other.
const ANSWERS: u64 = 1_000;
const KEPT_FOR: Duration = Duration::from_secs(10);
/// Longer answers are made for each subscriber alone, so that nobody can fill memory with them.
const LONGEST: usize = 16 << 10;
/// Events of which it is kept what they say: each may hold all that a job was submitted with.
const EVENTS: u64 = 100;
/// Bytes of rows that are kept.
const ROWS: u64 = 16 << 20;

/// An event, as somebody with this much in sight sees it.
type Seen = (Scope, i64);
/// An operation of somebody with these rights, by the digest of its text and variables, and an event.
type Asked = (Scope, Role, [u8; 32], i64);
type Shared<K, V> = moka::sync::Cache<K, Arc<OnceCell<V>>>;

/// Where the subscribers of a server meet.
#[derive(Clone)]
pub struct Hearings {
    /// Rows of jobs, for what never changes in them.
    rows: moka::sync::Cache<(Scope, JobId), Arc<job::Model>>,
    jobs: Shared<Seen, Option<Arc<JobUpdate>>>,
    gpus: Shared<Seen, Option<Arc<GpuUpdate>>>,
    /// None: each subscriber makes its own.
    answers: Shared<Asked, Option<Value>>,
}

fn shared<K: std::hash::Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
    most: u64,
) -> Shared<K, V> {
    // The newest are what everybody asks for.
    let newest = EvictionPolicy::lru();
    moka::sync::Cache::builder().max_capacity(most).eviction_policy(newest).time_to_live(KEPT_FOR).build()
}

impl Default for Hearings {
    fn default() -> Self {
        let rows = moka::sync::Cache::builder().max_capacity(ROWS).time_to_idle(KEPT_FOR);
        let rows = rows.weigher(|_, row: &Arc<job::Model>| u32::try_from(bytes_of(row)).unwrap_or(u32::MAX));
        Self { rows: rows.build(), jobs: shared(EVENTS), gpus: shared(EVENTS), answers: shared(ANSWERS) }
    }
}

/// One subscriber among those who share.
#[derive(Clone)]
pub struct Hearing {
    all: Hearings,
    scope: Scope,
    role: Role,
    operation: [u8; 32],
}

impl Hearings {
    /// The place of a subscription among them.
    #[must_use]
    pub fn hearing(&self, caller: &Caller, request: &Request) -> Hearing {
        let mut digest = Sha256::new();
        let name = request.operation_name.as_deref().unwrap_or_default();
        let variables = serde_json::to_string(&request.variables).unwrap_or_default();
        for part in [request.query.as_str(), name, &variables] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        Hearing {
            all: self.clone(),
            scope: caller.scope(),
            role: caller.role(),
            operation: digest.finalize().into(),
        }
    }
}

impl Hearing {
    /// What an event says of a job, read by the first who asks.
    pub(super) async fn job(
        &self,
        seq: i64,
        read: impl Future<Output = Result<Option<Arc<JobUpdate>>, Fault>>,
    ) -> Result<Option<Arc<JobUpdate>>, Fault> {
        let cell = self.all.jobs.get_with((self.scope, seq), Arc::default);
        cell.get_or_try_init(|| read).await.cloned()
    }

    /// A job's row, which may be older than the event: what changes in it stands in the event.
    pub(super) async fn row(&self, loaders: &Loaders, id: JobId) -> Result<Option<Arc<job::Model>>, Fault> {
        if let Some(row) = self.all.rows.get(&(self.scope, id)) {
            return Ok(Some(row));
        }
        let Some(row) = loaders.one(id).await?.map(Arc::new) else { return Ok(None) };
        self.all.rows.insert((self.scope, id), row.clone());
        Ok(Some(row))
    }

    /// The same of a GPU.
    pub(super) async fn gpu(
        &self,
        seq: i64,
        read: impl Future<Output = Result<Option<Arc<GpuUpdate>>, Fault>>,
    ) -> Result<Option<Arc<GpuUpdate>>, Fault> {
        let cell = self.all.gpus.get_with((self.scope, seq), Arc::default);
        cell.get_or_try_init(|| read).await.cloned()
    }

    fn answer(&self, seq: i64) -> Arc<OnceCell<Option<Value>>> {
        self.all.answers.get_with((self.scope, self.role, self.operation, seq), Arc::default)
    }
}

/// An update whose answer is shared by those who ask the same of it.
pub struct Heard<T> {
    /// The event's number.
    pub(super) seq: i64,
    /// What it says.
    pub(super) update: Arc<T>,
}

/// What a row weighs in memory, in bytes: most of it is what the job was submitted with.
fn bytes_of(row: &job::Model) -> usize {
    let command = row.command.iter().flat_map(|command| &command.0).map(String::len).sum::<usize>();
    let env = row.env.0.iter().map(|(name, value)| name.len() + value.len() + 48).sum::<usize>();
    let labels = row.labels.0.iter().map(|label| label.key.len() + label.value.len() + 48).sum::<usize>();
    1_024 + row.name.len() + command + env + labels
}

/// Whether an answer is longer than `left` bytes; what is left of them otherwise.
fn left_of(left: usize, answer: &Value) -> Option<usize> {
    let left = left.checked_sub(size_of::<Value>())?;
    match answer {
        Value::String(text) => left.checked_sub(text.len()),
        Value::List(items) => items.iter().try_fold(left, left_of),
        Value::Object(fields) => {
            fields.iter().try_fold(left, |left, (name, value)| left_of(left.checked_sub(name.len())?, value))
        }
        _ => Some(left),
    }
}

impl<T: OutputType> OutputType for Heard<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let Some(hearing) = ctx.data_opt::<Hearing>() else { return self.update.resolve(ctx, field).await };
        let told = hearing.answer(self.seq);
        let errors = || ctx.query_env.errors.lock().map_or(0, |errors| errors.len());
        let mut own = None;
        let made = async {
            let before = errors();
            let answer = self.update.resolve(ctx, field).await;
            let whole = answer.as_ref().ok().filter(|_| errors() == before);
            let shared = whole.filter(|answer| left_of(LONGEST, answer).is_some()).cloned();
            own = Some(answer);
            shared
        };
        let shared = told.get_or_init(|| made).await;
        match (own, shared) {
            (Some(own), _) => own,
            (None, Some(shared)) => Ok(shared.clone()),
            (None, None) => self.update.resolve(ctx, field).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_are_not_kept() {
        let text = |length| Value::String("x".repeat(length));
        assert!(left_of(LONGEST, &Value::List(vec![text(100), text(100)])).is_some());
        assert!(left_of(LONGEST, &text(LONGEST)).is_none());
        assert!(left_of(LONGEST, &Value::List(vec![text(LONGEST / 2), text(LONGEST / 2)])).is_none());
        assert!(left_of(LONGEST, &Value::List(vec![Value::Null; LONGEST])).is_none(), "many small ones");
    }
}
