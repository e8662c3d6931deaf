//! What a caller may cost the others, and what it may learn of them: nothing that it need not.

use serde_json::json;
use system_tests::answer::{column, text};
use system_tests::{Engine, Fleet, Place, PlayedHost, both, eventually};

both! {
    endless_filters_are_refused,
    thousands_of_dependencies_survive_a_restart_and_stop_nobody,
    a_cancelled_jobs_many_dependents_are_settled_and_others_go_on,
    a_revoked_agent_loses_its_open_channel,
    an_agents_key_reads_nothing_of_the_fleet,
    what_a_gpu_does_is_told_to_those_who_have_it,
    a_job_keeps_its_history_when_the_host_is_dedicated_to_another,
}

async fn endless_filters_are_refused(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let client = fleet.operator().await;
    let labels: Vec<_> = (0..20_000).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect();
    let cases = [
        ("jobs", "Job", json!({"labels": labels})),
        ("hosts", "Host", json!({"labels": labels})),
        ("jobs", "Job", json!({"nameContains": "x".repeat(100_000)})),
        ("gpus", "Gpu", json!({"gpuType": "x ".repeat(50_000)})),
        ("jobs", "Job", json!({"submittedAfter": "-200000-01-01T00:00:00Z"})),
        ("jobs", "Job", json!({"submittedAfter": "yesterday"})),
        ("jobs", "Job", json!({"nameContains": "a\u{0}b"})),
    ];
    for (list, kind, filter) in cases {
        let query = format!("query($filter: {kind}Filter) {{ {list}(filter: $filter) {{ totalCount }} }}");
        let refusal = client.ask(&query, json!({"filter": filter})).await.unwrap_err();
        assert_eq!(refusal.code, "BAD_USER_INPUT", "{list}: {refusal:?}");
        assert!(refusal.field.is_some(), "{list}: {refusal:?}");
    }
    // What repeats itself costs nothing.
    let often = json!({"filter": {"status": vec!["QUEUED"; 20_000]}});
    let query = "query($filter: JobFilter) { jobs(filter: $filter) { totalCount } }";
    assert_eq!(client.graphql(query, often).await["jobs"]["totalCount"], 0);
}

async fn thousands_of_dependencies_survive_a_restart_and_stop_nobody(engine: Engine) {
    let mut fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let client = fleet.operator().await;
    let first = client.submit_all(vec![json!({"name": "first", "hold": true}); 64]).await;
    let dependent = json!({"name": "dependent", "dependsOn": first, "command": ["true"]});
    client.submit_all(vec![dependent; 600]).await;
    fleet.kill9();
    fleet.restart().await;
    let free = client.submit(json!({"name": "free", "command": ["true"]})).await;
    client.reaches(&free, "SUCCEEDED").await;
}

async fn a_cancelled_jobs_many_dependents_are_settled_and_others_go_on(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let client = fleet.operator().await;
    let first = client.submit(json!({"name": "first", "hold": true})).await;
    let dependent = json!({"name": "dependent", "dependsOn": [first], "command": ["true"]});
    let dependents = client.submit_all(vec![dependent; 1000]).await;
    let last =
        client.submit(json!({"name": "last", "dependsOn": [dependents[0]], "command": ["true"]})).await;
    client.change("cancelJob", json!({"id": first}), "job { status }").await.unwrap();
    let free = client.submit(json!({"name": "free", "command": ["true"]})).await;
    client.reaches(&free, "SUCCEEDED").await;
    client.reaches(&last, "FAILED").await;
    eventually("all dependents have failed", 30, async || {
        let query = "{ jobs(filter: {nameContains: \"dependent\", status: [FAILED]}) { totalCount } }";
        (client.graphql(query, json!({})).await["jobs"]["totalCount"] == 1000).then_some(())
    })
    .await;
}

async fn a_revoked_agent_loses_its_open_channel(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let host = PlayedHost::join(&fleet, "played", 1).await;
    let mut orders = host.assignments().await;
    assert_eq!(orders.next().await.unwrap()["assignments"]["complete"], true);
    // There is no mutation for it: who can write the database can do it.
    let revoke = "DELETE FROM agent_credential";
    fleet.place.database.execute(&fleet.place.data_dir(), revoke).await;
    assert_eq!(orders.closed().await, 4403);
    let refusal = host.heartbeat("FREE", json!([])).await.unwrap_err();
    assert_eq!(refusal.code, "UNAUTHENTICATED");
}

async fn an_agents_key_reads_nothing_of_the_fleet(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let operator = fleet.operator().await;
    let host = PlayedHost::join(&fleet, "played", 1).await;
    let job = operator.submit(json!({"name": "ours", "hold": true})).await;
    let gpu = operator.gpu_ids().await.remove(0);
    let query =
        "query($job: ID!, $gpu: ID!) { job(id: $job) { id } gpu(id: $gpu) { id } node(id: $job) { id }
        jobs { totalCount } gpus { totalCount } hosts { totalCount } }";
    let joining = fleet.client(&["--role", "agent"]).await;
    for agent in [&host.agent, &joining] {
        match agent.ask(query, json!({"job": job, "gpu": gpu})).await {
            Ok(seen) => assert_eq!(
                seen,
                json!({"job": null, "gpu": null, "node": null, "jobs": {"totalCount": 0},
                    "gpus": {"totalCount": 0}, "hosts": {"totalCount": 0}})
            ),
            Err(refusal) => assert_eq!(refusal.code, "FORBIDDEN"),
        }
    }
}

async fn what_a_gpu_does_is_told_to_those_who_have_it(engine: Engine) {
    let fleet = Fleet::serve(Place::create(engine).await).await;
    let operator = fleet.operator().await;
    let rival = json!({"slug": "rival", "name": "Rival"});
    operator.change("createOrganization", rival, "organization { id }").await.unwrap();
    let host = PlayedHost::join(&fleet, "played", 1).await;
    let job = operator.submit(json!({"name": "ours", "command": ["secret-tool"]})).await;
    operator.reaches(&job, "ALLOCATED").await;
    host.report(&job, 1, "STARTED", json!({})).await.unwrap();
    let process =
        json!([{"pid": 4711, "command": "secret-tool", "memoryUsedMib": 1000, "owner": "JOB", "jobId": job}]);
    host.heartbeat("WORKING", process).await.unwrap();
    let query = "{ gpus { nodes { status use telemetry { at } processes { command } allocations { id } } } }";
    let ours = operator.graphql(query, json!({})).await["gpus"]["nodes"][0].take();
    assert_eq!((&ours["use"], &ours["processes"][0]["command"]), (&json!("WORKING"), &json!("secret-tool")));
    let theirs = fleet.member("rival").await.graphql(query, json!({})).await["gpus"]["nodes"][0].take();
    assert_eq!(theirs["status"], ours["status"]);
    let hidden = json!([theirs["use"], theirs["telemetry"], theirs["processes"], theirs["allocations"]]);
    assert_eq!(hidden, json!([null, null, [], []]));
}

async fn a_job_keeps_its_history_when_the_host_is_dedicated_to_another(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let operator = fleet.operator().await;
    let rival = json!({"slug": "rival", "name": "Rival"});
    let rival = operator.change("createOrganization", rival, "organization { id }").await.unwrap();
    let job = operator.submit(json!({"name": "ours", "command": ["true"]})).await;
    operator.reaches(&job, "SUCCEEDED").await;
    let hosts = operator.graphql("{ hosts { nodes { id version } } }", json!({})).await;
    let host = &hosts["hosts"]["nodes"][0];
    let input = json!({"id": host["id"], "expectedVersion": host["version"],
        "organizationId": text(&rival["organization"]["id"])});
    operator.change("updateHost", input, "host { id }").await.unwrap();
    let member = fleet.member("default").await;
    let seen = member.job(&job, "allocations { gpu { index host { name } } }").await;
    assert_eq!(seen["allocations"][0]["gpu"], json!({"index": 0, "host": {"name": "gpu-a01"}}));
    let gpus = member.graphql("{ gpus { nodes { id } } }", json!({})).await;
    assert_eq!(column(&gpus["gpus"]["nodes"], "id"), Vec::<String>::new());
}
