//! Who may do what, by which proof, and what remains of it: keys, roles, an identity provider, the audit trail.

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::answer::{column, text};
use system_tests::{Client, Engine, Fleet, Place, both, eventually};

const KEY_FILE: &str = "token-signing-key.pem";

both! {
    an_api_key_works_until_it_is_revoked,
    nobody_makes_a_key_above_their_own_role,
    a_key_that_has_expired_is_refused,
    every_change_leaves_one_line_in_the_audit_trail,
    a_job_that_has_ended_can_be_retried,
    a_replaced_signing_key_opens_nothing,
    the_terminal_makes_lists_and_revokes_keys,
}

async fn create_key(client: &Client, input: Value) -> (String, Client) {
    let made = client.change("createApiKey", input, "apiKey { id prefix } secret").await.expect("a key");
    let secret = text(&made["secret"]);
    assert!(secret.starts_with(&text(&made["apiKey"]["prefix"])), "{made}");
    (text(&made["apiKey"]["id"]), client.bearing(&secret))
}

async fn an_api_key_works_until_it_is_revoked(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let admin = fleet.client(&["--role", "admin", "--org", "default"]).await;
    let (id, program) = create_key(&admin, json!({"name": "nightly", "role": "MEMBER"})).await;
    let viewer = program.graphql("{ viewer { subject role organization { slug } } }", json!({})).await;
    let expected =
        json!({"subject": "api-key:nightly", "role": "MEMBER", "organization": {"slug": "default"}});
    assert_eq!(viewer["viewer"], expected);
    let job = program.submit(json!({"name": "by a program", "hold": true})).await;
    assert_eq!(admin.job(&job, "submittedBy").await["submittedBy"], "api-key:nightly");
    let keys = "{ organization { apiKeys { id name role lastUsedAt revokedAt } } }";
    eventually("its use is noted", 10, async || {
        let listed = admin.graphql(keys, json!({})).await["organization"]["apiKeys"].take();
        assert_eq!((&listed[0]["id"], &listed[0]["name"]), (&json!(id), &json!("nightly")));
        (!listed[0]["lastUsedAt"].is_null()).then_some(())
    })
    .await;
    let mut updates = program.subscribe("subscription { jobUpdates { cursor } }", json!({})).await;
    let revoked = admin.change("revokeApiKey", json!({"id": id}), "apiKey { revokedAt }").await.unwrap();
    assert!(!revoked["apiKey"]["revokedAt"].is_null());
    let again = admin.change("revokeApiKey", json!({"id": id}), "apiKey { revokedAt }").await.unwrap();
    assert_eq!(again, revoked);
    assert_eq!(updates.closed().await, 4403);
    let refusal = program.ask("{ viewer { subject } }", json!({})).await.unwrap_err();
    assert_eq!(refusal.code, "UNAUTHENTICATED");
    // Nobody else's keys are there.
    let operator = fleet.operator().await;
    let rival = json!({"slug": "rival", "name": "Rival"});
    operator.change("createOrganization", rival, "organization { id }").await.unwrap();
    let rival = fleet.client(&["--role", "admin", "--org", "rival"]).await;
    let refusal = rival.change("revokeApiKey", json!({"id": id}), "apiKey { id }").await.unwrap_err();
    assert_eq!(refusal.code, "NOT_FOUND");
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(rival.graphql(node, json!({"id": id})).await["node"], Value::Null);
    let member = fleet.member("default").await;
    assert_eq!(member.graphql(node, json!({"id": id})).await["node"], Value::Null);
    assert_eq!(admin.graphql(node, json!({"id": id})).await["node"]["id"], json!(id));
    assert_eq!(member.ask(keys, json!({})).await.unwrap_err().code, "FORBIDDEN");
}

async fn nobody_makes_a_key_above_their_own_role(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let operator = fleet.operator().await;
    let rival = json!({"slug": "rival", "name": "Rival"});
    let made = operator.change("createOrganization", rival, "organization { id }").await.unwrap();
    let rival = text(&made["organization"]["id"]);
    let admin = fleet.client(&["--role", "admin", "--org", "default"]).await;
    let cases = [
        (&admin, json!({"name": "x", "role": "OPERATOR"}), "FORBIDDEN"),
        (&admin, json!({"name": "x", "role": "AGENT"}), "FORBIDDEN"),
        (&operator, json!({"name": "x", "role": "AGENT"}), "FORBIDDEN"),
        (&admin, json!({"name": "x", "role": "VIEWER", "organizationId": rival}), "NOT_FOUND"),
        (&admin, json!({"name": "", "role": "VIEWER"}), "BAD_USER_INPUT"),
        (
            &admin,
            json!({"name": "x", "role": "VIEWER", "expiresAt": "2020-01-01T00:00:00Z"}),
            "BAD_USER_INPUT",
        ),
        (&fleet.member("default").await, json!({"name": "x", "role": "VIEWER"}), "FORBIDDEN"),
    ];
    for (client, input, code) in cases {
        let refusal = client.change("createApiKey", input.clone(), "apiKey { id }").await.unwrap_err();
        assert_eq!(refusal.code, code, "{input}");
    }
    let (_, program) =
        create_key(&operator, json!({"name": "theirs", "role": "ADMIN", "organizationId": rival})).await;
    let slug = program.graphql("{ viewer { organization { slug } } }", json!({})).await;
    assert_eq!(slug["viewer"]["organization"]["slug"], "rival");
}

async fn a_key_that_has_expired_is_refused(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let admin = fleet.client(&["--role", "admin", "--org", "default"]).await;
    let soon = chrono::Utc::now() + Duration::from_secs(3);
    let (_, program) =
        create_key(&admin, json!({"name": "short", "role": "VIEWER", "expiresAt": soon})).await;
    let mut updates = program.subscribe("subscription { jobUpdates { cursor } }", json!({})).await;
    assert_eq!(updates.closed().await, 4403);
    assert_eq!(program.ask("{ viewer { role } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
}

async fn every_change_leaves_one_line_in_the_audit_trail(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let operator = fleet.operator().await;
    let member = fleet.client(&["--role", "member", "--org", "default", "--subject", "ada"]).await;
    let job = member.submit(json!({"name": "one", "hold": true, "idempotencyKey": "k"})).await;
    // The same again, and what is refused: no line.
    assert_eq!(member.submit(json!({"name": "one", "hold": true, "idempotencyKey": "k"})).await, job);
    member.change("submitJob", json!({"name": ""}), "job { id }").await.unwrap_err();
    member.submit_all(vec![json!({"name": "many", "hold": true}); 3]).await;
    let edit = json!({"id": job, "expectedVersion": 1, "priority": 7});
    member.change("updateJob", edit.clone(), "job { id }").await.unwrap();
    assert_eq!(member.change("updateJob", edit, "job { id }").await.unwrap_err().code, "CONFLICT");
    member.change("cancelJob", json!({"id": job, "reason": "enough"}), "job { id }").await.unwrap();
    let retried = member.change("retryJob", json!({"id": job}), "job { id }").await.unwrap();
    let retried = text(&retried["job"]["id"]);
    member.reaches(&retried, "RUNNING").await;
    member.change("releaseJob", json!({"jobId": retried}), "job { id }").await.unwrap();
    let query = "query($actor: String) { auditLog(filter: {actor: $actor}) { totalCount nodes {
        action actor role subject requestId address organization { slug } changes { field before after } } } }";
    let log = operator.graphql(query, json!({"actor": "ada"})).await["auditLog"].take();
    let done = ["RELEASE_JOB", "RETRY_JOB", "CANCEL_JOB", "UPDATE_JOB", "SUBMIT_JOBS", "SUBMIT_JOB"];
    assert_eq!(column(&log["nodes"], "action"), done, "{log}");
    assert_eq!(log["totalCount"], done.len());
    for line in log["nodes"].as_array().unwrap() {
        assert_eq!((&line["role"], &line["organization"]["slug"]), (&json!("MEMBER"), &json!("default")));
        assert!(!text(&line["requestId"]).is_empty() && line["address"] == "127.0.0.1", "{line}");
    }
    let update = &log["nodes"][3];
    assert_eq!(update["subject"], json!(job));
    assert_eq!(update["changes"], json!([{"field": "priority", "before": "0", "after": "7"}]));
    let cancel = &log["nodes"][2]["changes"];
    assert_eq!(cancel[0], json!({"field": "status", "before": "HELD", "after": "CANCELLED"}));
    assert_eq!(cancel[1]["after"], "enough");
    assert_eq!(member.ask("{ auditLog { totalCount } }", json!({})).await.unwrap_err().code, "FORBIDDEN");
    // What operators do is there, too.
    let hosts = operator.graphql("{ hosts { nodes { id version } } }", json!({})).await;
    let host = &hosts["hosts"]["nodes"][0];
    let drain =
        json!({"id": host["id"], "expectedVersion": host["version"], "drain": true, "reason": "fans"});
    operator.change("updateHost", drain, "host { id }").await.unwrap();
    let query =
        "{ auditLog(filter: {action: [UPDATE_HOST]}) { nodes { subject changes { field before after } } } }";
    let log = operator.graphql(query, json!({})).await["auditLog"]["nodes"].take();
    assert_eq!(log[0]["subject"], host["id"]);
    let expected = json!([{"field": "drain", "before": "false", "after": "true"},
        {"field": "reason", "before": null, "after": "fans"}]);
    assert_eq!(log[0]["changes"], expected);
    // A host joins once, by a token that the line names; coming back is no change.
    let query = "{ auditLog(filter: {action: [JOIN_HOST]}) { nodes { actor role subject changes { field after } } } }";
    let log = operator.graphql(query, json!({})).await["auditLog"]["nodes"].take();
    assert_eq!(log.as_array().unwrap().len(), 1, "{log}");
    assert_eq!((&log[0]["subject"], &log[0]["role"]), (&host["id"], &json!("AGENT")));
    assert_eq!(column(&log[0]["changes"], "field"), ["name", "joinToken"], "{log}");
}

async fn a_job_that_has_ended_can_be_retried(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let member = fleet.member("default").await;
    let marker = fleet.place.folder().join("marker");
    let line = format!("test -e '{}' && test \"$COLOUR\" = blue", marker.display());
    let input = json!({"name": "fails once", "command": ["/bin/sh", "-c", line], "priority": 3,
        "env": [{"name": "COLOUR", "value": "blue"}], "labels": [{"key": "team", "value": "a"}]});
    let first = member.submit(input).await;
    let refusal = member.change("retryJob", json!({"id": "job_nonsense"}), "job { id }").await.unwrap_err();
    assert_eq!(refusal.code, "NOT_FOUND");
    member.reaches(&first, "FAILED").await;
    std::fs::write(&marker, "").unwrap();
    let again = member.change("retryJob", json!({"id": first}), "job { id }").await.unwrap();
    let again = text(&again["job"]["id"]);
    member.reaches(&again, "SUCCEEDED").await;
    let job = member.job(&again, "name priority labels { key value } attempt retryOf { id status }").await;
    let expected = json!({"name": "fails once", "priority": 3, "labels": [{"key": "team", "value": "a"}],
        "attempt": 1, "retryOf": {"id": first, "status": "FAILED"}});
    assert_eq!(job, expected);
    let held = member.submit(json!({"name": "held", "hold": true})).await;
    let refusal = member.change("retryJob", json!({"id": held}), "job { id }").await.unwrap_err();
    assert_eq!(refusal.code, "CONFLICT");
}

async fn a_replaced_signing_key_opens_nothing(engine: Engine) {
    let mut fleet = Fleet::serve(Place::create(engine).await).await;
    let key = fleet.place.data_dir().join(KEY_FILE);
    let old_key = std::fs::read(&key).unwrap();
    let before = fleet.operator().await;
    before.graphql("{ viewer { subject } }", json!({})).await;
    fleet.kill9();
    std::fs::remove_file(&key).unwrap();
    fleet.restart().await;
    let mut revoked = None;
    if engine == Engine::Postgres {
        // Another server's key may sign on: whoever runs the fleet says that this one does not.
        let listed = fleet.place.run(&fleet.place.words(&["signing-keys", "list", "--json"])).await;
        let mut updates = before.subscribe("subscription { jobUpdates { cursor } }", json!({})).await;
        let listed: Value = serde_json::from_str(listed.output()).unwrap();
        let oldest = text(&listed[0]["id"]);
        assert!(listed[0]["publishedAt"].is_string() && listed[0].get("lastSeenAt").is_some(), "{listed}");
        let said = fleet.place.run(&fleet.place.words(&["signing-keys", "revoke", &oldest])).await;
        assert!(said.output().contains("is revoked"), "{said:?}");
        revoked = Some(oldest);
        assert_eq!(updates.closed().await, 4403, "what was opened with it ends");
    }
    assert_eq!(before.ask("{ viewer { subject } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
    let query = "{ auditLog(filter: {action: [REVOKE_SIGNING_KEY]}) { nodes { subject role } } }";
    let log = fleet.operator().await.graphql(query, json!({})).await["auditLog"]["nodes"].take();
    let revoked = revoked.map(|id| json!({"subject": id, "role": "OPERATOR"}));
    assert_eq!(log, Value::from_iter(revoked), "a line for what was taken back by hand");
    // Whoever has kept the old key mints with it in vain.
    let thief = Place::create(Engine::Sqlite).await;
    std::fs::create_dir_all(thief.data_dir()).unwrap();
    std::fs::write(thief.data_dir().join(KEY_FILE), old_key).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(thief.data_dir().join(KEY_FILE), mode).unwrap();
    let forged = before.bearing(&thief.token(&["--role", "operator"]).await);
    assert_eq!(forged.ask("{ viewer { subject } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
}

async fn the_terminal_makes_lists_and_revokes_keys(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let data_dir = fleet.place.data_dir().display().to_string();
    let say = async |words: &[&str]| {
        let ended = fleet.place.run(&[words, &["--data-dir", &data_dir]].concat()).await;
        assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.stderr);
        ended.stdout
    };
    let secret =
        say(&["keys", "create", "nightly", "--role", "member", "--org", "default", "--ttl", "1h"]).await;
    let program = fleet.operator().await.bearing(secret.trim());
    let job = program.submit_line("by a program", "true").await;
    program.reaches(&job, "SUCCEEDED").await;
    let again = say(&["retry", &job, "--quiet"]).await;
    program.reaches(again.trim(), "SUCCEEDED").await;

    let keys: Value = serde_json::from_str(&say(&["keys", "list", "--json"]).await).unwrap();
    assert_eq!((&keys[0]["name"], &keys[0]["role"]), (&json!("nightly"), &json!("MEMBER")));
    say(&["keys", "revoke", &text(&keys[0]["prefix"])]).await;
    assert!(say(&["keys", "list"]).await.contains("revoked"));

    let trail = ["audit", "--since", "1h", "--action", "revoke_api_key", "--action", "retry_job", "--json"];
    let trail: Value = serde_json::from_str(&say(&trail).await).unwrap();
    assert_eq!(column(&trail, "action"), ["REVOKE_API_KEY", "RETRY_JOB"]);
    let used: Value = serde_json::from_str(&say(&["usage", "--since", "1h", "--json"]).await).unwrap();
    assert!(used[0]["usage"]["gpuSeconds"].as_f64().unwrap() > 0.0, "{used}");
    let unknown = fleet.place.run(&["keys", "list", "--org", "nobody", "--data-dir", &data_dir]).await;
    assert_eq!(unknown.code, Some(3), "{}", unknown.stderr);
}
