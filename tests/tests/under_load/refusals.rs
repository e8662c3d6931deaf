//! Bad input, foreign callers and hopeless starts: a clear refusal, and nothing is lost.

use crate::fleet::{Engine, Fleet, binary, code, mint};
use serde_json::{Value, json};

crate::on_both!(
    every_invalid_submission_names_its_field,
    callers_without_a_valid_token_are_not_authenticated,
    another_organizations_job_is_not_found,
    the_same_idempotency_key_makes_one_job,
);

const SUBMIT: &str = "mutation($input: SubmitJobInput!) { submitJob(input: $input) { job { id } } }";

async fn every_invalid_submission_names_its_field(engine: Engine) {
    let fleet = Fleet::start(engine, 1).await;
    let labels: Vec<Value> = (0..10_000).map(|n| json!({ "key": format!("k{n}"), "value": "v" })).collect();
    let cases = [
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": "x".repeat(10_000) })),
        ("requirements.count", json!({ "name": "x", "requirements": { "count": 0 } })),
        ("requirements.count", json!({ "name": "x", "requirements": { "count": 1_000_000_000 } })),
        ("requirements.milli", json!({ "name": "x", "requirements": { "milli": 500, "count": 2 } })),
        ("command[1]", json!({ "name": "x", "command": ["echo", "a\u{0}b"] })),
        ("labels", json!({ "name": "x", "labels": labels })),
        ("timeLimitSeconds", json!({ "name": "x", "timeLimitSeconds": 0 })),
        ("env[0].name", json!({ "name": "x", "env": [{ "name": "LD_PRELOAD", "value": "evil.so" }] })),
    ];
    for (field, input) in cases {
        let answer = fleet.ask(SUBMIT, json!({ "input": input })).await;
        assert_eq!(code(&answer), Some("BAD_USER_INPUT"), "{field}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["field"], field, "{answer}");
    }
    let long = fleet.ask(SUBMIT, json!({ "input": { "name": "x".repeat(1_000_000) } })).await;
    assert_eq!(code(&long), Some("BAD_USER_INPUT"));
    let jobs = fleet.query("{ jobs { totalCount } }", json!({})).await;
    assert_eq!(jobs["jobs"]["totalCount"], 0);
}

async fn callers_without_a_valid_token_are_not_authenticated(engine: Engine) {
    let fleet = Fleet::start(engine, 1).await;
    let mut forged = fleet.operator.clone();
    forged.truncate(forged.len() - 4);
    let elsewhere = tempfile::tempdir().unwrap();
    let foreign = mint(elsewhere.path(), &["--role", "operator", "--org", "default"]);
    for token in ["", "nonsense", &forged, &foreign] {
        let answer = fleet.ask_as(token, "{ viewer { subject } }", json!({})).await;
        assert_eq!(code(&answer), Some("UNAUTHENTICATED"), "{token}: {answer}");
    }
    let viewer = mint(fleet.dir.path(), &["--role", "viewer", "--org", "default"]);
    let answer = fleet.ask_as(&viewer, SUBMIT, json!({ "input": { "name": "x" } })).await;
    assert_eq!(code(&answer), Some("FORBIDDEN"));
}

async fn another_organizations_job_is_not_found(engine: Engine) {
    let fleet = Fleet::start(engine, 1).await;
    let create =
        r#"mutation { createOrganization(input: { slug: "rival", name: "Rival" }) { organization { id } } }"#;
    fleet.query(create, json!({})).await;
    let ours = fleet.submit(json!({ "name": "ours", "hold": true })).await;
    let rival = mint(fleet.dir.path(), &["--role", "admin", "--org", "rival"]);
    let variables = json!({ "id": ours });
    let seen = fleet
        .ask_as(&rival, "query($id: ID!) { job(id: $id) { id } node(id: $id) { id } }", variables.clone())
        .await;
    assert_eq!(seen["data"], json!({ "job": null, "node": null }));
    let cancel = "mutation($id: ID!) { cancelJob(input: { id: $id }) { job { id } } }";
    assert_eq!(code(&fleet.ask_as(&rival, cancel, variables).await), Some("NOT_FOUND"));
    let list = fleet.ask_as(&rival, "{ jobs { totalCount } }", json!({})).await;
    assert_eq!(list["data"]["jobs"]["totalCount"], 0);
    assert_eq!(fleet.job(&ours).await["status"], "HELD");
}

async fn the_same_idempotency_key_makes_one_job(engine: Engine) {
    let fleet = Fleet::start(engine, 1).await;
    let input = json!({ "name": "once", "hold": true, "idempotencyKey": "k1" });
    assert_eq!(fleet.submit(input.clone()).await, fleet.submit(input).await);
    let other = json!({ "input": { "name": "other", "hold": true, "idempotencyKey": "k1" } });
    assert_eq!(code(&fleet.ask(SUBMIT, other).await), Some("CONFLICT"));
}

/// Runs a server that cannot start; returns what it says.
fn hopeless(arguments: &[&str]) -> String {
    let output = std::process::Command::new(binary()).args(arguments).output().unwrap();
    assert!(!output.status.success(), "it started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("error:")).count(), 1, "{said}");
    said
}

#[test]
fn a_hopeless_start_is_one_clear_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let said = hopeless(&["serve", "--data-dir", &path("a"), "--listen", &listen]);
    assert!(said.contains("cannot listen"), "{said}");
    std::fs::write(path("file"), "").unwrap();
    let said = hopeless(&["serve", "--data-dir", &path("file/x"), "--listen", "127.0.0.1:0"]);
    assert!(said.contains("data directory"), "{said}");
    let away = "postgres://nobody@127.0.0.1:1/none";
    let said =
        hopeless(&["serve", "--data-dir", &path("b"), "--listen", "127.0.0.1:0", "--database-url", away]);
    assert!(said.contains("database"), "{said}");
}
