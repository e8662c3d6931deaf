//! Bad input, foreign callers and hopeless starts: a clear refusal, and nothing is lost.

use serde_json::{Value, json};
use system_tests::{Client, Engine, Fleet, Place, both};

both! {
    every_invalid_submission_names_its_field,
    callers_without_a_valid_token_are_not_authenticated,
    another_organizations_job_is_not_found,
    a_database_of_a_newer_version_is_refused,
}

async fn every_invalid_submission_names_its_field(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let client = fleet.operator().await;
    let labels: Vec<Value> = (0..10_000).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect();
    let cases = [
        ("name", json!({"name": ""})),
        ("name", json!({"name": "x".repeat(10_000)})),
        ("name", json!({"name": "x".repeat(1_000_000)})),
        ("requirements.count", json!({"name": "x", "requirements": {"count": 0}})),
        ("requirements.count", json!({"name": "x", "requirements": {"count": 1_000_000_000}})),
        ("requirements.milli", json!({"name": "x", "requirements": {"milli": 500, "count": 2}})),
        ("command[1]", json!({"name": "x", "command": ["echo", "a\u{0}b"]})),
        ("labels", json!({"name": "x", "labels": labels})),
        ("timeLimitSeconds", json!({"name": "x", "timeLimitSeconds": 0})),
        ("env[0].name", json!({"name": "x", "env": [{"name": "LD_PRELOAD", "value": "evil.so"}]})),
        ("dependsOn[0]", json!({"name": "x", "dependsOn": ["nonsense"]})),
    ];
    for (field, input) in cases {
        let refusal = client.change("submitJob", input, "job { id }").await.unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.field.as_deref()), ("BAD_USER_INPUT", Some(field)));
    }
    // All or none: one bad job among good ones.
    let jobs = json!({"jobs": [{"name": "good"}, {"name": ""}]});
    let refusal = client.change("submitJobs", jobs, "jobs { id }").await.unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("jobs[1].name"));
    let count = client.graphql("{ jobs { totalCount } }", json!({})).await;
    assert_eq!(count["jobs"]["totalCount"], 0);
}

async fn callers_without_a_valid_token_are_not_authenticated(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let good = fleet.place.token(&["--role", "operator"]).await;
    let foreign = Place::create(Engine::Sqlite).await;
    std::fs::create_dir(foreign.data_dir()).unwrap();
    let foreign = foreign.token(&["--role", "operator"]).await;
    for token in ["", "nonsense", &good[..good.len() - 4], &foreign] {
        let (status, answer) =
            Client::new(&fleet.origin(), token).post("{ viewer { subject } }", json!({})).await;
        assert_eq!(status, 401, "{token}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{token}: {answer}");
    }
    let viewer = fleet.client(&["--role", "viewer", "--org", "default"]).await;
    let refusal = viewer.change("submitJob", json!({"name": "x"}), "job { id }").await.unwrap_err();
    assert_eq!(refusal.code, "FORBIDDEN");
}

async fn another_organizations_job_is_not_found(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let operator = fleet.operator().await;
    let rival = json!({"slug": "rival", "name": "Rival"});
    operator.change("createOrganization", rival, "organization { id }").await.unwrap();
    let ours = operator.submit(json!({"name": "ours", "hold": true})).await;
    let rival = fleet.client(&["--role", "admin", "--org", "rival"]).await;
    let query = "query($id: ID!) { job(id: $id) { id } node(id: $id) { id } jobs { totalCount } }";
    let seen = rival.graphql(query, json!({"id": ours})).await;
    assert_eq!(seen, json!({"job": null, "node": null, "jobs": {"totalCount": 0}}));
    let refusal = rival.change("cancelJob", json!({"id": ours}), "job { id }").await.unwrap_err();
    assert_eq!(refusal.code, "NOT_FOUND");
    assert_eq!(operator.job(&ours, "status").await["status"], "HELD");
}

async fn a_database_of_a_newer_version_is_refused(engine: Engine) {
    let mut fleet = Fleet::start(engine, "none").await;
    fleet.kill9();
    let future =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_235959_the_future', 0)";
    fleet.place.database.execute(&fleet.place.data_dir(), future).await;
    let said = hopeless(&fleet.place, &fleet.place.words(&["serve", "--listen", "127.0.0.1:0"])).await;
    assert!(said.contains("newer"), "{said}");
}

/// Runs a server that cannot start; returns what it says: one line, and no backtrace.
async fn hopeless(place: &Place, words: &[impl AsRef<std::ffi::OsStr>]) -> String {
    let ended = place.run(words).await;
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert!(!ended.stderr.contains("panicked") && !ended.stderr.contains("backtrace"), "{ended:?}");
    assert_eq!(ended.stderr.lines().filter(|line| line.starts_with("error:")).count(), 1, "{ended:?}");
    ended.stderr
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hopeless_start_is_one_clear_line() {
    let place = Place::create(Engine::Sqlite).await;
    let dir = place.data_dir().display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let said = hopeless(&place, &["serve", "--data-dir", &dir, "--listen", &listen]).await;
    assert!(said.contains("cannot listen"), "{said}");
    let file = place.folder().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("x").display().to_string();
    let said = hopeless(&place, &["serve", "--data-dir", &below, "--listen", "127.0.0.1:0"]).await;
    assert!(said.contains("data directory"), "{said}");
    let away = "postgres://nobody@127.0.0.1:1/none";
    let words = ["serve", "--data-dir", &dir, "--listen", "127.0.0.1:0", "--database-url", away];
    let said = hopeless(&place, &words).await;
    assert!(said.contains("database"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_schema_is_the_codes() {
    let place = Place::create(Engine::Sqlite).await;
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql")).unwrap();
    assert_eq!(place.run(&["schema"]).await.output(), committed, "run make schema");
}
