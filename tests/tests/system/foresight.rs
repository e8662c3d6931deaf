//! What can be asked of the future: when a waiting job starts, what would start it now, and what a job would wait for.

use serde_json::{Value, json};
use system_tests::answer::text;
use system_tests::{Client, Engine, Fleet, both, eventually};

both! {
    a_waiting_job_says_when_it_starts_and_what_would_start_it_now,
    a_preview_tells_what_submitting_would_do_and_keeps_nothing,
    the_past_is_played_again_as_it_was_and_as_it_might_have_been,
}

/// Four GPUs, three of which are taken for ten minutes at most.
async fn nearly_full(engine: Engine) -> (Fleet, Client, String) {
    let fleet = Fleet::start(engine, "simulated:4xH100-80GB").await;
    let client = fleet.operator().await;
    let input = json!({
        "name": "long", "command": ["sleep", "600"], "timeLimitSeconds": 600, "requirements": {"count": 3}
    });
    let long = client.submit(input).await;
    client.reaches(&long, "RUNNING").await;
    (fleet, client, long)
}

async fn a_waiting_job_says_when_it_starts_and_what_would_start_it_now(engine: Engine) {
    let (_fleet, client, long) = nearly_full(engine).await;
    let pair =
        json!({"name": "pair", "command": ["true"], "timeLimitSeconds": 60, "requirements": {"count": 2}});
    let first = client.submit(pair.clone()).await;
    let fields = "pending { medianStartAt ninetyPercentStartAt estimateQuality { jobs }
        suggestions { code message hosts requirements { count } } }";
    let pending = eventually("its start is foreseen", 30, async || {
        let pending = client.job(&first, fields).await["pending"].take();
        (!pending["ninetyPercentStartAt"].is_null()).then_some(pending)
    })
    .await;
    assert!(text(&pending["medianStartAt"]) <= text(&pending["ninetyPercentStartAt"]), "{pending}");
    let fewer = json!({
        "code": "FEWER_GPUS", "message": "with 1 GPU instead of 2: now, on gpu-a01", "hosts": ["gpu-a01"],
        "requirements": {"count": 1}
    });
    assert_eq!(pending["suggestions"], json!([fewer]));
    client.change("cancelJob", json!({"id": long}), "job { id }").await.unwrap();
    client.reaches(&first, "SUCCEEDED").await;
    // The next one that waits is told how good that was.
    client.submit(json!({"name": "all", "command": ["sleep", "600"], "requirements": {"count": 4}})).await;
    let second = client.submit(pair).await;
    eventually("the estimate was judged", 30, async || {
        let pending = client.job(&second, fields).await["pending"].take();
        (pending["estimateQuality"] == json!({"jobs": 1})).then_some(())
    })
    .await;
}

async fn a_preview_tells_what_submitting_would_do_and_keeps_nothing(engine: Engine) {
    let (_fleet, client, _) = nearly_full(engine).await;
    let preview = async |requirements: Value| {
        let query = "query ($input: SubmitJobInput!) { previewJob(input: $input) {
            startsNow hosts pending { blockers { code } suggestions { code } } } }";
        let input = json!({"name": "what if", "command": ["true"], "requirements": requirements});
        client.graphql(query, json!({"input": input})).await["previewJob"].take()
    };
    assert_eq!(
        preview(json!({"count": 1})).await,
        json!({"startsNow": true, "hosts": ["gpu-a01"], "pending": null})
    );
    let busy = json!({"blockers": [{"code": "GPUS_BUSY"}], "suggestions": [{"code": "FEWER_GPUS"}]});
    assert_eq!(preview(json!({"count": 2})).await, json!({"startsNow": false, "hosts": [], "pending": busy}));
    let never = preview(json!({"count": 1, "gpuTypes": ["abacus"]})).await;
    assert_eq!(never["pending"]["blockers"], json!([{"code": "NO_MATCHING_GPU"}]));
    assert_eq!(never["pending"]["suggestions"], json!([{"code": "ANY_TYPE"}]));
    assert_eq!(client.graphql("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 1);
}

async fn the_past_is_played_again_as_it_was_and_as_it_might_have_been(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let client = fleet.operator().await;
    let jobs =
        (0..5).map(|number| json!({"name": format!("job-{number}"), "command": ["sleep", "1"]})).collect();
    for id in client.submit_all(jobs).await {
        client.reaches(&id, "SUCCEEDED").await;
    }
    client.submit(json!({"name": "never ran", "hold": true})).await;
    let data_dir = fleet.place.data_dir().display().to_string();
    let simulate = async |more: &[&str]| {
        let words = ["simulate", "--history", "1h", "--data-dir", &data_dir];
        fleet.place.run(&[&words[..], more].concat()).await
    };
    let told: Value = serde_json::from_str(&simulate(&["--json"]).await.stdout).unwrap();
    assert_eq!((&told["done"], &told["neverPlaced"]), (&json!(5), &json!(0)), "{told}");
    let longest = told["wait"]["max"].as_f64().unwrap();
    assert!(longest >= 4.0, "five jobs one after the other: {told}");
    let both: Value = serde_json::from_str(&simulate(&["--json", "--add-hosts", "4"]).await.stdout).unwrap();
    assert_eq!(both["asItIs"]["wait"]["max"], told["wait"]["max"], "{both}");
    assert_eq!(both["whatIf"]["wait"]["max"], 0.0, "{both}");
    let table = simulate(&["--quota", "default=0"]).await;
    assert!(table.stdout.contains("AS IT IS") && table.stdout.contains("WHAT IF"), "{}", table.stdout);
    let unknown = simulate(&["--quota", "nobody=1"]).await;
    assert_eq!(unknown.code, Some(3), "{}", unknown.stderr);
}
