//! How many SQL statements an answer costs: a number that does not grow with the length of its lists.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use async_graphql::Request;
use domain::role::Role;
use metrics_exporter_prometheus::PrometheusBuilder;

use super::caller::Caller;
use super::loaders::SharedLoaders;
use super::pending::Pending;
use super::schema;
use crate::auth::{Principal, Proof};
use crate::fixture;
use crate::http::{Call, RequestId};
use crate::scheduler::Explanations;
use crate::store::Scope;

const JOBS: usize = 100;

fn statements(text: &str) -> u64 {
    let counted = text.lines().filter(|line| line.starts_with("gpu_fleet_sql_seconds_count"));
    counted.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test]
async fn a_list_of_jobs_costs_a_handful_of_statements_whatever_its_length() {
    let (_folder, store) = fixture::sqlite().await;
    let ours = fixture::organization(&store, "ours").await;
    fixture::jobs_with_gpus(&store, ours.id, JOBS).await;
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
        let loaders = SharedLoaders::new(store.clone()).of(caller.scope());
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

#[tokio::test]
async fn what_many_hear_of_one_change_is_read_once() {
    let (_folder, store) = fixture::sqlite().await;
    let ours = fixture::organization(&store, "ours").await;
    fixture::jobs_with_gpus(&store, ours.id, 1).await;
    let loaders = SharedLoaders::new(store.clone());
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let scope = Scope::Organization(ours.id);
    let hear = |_| {
        let loaders = loaders.of(scope);
        async move { loaders.one(ours.id).await.expect("an answer").expect("the organization").slug }
    };
    let heard = futures_util::future::join_all((0..500).map(hear)).await;
    assert!(heard.iter().all(|slug| slug == "ours"));
    // Those who come a moment later read again: an answer is never older than its question.
    let read = statements(&measured.render());
    assert!((1..=20).contains(&read), "{read}");
}
