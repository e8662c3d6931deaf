//! Shares of a GPU: enforced where NVIDIA's MPS answers, and plainly told where it does not.

use serde_json::json;
use system_tests::answer::{column, rows};
use system_tests::{AgentProcess, Client, Engine, Fleet, Hardware, Mps, Place, both, eventually};

both! {
    a_share_is_bounded_where_mps_answers,
    a_share_that_nothing_bounds_is_told,
}

async fn server(engine: Engine) -> (Fleet, Client, Hardware) {
    let fleet = Fleet::serve_with(Place::create(engine).await, &["--heartbeat", "1s"]).await;
    let client = fleet.operator().await;
    let hardware = Hardware::new(fleet.place.folder(), 1);
    (fleet, client, hardware)
}

async fn says(client: &Client, enforced: bool) {
    eventually("the card says whether shares are enforced", 30, async || {
        let data = client.graphql("{ gpus { nodes { sharesEnforced } } }", json!({})).await;
        (data["gpus"]["nodes"][0]["sharesEnforced"] == enforced).then_some(())
    })
    .await;
}

/// What a job of a quarter of a card finds in its environment, and what its history tells.
async fn quarter(client: &Client) -> (Vec<String>, Vec<String>) {
    let line = "env | grep ^CUDA_MPS | sort; echo end";
    let job = json!({"name": "quarter", "command": ["/bin/sh", "-c", line], "requirements": {"milli": 250}});
    let id = client.submit(job).await;
    client.reaches(&id, "SUCCEEDED").await;
    let fields = "logTail(lines: 10) { text } events(first: 20) { nodes { message } }";
    let job = client.job(&id, fields).await;
    let told = rows(&job["events"]["nodes"]).iter();
    (
        column(&job["logTail"], "text"),
        told.filter_map(|event| event["message"].as_str().map(str::to_owned)).collect(),
    )
}

async fn a_share_is_bounded_where_mps_answers(engine: Engine) {
    let (fleet, client, hardware) = server(engine).await;
    let mps = Mps::start(fleet.place.folder()).await;
    // The service itself holds some memory of the card, and is nobody's stranger.
    hardware.now(&format!("proc 0 {} 30000000\n", mps.server()));
    let mut options = hardware.options();
    options.env.extend(mps.env());
    let _agent = AgentProcess::start_with(&fleet, "bounds", "nvml", options).await;
    says(&client, true).await;
    let (log, told) = quarter(&client).await;
    // A quarter of 81,559 MiB.
    let pipes = format!("CUDA_MPS_PIPE_DIRECTORY={}", mps.pipes().display());
    let bounds =
        ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE=25", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=20389M", &pipes, "end"];
    assert_eq!(log, bounds);
    assert!(!told.iter().any(|message| message.contains("not enforced")), "{told:?}");
    client.gpus_are_free(1).await;
    drop(mps);
    let (log, told) = quarter(&client).await;
    assert_eq!(log, ["end"], "what is gone is not relied upon");
    assert!(told.iter().any(|message| message.contains("does not answer")), "{told:?}");
}

async fn a_share_that_nothing_bounds_is_told(engine: Engine) {
    let (fleet, client, hardware) = server(engine).await;
    let mut options = hardware.options();
    let nowhere = fleet.place.folder().join("nowhere").display().to_string();
    options.env.push(("CUDA_MPS_PIPE_DIRECTORY".to_owned(), nowhere));
    let _agent = AgentProcess::start_with(&fleet, "counts", "nvml", options).await;
    says(&client, false).await;
    let (log, told) = quarter(&client).await;
    assert_eq!(log, ["end"]);
    let note = "its share of 0.25 of a GPU is not enforced: no MPS control daemon runs on its host";
    assert!(told.iter().any(|message| message == note), "{told:?}");
}
