//! How many SQL statements an answer costs: a number that does not grow with the length of its lists.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use async_graphql::Request;
use domain::ids::{GpuId, HostId, OrganizationId};
use domain::limits::JobSpec;
use domain::role::Role;
use metrics_exporter_prometheus::PrometheusBuilder;

use super::caller::Caller;
use super::loaders::Loaders;
use super::pending::Pending;
use super::schema;
use crate::auth::{OrganizationRef, Principal, Proof};
use crate::http::{Call, RequestId};
use crate::scheduler::Explanations;
use crate::store::agents::{Admission, Declaration, Device};
use crate::store::open::{Location, open};
use crate::store::organizations::NewOrganization;
use crate::store::placing::ChosenGpu;
use crate::store::{Actor, Scope, Store};

const JOBS: usize = 100;

/// An organization with that many jobs, each on a GPU of its own.
async fn furnish(store: &Store) -> OrganizationRef {
    let new = NewOrganization {
        slug: "ours".into(),
        name: "Ours".into(),
        weight: 1.0,
        guaranteed_gpus: 0.0,
        max_gpus: None,
        max_queued_jobs: None,
    };
    let row = store.create_organization(new, &Actor::server()).await.expect("an organization");
    let ours = OrganizationRef { id: OrganizationId(row.id), slug: row.slug };
    let device = |index: usize| Device {
        uuid: format!("GPU-{index}"),
        index: i32::try_from(index).expect("a small number"),
        gpu_type: "NVIDIA H100".into(),
        memory_mib: 81_559,
        simulated: true,
        health: "HEALTHY",
        health_reason: None,
        numa_node: None,
        nvlink_peers: Vec::new(),
    };
    let declared = Declaration {
        name: "node-1".into(),
        machine_id: "machine".into(),
        agent_version: "0".into(),
        cpus: 128.0,
        memory_mib: 1_000_000,
        labels: None,
        containment: None,
        warnings: Vec::new(),
        gpus: (0..JOBS).map(device).collect(),
    };
    let admission = Admission::Join { jti: "token".into(), key_hash: "hash".into() };
    let host = HostId(store.register_host(declared, admission, 60).await.expect("a host").id);
    let cards =
        store.gpus_of_hosts(Scope::Fleet, &[host]).await.expect("GPUs").remove(&host).expect("its GPUs");
    let spec = JobSpec { name: "job".into(), command: Some(vec!["true".into()]), ..JobSpec::default() };
    let spec = JobSpec {
        requirements: domain::requirements::GpuRequirements {
            count: 1,
            milli: 1000,
            single_host: true,
            ..Default::default()
        },
        ..spec
    };
    let jobs = store.submit_jobs(ours.id, vec![spec; JOBS], true, &Actor::server()).await.expect("jobs");
    for (job, card) in jobs.iter().zip(cards) {
        let chosen = vec![ChosenGpu { id: GpuId(card.id), expected_version: None }];
        let scope = Scope::Organization(ours.id);
        store.allocate(scope, job.id.into(), chosen, None, &Actor::server()).await.expect("a GPU");
    }
    ours
}

fn statements(text: &str) -> u64 {
    let counted = text.lines().filter(|line| line.starts_with("gpu_fleet_sql_seconds_count"));
    counted.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test]
async fn a_list_of_jobs_costs_a_handful_of_statements_whatever_its_length() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&Location::Sqlite(folder.path().join("fleet.db"))).await.expect("a database");
    let ours = furnish(&store).await;
    let explanations: std::sync::Arc<dyn Pending> = std::sync::Arc::new(Explanations::new(store.clone()));
    let schema = schema::builder().data(store.clone()).data(explanations).finish();
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let ask = async |first: usize| {
        let query = format!(
            "{{ jobs(first: {first}) {{ totalCount nodes {{ name status organization {{ slug }} dependsOn {{ id }}
                retryOf {{ id }} gpus {{ index status allocatedMilli telemetry {{ at }} host {{ name status lastHeartbeatAt }} }}
                allocations {{ milli gpu {{ uuid host {{ name }} }} job {{ id }} }} }} }} }}"
        );
        let who = Principal {
            subject: "test".into(),
            role: Role::Member,
            organization: Some(ours.clone()),
            host: None,
            join_token: None,
            expires_at: None,
            proof: Proof::Token,
        };
        let caller = Caller::new(Call { who, id: RequestId::new(), address: None });
        let loaders = Loaders::new(store.clone(), caller.scope());
        let before = statements(&measured.render());
        let answer = schema.execute(Request::new(query).data(caller).data(loaders)).await;
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        let answer = serde_json::to_value(&answer.data).expect("JSON");
        let nodes = answer["jobs"]["nodes"].as_array().expect("jobs").clone();
        assert_eq!(nodes.len(), first);
        assert!(nodes.iter().all(|job| job["gpus"][0]["host"]["name"] == "node-1"), "{nodes:?}");
        statements(&measured.render()) - before
    };
    let (few, many) = (ask(5).await, ask(JOBS).await);
    // A batch is closed after a millisecond, so that a slow moment may split one; a list that were read one by one would
    // cost a hundred.
    assert!(few > 0 && few <= 20 && many <= 20, "{few} {many}");
}
