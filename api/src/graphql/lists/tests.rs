//! The lists' filters as GraphQL, on SQLite and, where a server is given, on PostgreSQL.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use async_graphql::Request;
use domain::limits::JobSpec;
use domain::requirements::Label;
use domain::role::Role;
use serde_json::{Value, json};

use crate::auth::{OrganizationRef, Principal};
use crate::fixture::{self, declaration, device, host, organization};
use crate::graphql::caller::Caller;
use crate::graphql::loaders::Loaders;
use crate::graphql::schema;
use crate::http::{Call, RequestId};
use crate::store::Actor;
use crate::store::agents::Declaration;
use crate::store::{Scope, Store};

/// A fleet of two organizations, three jobs and one host with two GPUs.
struct Fleet {
    store: Store,
    ours: OrganizationRef,
    theirs: OrganizationRef,
}

fn label(key: &str, value: &str) -> Label {
    Label { key: key.into(), value: value.into() }
}

fn spec(name: &str, labels: Vec<Label>) -> JobSpec {
    JobSpec { name: name.into(), model_type: Some("llm".into()), labels, ..JobSpec::default() }
}

async fn furnish(store: Store) -> Fleet {
    let ours = organization(&store, "ours").await;
    let theirs = organization(&store, "theirs").await;
    let mine = vec![
        spec("Train 100%", vec![label("team", "vision"), label("tier", "gold")]),
        spec("École_7", vec![label("team", "speech")]),
    ];
    store.submit_jobs(ours.id, mine, true, &Actor::server()).await.expect("jobs");
    store
        .submit_jobs(theirs.id, vec![spec("Hidden", Vec::new())], true, &Actor::server())
        .await
        .expect("jobs");
    let cards = vec![device(0, "NVIDIA A100-SXM4-80GB"), device(1, "NVIDIA A10")];
    let labels = Some(vec![label("zone", "b")]);
    host(&store, Declaration { labels, ..declaration("node-1", cards) }).await;
    Fleet { store, ours, theirs }
}

impl Fleet {
    async fn ask(&self, scope: Scope, query: &str) -> Value {
        let (role, organization) = match scope {
            Scope::Fleet => (Role::Operator, None),
            Scope::Organization(_) => (Role::Viewer, Some(self.ours.clone())),
            Scope::Nothing => (Role::Agent, None),
        };
        let principal = Principal {
            subject: "test".into(),
            role,
            organization,
            host: None,
            join_token: None,
            expires_at: None,
            proof: crate::auth::Proof::Token,
        };
        let request = Request::new(query)
            .data(Caller::new(Call { who: principal, id: RequestId::new(), address: None }))
            .data(Loaders::new(self.store.clone(), scope));
        let schema = schema::builder().data(self.store.clone()).finish();
        serde_json::to_value(schema.execute(request).await).expect("an answer")
    }

    /// What a list of jobs holds under a filter, for the first organization.
    async fn jobs(&self, filter: &str) -> Value {
        let query = format!("{{ jobs(filter: {{ {filter} }}) {{ totalCount nodes {{ name }} }} }}");
        self.ask(Scope::Organization(self.ours.id), &query).await
    }
}

fn named(names: &[&str]) -> Value {
    let nodes: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    json!({ "data": { "jobs": { "totalCount": nodes.len(), "nodes": nodes } } })
}

async fn jobs_are_filtered(fleet: &Fleet) {
    let both = named(&["École_7", "Train 100%"]);
    let (train, school, none) = (named(&["Train 100%"]), named(&["École_7"]), named(&[]));
    assert_eq!(fleet.jobs("").await, both);
    assert_eq!(fleet.jobs(r#"nameContains: "TRAIN""#).await, train);
    assert_eq!(fleet.jobs(r#"nameContains: "0%""#).await, train, "a percent sign is itself");
    assert_eq!(fleet.jobs(r#"nameContains: "_""#).await, school, "an underscore is itself");
    assert_eq!(fleet.jobs(r#"nameContains: "\\""#).await, none, "a backslash is itself");
    assert_eq!(
        fleet.jobs(r#"nameContains: "École""#).await,
        school,
        "beyond ASCII, at least as it is written"
    );
    assert_eq!(fleet.jobs(r#"labels: [{ key: "team", value: "vision" }]"#).await, train);
    let two = r#"labels: [{ key: "team", value: "vision" }, { key: "tier", value: "gold" }]"#;
    assert_eq!(fleet.jobs(two).await, train);
    assert_eq!(
        fleet.jobs(r#"labels: [{ key: "team", value: "gold" }]"#).await,
        none,
        "key and value of one label"
    );
    assert_eq!(fleet.jobs(r#"labels: [{ key: "team", value: "\u0000" }]"#).await, none);
    assert_eq!(fleet.jobs(r#"modelType: "llm", status: [QUEUED]"#).await, both);
    assert_eq!(fleet.jobs("status: []").await, none);
    assert_eq!(fleet.jobs(r#"submittedAfter: "2100-01-01T00:00:00Z""#).await, none);
    let foreign = format!("organizationId: \"{}\"", fleet.theirs.id);
    assert_eq!(fleet.jobs(&foreign).await, none, "another organization's jobs are not there");
    assert_eq!(fleet.jobs(r#"organizationId: "nonsense""#).await, none);
}

async fn gpus_and_hosts_are_filtered(fleet: &Fleet) {
    let count = async |query: &str| -> Value {
        let answer = fleet.ask(Scope::Fleet, &format!("{{ list: {query} {{ totalCount }} }}")).await;
        answer.pointer("/data/list/totalCount").cloned().unwrap_or(answer)
    };
    assert_eq!(count(r#"gpus(filter: { gpuType: "nvidia a100" })"#).await, 1);
    assert_eq!(count(r#"gpus(filter: { gpuType: "A10" })"#).await, 1, "whole words, as for a job");
    assert_eq!(count(r#"gpus(filter: { gpuType: "NVIDIA" })"#).await, 2);
    assert_eq!(count(r#"gpus(filter: { gpuType: "H100" })"#).await, 0);
    assert_eq!(count("gpus(filter: { minMemoryGb: 80, health: [HEALTHY] })").await, 2);
    assert_eq!(count("gpus(filter: { minMemoryGb: 90 })").await, 0);
    assert_eq!(count("gpus(filter: { status: [AVAILABLE] })").await, 2);
    assert_eq!(count("gpus(filter: { status: [ALLOCATED, QUARANTINED, UNAVAILABLE] })").await, 0);
    assert_eq!(count("hosts(filter: { status: [READY] })").await, 1);
    assert_eq!(count("hosts(filter: { status: [DRAINING, DRAINED, DOWN] })").await, 0);
    assert_eq!(count(r#"hosts(filter: { labels: [{ key: "zone", value: "b" }] })"#).await, 1);
    assert_eq!(count(r#"hosts(filter: { labels: [{ key: "zone", value: "c" }] })"#).await, 0);
}

async fn only_operators_list_organizations(fleet: &Fleet) {
    let query = "{ organizations { totalCount } }";
    let refused = fleet.ask(Scope::Organization(fleet.ours.id), query).await;
    assert_eq!(refused.pointer("/errors/0/extensions/code"), Some(&json!("FORBIDDEN")));
    let listed = fleet.ask(Scope::Fleet, query).await;
    assert_eq!(listed, json!({ "data": { "organizations": { "totalCount": 2 } } }));
    let foreign =
        fleet.ask(Scope::Organization(fleet.ours.id), r#"{ organization(slug: "theirs") { id } }"#).await;
    assert_eq!(foreign, json!({ "data": { "organization": null } }));
}

async fn everything_holds(store: Store) {
    let fleet = furnish(store).await;
    jobs_are_filtered(&fleet).await;
    gpus_and_hosts_are_filtered(&fleet).await;
    only_operators_list_organizations(&fleet).await;
}

#[tokio::test]
async fn lists_are_filtered_on_sqlite() {
    let (_folder, store) = fixture::sqlite().await;
    everything_holds(store).await;
}

#[tokio::test]
async fn lists_are_filtered_on_postgres() {
    everything_holds(fixture::postgres().await).await;
}
