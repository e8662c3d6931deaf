//! How many SQL statements an answer costs: a number that does not grow with the length of its lists.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use async_graphql::Request;
use domain::role::Role;
use futures_util::{FutureExt as _, StreamExt};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::caller::Caller;
use super::hearing::Hearings;
use super::loaders::Loaders;
use super::pending::Pending;
use super::schema;
use crate::auth::{OrganizationRef, Principal, Proof};
use crate::fixture;
use crate::http::{Call, RequestId};
use crate::scheduler::Explanations;

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
        let caller = member(&ours);
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

#[tokio::test]
async fn what_many_hear_of_one_change_is_read_once() {
    let (_folder, store) = fixture::sqlite().await;
    let ours = fixture::organization(&store, "ours").await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let schema = schema::builder().data(store.clone()).finish();
    let hearings = Hearings::default();
    let mut subscribers: Vec<_> = (0..500)
        .map(|_| {
            let query =
                "subscription { jobUpdates { kind job { name organization { slug } gpus { index } } } }";
            let (caller, request) = (member(&ours), Request::new(query));
            let hearing = hearings.hearing(&caller, &request);
            let loaders = Loaders::new(store.clone(), caller.scope());
            schema.execute_stream(request.data(caller).data(loaders).data(hearing)).boxed()
        })
        .collect();
    for subscriber in &mut subscribers {
        assert!(subscriber.next().now_or_never().is_none(), "nothing has happened yet");
    }
    fixture::jobs_with_gpus(&store, ours.id, 1).await;
    let before = statements(&measured.render());
    let heard = futures_util::future::join_all(subscribers.iter_mut().map(StreamExt::next)).await;
    for answer in heard {
        let answer = answer.expect("an event").into_result().expect("no error").data;
        let answer = serde_json::to_value(answer).expect("JSON");
        assert_eq!(answer["jobUpdates"]["job"]["organization"]["slug"], "ours", "{answer}");
    }
    let read = statements(&measured.render()) - before;
    assert!((1..=20).contains(&read), "{read}");
}

#[tokio::test]
async fn nobody_hears_what_was_made_for_others() {
    let (_folder, store) = fixture::sqlite().await;
    let (ours, theirs) =
        (fixture::organization(&store, "ours").await, fixture::organization(&store, "theirs").await);
    let schema = schema::builder().data(store.clone()).finish();
    let hearings = Hearings::default();
    let hear = |caller: Caller, query: &str| {
        let request = Request::new(query);
        let hearing = hearings.hearing(&caller, &request);
        let loaders = Loaders::new(store.clone(), caller.scope());
        schema.execute_stream(request.data(caller).data(loaders).data(hearing)).boxed()
    };
    let mut named = hear(member(&ours), "subscription { jobUpdates { job { name } } }");
    let mut stated = hear(member(&ours), "subscription { jobUpdates { job { status } } }");
    let mut foreign = hear(member(&theirs), "subscription { jobUpdates { job { name } } }");
    for subscriber in [&mut named, &mut stated, &mut foreign] {
        assert!(subscriber.next().now_or_never().is_none(), "nothing has happened yet");
    }
    fixture::jobs_with_gpus(&store, ours.id, 1).await;
    for (subscriber, field) in [(&mut named, "name"), (&mut stated, "status")] {
        let answer = subscriber.next().await.expect("an event").data;
        let answer = serde_json::to_value(answer).expect("JSON");
        let job = answer["jobUpdates"]["job"].as_object().expect("a job");
        assert!(job.len() == 1 && job.contains_key(field), "{answer}");
    }
    assert!(foreign.next().now_or_never().is_none(), "it is told of nothing");
}

fn member(of: &OrganizationRef) -> Caller {
    let who = Principal {
        subject: "test".into(),
        role: Role::Member,
        organization: Some(of.clone()),
        host: None,
        join_token: None,
        expires_at: None,
        proof: Proof::Token,
    };
    Caller::new(Call { who, id: RequestId::new(), address: None })
}
