//! What an operator meets: settings, permissions, proxies, and a server that says when half of it has died.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use serde_json::json;
use system_tests::{Engine, Fleet, Place, eventually};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_of_settings_is_an_error_that_repeats_nothing() {
    let place = Place::create(Engine::Sqlite).await;
    fs::write(place.folder().join(".env"), "GPU_FLEET_GPUS=none\n\nGPU_FLEET_TOKEN='s3cret\nx=1\n").unwrap();
    let ended = place.run(&place.words(&["serve", "--listen", "127.0.0.1:0"])).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("line 3") && !ended.stderr.contains("s3cret"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_setting_is_none() {
    let place = Place::create(Engine::Sqlite).await;
    fs::write(place.folder().join(".env"), "GPU_FLEET_DATABASE_URL=\nGPU_FLEET_JSON=\n").unwrap();
    let fleet = Fleet::serve(place).await;
    let ended = fleet.place.run(&["jobs", "--data-dir", &fleet.place.data_dir().display().to_string()]).await;
    assert!(ended.output().starts_with("No such jobs"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_agent_cannot_run_ends_and_says_why() {
    let place = Place::create(Engine::Sqlite).await;
    let agent = place.data_dir().join("agent");
    fs::create_dir_all(&agent).unwrap();
    let taken = fs::File::create(agent.join("lock")).unwrap();
    taken.lock().unwrap();
    let ended = place.run(&place.words(&["up", "--listen", "127.0.0.1:0", "--gpus", "none"])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("another agent is at work"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_can_be_read_by_its_owner_alone() {
    let place = Place::create(Engine::Sqlite).await;
    fs::create_dir_all(place.data_dir()).unwrap();
    fs::set_permissions(place.data_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let fleet = Fleet::start_in(place, &["--gpus", "none"], &[]).await;
    for entry in fs::read_dir(fleet.place.data_dir()).unwrap().flatten() {
        let (name, metadata) = (entry.file_name(), entry.metadata().unwrap());
        let open = metadata.permissions().mode() & 0o077 != 0;
        let harmless = name == "server.lock" || name == "gpu-fleet.reserve";
        assert!(!open || harmless, "{name:?} can be read by others");
    }
    let out = fleet.place.folder().join("join-token");
    let ended = fleet.place.token_words(&["--role", "agent", "--out", &out.display().to_string()]).await;
    assert_eq!(ended.output(), "");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_the_public_name_and_its_pages_are_served_and_no_others() {
    let words = ["--gpus", "none", "--public-url", "https://fleet.example.org"];
    let fleet = Fleet::start_in(Place::create(Engine::Sqlite).await, &words, &[]).await;
    for (host, status) in [("fleet.example.org", 200), ("127.0.0.1", 200), ("evil.example.org", 421)] {
        let request = reqwest::Client::new().get(format!("{}/healthz", fleet.origin())).header("host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
    for (origin, opens) in [("https://fleet.example.org", true), ("https://evil.example.org", false)] {
        let mut request =
            format!("{}/graphql", fleet.origin().replacen("http", "ws", 1)).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        request.headers_mut().insert("host", "fleet.example.org".parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        assert_eq!(tokio_tungstenite::connect_async(request).await.is_ok(), opens, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_log_is_printed_and_its_newest_lines_when_asked() {
    let fleet = Fleet::start(Engine::Sqlite, "simulated:1xH100-80GB").await;
    let client = fleet.operator().await;
    let id = client.submit_line("talks", "seq 3000").await;
    client.reaches(&id, "SUCCEEDED").await;
    let data_dir = fleet.place.data_dir().display().to_string();
    let logs = async |more: &[&str]| {
        let ended = fleet.place.run(&[&["logs", &id, "--data-dir", &data_dir], more].concat()).await;
        ended.output().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let all: Vec<String> = (1..=3000).map(|number| number.to_string()).collect();
    // The last lines may still be on their way; who follows hears when there are no more to come.
    assert_eq!(logs(&["--follow"]).await, all);
    assert_eq!(logs(&[]).await, all);
    assert_eq!(logs(&["-n", "3"]).await, all[2997..]);
    assert_eq!(logs(&["-n", "2000"]).await, all[1000..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_submitted_on_the_servers_machine_runs_where_its_user_stands() {
    let fleet = Fleet::start(Engine::Sqlite, "simulated:1xH100-80GB").await;
    let data_dir = fleet.place.data_dir().display().to_string();
    let ended = fleet.place.run(&["run", "--quiet", "--data-dir", &data_dir, "--", "pwd"]).await;
    let here = fs::canonicalize(fleet.place.folder()).unwrap();
    assert_eq!(ended.output().trim(), here.display().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_asks_for_too_much_is_told_when_to_ask_again() {
    let words = ["--rate", "10", "--rate-burst", "350"];
    let fleet = Fleet::serve_with(Place::create(Engine::Sqlite).await, &words).await;
    let client = fleet.member("default").await;
    let refused = eventually("the bucket is empty", 30, async || {
        client.change("submitJob", json!({"name": "x", "hold": true}), "job { id }").await.err()
    })
    .await;
    assert_eq!(refused.code, "RATE_LIMITED");
    let response = client.raw("{ viewer { subject } jobs(first: 60) { nodes { id name status } } }").await;
    assert_eq!(response.status(), 429);
    let retry: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=40).contains(&retry), "{retry}");
    // Nobody pays for another.
    let other = fleet.client(&["--role", "viewer", "--org", "default", "--subject", "somebody-else"]).await;
    let response = other.raw("{ viewer { subject } }").await;
    assert_eq!(response.status(), 200);
    assert!(response.headers()["ratelimit-policy"].to_str().unwrap().contains("q=350"));
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_of_an_operation_its_resolvers_and_statements_reach_a_collector() {
    let received: Arc<Mutex<Vec<u8>>> = Arc::default();
    let sink = Arc::clone(&received);
    let take = move |body: axum::body::Bytes| {
        let sink = Arc::clone(&sink);
        async move { sink.lock().unwrap().extend_from_slice(&body) }
    };
    let router = axum::Router::new().route("/v1/traces", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let place = Place::create(Engine::Sqlite).await;
    let fleet = Fleet::serve_with(place, &["--otlp-endpoint", &collector]).await;
    let client = fleet.operator().await;
    let secret = "write-only-4711";
    client
        .submit(json!({"name": "keeps", "hold": true, "env": [{"name": "PASSWORD", "value": secret}]}))
        .await;
    client.graphql("query WhatRuns { jobs(first: 5) { nodes { name } } }", json!({})).await;
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    eventually("the operation's spans arrive", 30, async || {
        let bytes = received.lock().unwrap().clone();
        let all = ["gpu-fleet", "operation", "WhatRuns", "jobs", "SELECT"];
        all.iter().all(|text| has(&bytes, text)).then_some(())
    })
    .await;
    // What was sent before has arrived with them: spans tell what ran, never with which values.
    assert!(!has(&received.lock().unwrap(), secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_and_the_database_are_counted_for_who_watches() {
    let fleet = Fleet::start(Engine::Sqlite, "simulated:2xH100-80GB").await;
    let client = fleet.operator().await;
    let job = client.submit_line("runs", "sleep 60").await;
    client.reaches(&job, "RUNNING").await;
    let url = format!("{}/metrics", fleet.origin());
    eventually("every figure is there", 10, async || {
        let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
        let told = |line: &str| text.lines().any(|one| one == line);
        let lines = [
            "gpu_fleet_gpus{state=\"allocated\"} 1",
            "gpu_fleet_gpus{state=\"available\"} 1",
            "gpu_fleet_hosts{state=\"ready\"} 1",
            "gpu_fleet_jobs{status=\"RUNNING\"} 1",
            "gpu_fleet_jobs{status=\"QUEUED\"} 0",
            "gpu_fleet_writes_waiting 0",
        ];
        let all = lines.iter().all(|line| told(line)) && text.contains("gpu_fleet_database_connections{");
        let by_code = text.contains("kind=\"mutation\",code=\"OK\"");
        (all && by_code).then_some(())
    })
    .await;
}

/// A browser says that it takes packed files; a program may not.
#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_sent_packed_to_who_takes_it_so() {
    let fleet = Fleet::start(Engine::Sqlite, "none").await;
    let ask = async |packed: bool| {
        let request = reqwest::Client::new().get(fleet.origin());
        let request = if packed { request.header("accept-encoding", "gzip") } else { request };
        request.send().await.expect("an answer")
    };
    let (plain, packed) = (ask(false).await, ask(true).await);
    assert_eq!(plain.headers().get("content-encoding"), None);
    assert_eq!(packed.headers().get("content-encoding").map(|value| value.as_bytes()), Some(&b"gzip"[..]));
    assert_eq!(plain.headers().get("etag"), packed.headers().get("etag"), "they are the same file");
    let known = packed.headers()["etag"].clone();
    let again = reqwest::Client::new()
        .get(fleet.origin())
        .header("if-none-match", known)
        .send()
        .await
        .expect("an answer");
    assert_eq!(again.status(), 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_database_go_by_its_clock() {
    system_tests::within(async {
        let place = Place::create(Engine::Postgres).await;
        // A database whose clock shows another time than this machine's does: what is asked for it is found here first.
        for statement in [
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE \
             AS $$ SELECT pg_catalog.clock_timestamp() + interval '5 hours' $$",
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); \
             END $$",
        ] {
            place.database.execute(&place.data_dir(), statement).await;
        }
        let first = Fleet::start_in(place, &["--gpus", "simulated:1xH100-80GB"], &[]).await;
        let second = Fleet::serve(Place::on(first.place.database.clone())).await;
        for fleet in [&first, &second] {
            let client = fleet.operator().await;
            let input = json!({"name": "flaky", "command": ["false"], "maxRetries": 1, "retryPauseSeconds": 1});
            let job = client.submit(input).await;
            client.reaches(&job, "FAILED").await;
            let query = "query($id: ID!) { job(id: $id) { submittedAt startedAt finishedAt attempt } }";
            let told = client.graphql(query, json!({"id": job})).await["job"].clone();
            let at = |field: &str| told[field].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
            let ahead = at("submittedAt") - chrono::Utc::now();
            assert_eq!(ahead.num_minutes().div_euclid(60), 4, "a moment ago, by a clock that is five hours ahead: {told}");
            assert!(at("submittedAt") < at("startedAt") && at("startedAt") <= at("finishedAt"), "{told}");
            assert_eq!(told["attempt"], 2, "{told}");
        }
    })
    .await;
}
