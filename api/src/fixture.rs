//! What the store's and the schema's own tests begin with: an empty database of either kind, and a small fleet in it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use domain::ids::{GpuId, HostId, OrganizationId};
use domain::limits::JobSpec;
use domain::requirements::GpuRequirements;
use sea_orm::ConnectionTrait as _;
use sea_orm::prelude::Uuid;
use tempfile::TempDir;

use crate::auth::OrganizationRef;
use crate::store::agents::{Admission, Declaration, Device};
use crate::store::open::{Location, connect, open};
use crate::store::organizations::NewOrganization;
use crate::store::placing::ChosenGpu;
use crate::store::{Actor, Scope, Store};

/// An empty SQLite database. It lives as long as the folder.
pub(crate) async fn sqlite() -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&Location::Sqlite(folder.path().join("fleet.db"))).await.expect("a database");
    (folder, store)
}

/// An empty database on the PostgreSQL server that the tests are given.
pub(crate) async fn postgres() -> Store {
    let server = std::env::var("GPU_FLEET_TEST_POSTGRES_URL");
    let server = server.expect("a PostgreSQL server: scripts/with-postgres.sh cargo test");
    let admin = connect(&Location::Postgres(server.clone())).await.expect("the server");
    let name = format!("api_{}", Uuid::now_v7().simple());
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let (front, _) = server.rsplit_once('/').expect("a URL with a database");
    open(&Location::Postgres(format!("{front}/{name}"))).await.expect("a database")
}

/// Has each of these looked at on a database of either kind.
macro_rules! both {
    ($($test:ident: $sqlite:ident, $postgres:ident;)*) => {$(
        #[tokio::test]
        async fn $sqlite() {
            let (_folder, store) = $crate::fixture::sqlite().await;
            $test(store).await;
        }

        #[tokio::test]
        async fn $postgres() {
            $test($crate::fixture::postgres().await).await;
        }
    )*};
}
pub(crate) use both;

/// A new organization without limits.
pub(crate) async fn organization(store: &Store, slug: &str) -> OrganizationRef {
    let new = NewOrganization {
        slug: slug.into(),
        name: slug.into(),
        weight: 1.0,
        guaranteed_gpus: 0.0,
        max_gpus: None,
        max_queued_jobs: None,
        idle: domain::idle::Policy::default(),
    };
    let row = store.create_organization(new, &Actor::server()).await.expect("an organization");
    OrganizationRef { id: OrganizationId(row.id), slug: row.slug }
}

/// A healthy card of this type.
pub(crate) fn device(index: usize, gpu_type: &str) -> Device {
    Device {
        uuid: format!("GPU-{index}"),
        index: i32::try_from(index).expect("a small number"),
        gpu_type: gpu_type.into(),
        memory_mib: 81_559,
        simulated: true,
        health: "HEALTHY",
        health_reason: None,
        numa_node: None,
        nvlink_peers: Vec::new(),
    }
}

/// A host with these cards.
pub(crate) fn declaration(name: &str, gpus: Vec<Device>) -> Declaration {
    Declaration {
        name: name.into(),
        machine_id: "machine".into(),
        agent_version: "0".into(),
        cpus: 128.0,
        memory_mib: 1_000_000,
        labels: None,
        containment: None,
        container_runtime: None,
        warnings: Vec::new(),
        gpus,
    }
}

/// Registers a host.
pub(crate) async fn host(store: &Store, declared: Declaration) -> HostId {
    let admission = Admission::Join { jti: "token".into(), key_hash: "hash".into(), actor: Actor::server() };
    HostId(store.register_host(declared, admission, 60).await.expect("a host").id)
}

/// So many jobs of an organization, each on a GPU of its own.
pub(crate) async fn jobs_with_gpus(store: &Store, of: OrganizationId, jobs: usize) {
    let cards = (0..jobs).map(|index| device(index, "NVIDIA H100")).collect();
    let host = host(store, declaration("node-1", cards)).await;
    let cards = store.gpus_of_hosts(Scope::Fleet, &[host]).await.expect("GPUs").remove(&host);
    let requirements = GpuRequirements { count: 1, milli: 1000, single_host: true, ..Default::default() };
    let command = Some(vec!["true".into()]);
    let spec = JobSpec { name: "job".into(), command, requirements, ..JobSpec::default() };
    let jobs = store.submit_jobs(of, vec![spec; jobs], true, &Actor::server()).await.expect("jobs");
    for (job, card) in jobs.iter().zip(cards.expect("its GPUs")) {
        let chosen = vec![ChosenGpu { id: GpuId(card.id), expected_version: None }];
        let scope = Scope::Organization(of);
        store.allocate(scope, job.id.into(), chosen, None, &Actor::server()).await.expect("a GPU");
    }
}
