//! Batched reads, with the caller's scope inside. Nothing is cached, so that the events of a long subscription see the
//! present.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use chrono::{DateTime, Utc};
use domain::ids::{ApiKeyId, GpuId, HostId, JobId, OrganizationId};
use entity::{allocation, api_key, gpu, host, job, organization, telemetry};

use crate::fault::Fault;
use crate::store::{Scope, Store};

/// Rows that one operation may load within [`SPAN`]. No estimate of its cost knows how long its lists really are.
const ROWS: u64 = 100_000;
/// A subscription goes on for long; its rows are counted anew after this long.
const SPAN: Duration = Duration::from_secs(5);
/// How long a batch waits for more.
const GATHERING: Duration = Duration::from_millis(1);

/// The reads of one request. Each has its own: requests that meet in one loader wait for each other at its lock, which
/// costs many times what they would share.
#[derive(Clone)]
pub struct Loaders {
    batches: Arc<DataLoader<Batches>>,
    spent: Arc<Mutex<(Instant, u64)>>,
}

/// What is read, and how much of it the caller may see.
pub struct Batches {
    store: Store,
    scope: Scope,
}

impl Loaders {
    /// Loaders for one query or mutation of somebody who has this much in sight. They wait a moment for what else of a list
    /// is asked for.
    #[must_use]
    pub fn new(store: Store, scope: Scope) -> Self {
        Self::waiting(store, scope, GATHERING)
    }

    /// Loaders for a subscription: one event follows the other, and waiting for more would only hold them up.
    #[must_use]
    pub fn prompt(store: Store, scope: Scope) -> Self {
        Self::waiting(store, scope, Duration::ZERO)
    }

    fn waiting(store: Store, scope: Scope, delay: Duration) -> Self {
        let batches = Batches { store, scope };
        let batches = DataLoader::new(batches, TokioSpawner::current(), TokioTimer::default()).delay(delay);
        Self { batches: Arc::new(batches), spent: Arc::new(Mutex::new((Instant::now(), 0))) }
    }

    /// Reads one, together with what others ask for at the same moment.
    ///
    /// # Errors
    /// Database faults; [`Fault::TooMuch`].
    pub async fn one<K>(&self, key: K) -> Result<Option<<Batches as Loader<K>>::Value>, Fault>
    where
        K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
        Batches: Loader<K, Error = Fault>,
    {
        self.spend(1)?;
        self.batches.load_one(key).await
    }

    /// Counts rows before they are loaded, or what costs as much.
    pub(super) fn spend(&self, rows: u64) -> Result<(), Fault> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.0.elapsed() > SPAN {
            *spent = (Instant::now(), 0);
        }
        spent.1 = spent.1.saturating_add(rows);
        if spent.1 > ROWS { Err(Fault::TooMuch(ROWS)) } else { Ok(()) }
    }
}

/// Reads one, together with what others ask for at the same moment.
///
/// # Errors
/// Database faults.
pub async fn load<K>(ctx: &Context<'_>, key: K) -> Result<Option<<Batches as Loader<K>>::Value>, Fault>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Batches: Loader<K, Error = Fault>,
{
    ctx.data_unchecked::<Loaders>().one(key).await
}

/// Reads several, in their order; those that are not in sight are left out.
///
/// # Errors
/// Database faults; [`Fault::TooMuch`].
pub async fn load_all<K>(ctx: &Context<'_>, keys: Vec<K>) -> Result<Vec<<Batches as Loader<K>>::Value>, Fault>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Batches: Loader<K, Error = Fault>,
{
    let loaders = ctx.data_unchecked::<Loaders>();
    loaders.spend(keys.len() as u64)?;
    let found = loaders.batches.load_many(keys.iter().cloned()).await?;
    Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
}

/// All allocations of a job.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AllocationsOf(pub JobId);
/// The live allocations of a GPU that are in sight.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LiveOn(pub GpuId);
/// Thousandths of a GPU that are taken.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TakenOf(pub GpuId);
/// A GPU's newest sample.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TelemetryOf(pub GpuId);
/// A host's GPUs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GpusOf(pub HostId);
/// When a host was last heard of.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeartbeatOf(pub HostId);
/// Present when a host has live allocations.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BusyHost(pub HostId);
/// What a job depends on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DependenciesOf(pub JobId);

/// An organization's API keys, newest first.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeysOf(pub OrganizationId);

/// Keys taken out of their names, and back into them.
fn named<I: Copy, K: std::hash::Hash + Eq, V>(found: HashMap<I, V>, name: fn(I) -> K) -> HashMap<K, V> {
    found.into_iter().map(|(id, value)| (name(id), value)).collect()
}

macro_rules! batch {
    ($key:ty => $value:ty, |$batches:ident, $keys:ident| $read:expr) => {
        impl Loader<$key> for Batches {
            type Value = $value;
            type Error = Fault;

            fn load(
                &self,
                $keys: &[$key],
            ) -> impl Future<Output = Result<HashMap<$key, $value>, Fault>> + Send {
                let $batches = self;
                async move { $read }
            }
        }
    };
}

batch!(JobId => job::Model, |batches, keys| batches.store.jobs_by_id(batches.scope, keys).await);
batch!(GpuId => gpu::Model, |batches, keys| batches.store.gpus_by_id(batches.scope, keys).await);
batch!(HostId => host::Model, |batches, keys| batches.store.hosts_by_id(batches.scope, keys).await);
batch!(OrganizationId => organization::Model, |batches, keys| {
    batches.store.organizations_by_id(batches.scope, keys).await
});
batch!(ApiKeyId => api_key::Model, |batches, keys| {
    batches.store.api_keys_by_id(batches.scope, keys).await
});
batch!(KeysOf => Vec<api_key::Model>, |batches, keys| {
    let ids: Vec<OrganizationId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.api_keys_of(batches.scope, &ids).await?, KeysOf))
});
batch!(AllocationsOf => Vec<allocation::Model>, |batches, keys| {
    let ids: Vec<JobId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.allocations_of_jobs(batches.scope, &ids).await?, AllocationsOf))
});
batch!(LiveOn => Vec<allocation::Model>, |batches, keys| {
    let ids: Vec<GpuId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.live_allocations_of_gpus(batches.scope, &ids).await?, LiveOn))
});
batch!(TakenOf => i32, |batches, keys| {
    let ids: Vec<GpuId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.taken_milli(&ids).await?, TakenOf))
});
batch!(TelemetryOf => telemetry::Model, |batches, keys| {
    let ids: Vec<GpuId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.telemetry_of(&ids).await?, TelemetryOf))
});
batch!(GpusOf => Vec<gpu::Model>, |batches, keys| {
    let ids: Vec<HostId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.gpus_of_hosts(batches.scope, &ids).await?, GpusOf))
});
batch!(HeartbeatOf => DateTime<Utc>, |batches, keys| {
    let ids: Vec<HostId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.last_heartbeats(&ids).await?, HeartbeatOf))
});
batch!(BusyHost => (), |batches, keys| {
    let ids: Vec<HostId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.busy_hosts(&ids).await?, BusyHost))
});
batch!(DependenciesOf => Vec<JobId>, |batches, keys| {
    let ids: Vec<JobId> = keys.iter().map(|key| key.0).collect();
    Ok(named(batches.store.dependencies_of(&ids).await?, DependenciesOf))
});
