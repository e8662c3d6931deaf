//! GPUs that are held and not used, in real time: with the shortest window and the shortest grace that there are, a minute each.
//! All else about them is tested with a clock of its own, beside `api/src/store/idle.rs`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use system_tests::answer::{rows, text};
use system_tests::{Engine, Fleet, Place, PlayedHost, eventually};
use tokio::task::JoinHandle;

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_job_is_warned_and_waits_again_on_sqlite() {
    an_idle_job_is_warned_and_waits_again(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_job_is_warned_and_waits_again_on_postgres() {
    an_idle_job_is_warned_and_waits_again(Engine::Postgres).await;
}

/// Gives signs of life, once a second, of a card that does nothing.
fn stay_idle(host: &Arc<PlayedHost>) -> JoinHandle<()> {
    let host = host.clone();
    tokio::spawn(async move {
        loop {
            host.heartbeat_working(0.0).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
}

async fn an_idle_job_is_warned_and_waits_again(engine: Engine) {
    let mut fleet = Fleet::serve(Place::create(engine).await).await;
    let operator = fleet.operator().await;
    let policy = json!({"action": "STOP", "windowMinutes": 1, "graceMinutes": 1});
    let input = json!({"slug": "lab", "name": "lab", "idlePolicy": policy});
    operator.change("createOrganization", input, "organization { id }").await.unwrap();
    let (member, host) = (fleet.member("lab").await, Arc::new(PlayedHost::join(&fleet, "played", 1).await));
    let life = stay_idle(&host);
    let job = member.submit(json!({"name": "sleeper", "command": ["sleep"]})).await;
    member.reaches(&job, "ALLOCATED").await;
    host.report(&job, 1, "STARTED", json!({})).await.unwrap();

    let warned = eventually("it is warned", 240, async || {
        let now = member.job(&job, "status idleSince idleWarning { at action actsAt }").await;
        assert_ne!(now["status"], "STOPPING", "without a warning");
        (!now["idleWarning"].is_null()).then_some(now)
    })
    .await;
    assert_eq!((&warned["status"], &warned["idleWarning"]["action"]), (&json!("RUNNING"), &json!("STOP")));
    let figures = reqwest::get(format!("{}/metrics", fleet.origin())).await.unwrap().text().await.unwrap();
    assert!(figures.contains("gpu_fleet_idle_jobs 1"), "{figures}");

    let data_dir = fleet.place.data_dir().display().to_string();
    let sheet = fleet.place.run(&["job", &job, "--data-dir", &data_dir]).await;
    let says = "unless they are, it is stopped and, the first two times, waits again at";
    assert!(
        sheet.output().contains("its GPUs were not used since") && sheet.output().contains(says),
        "{sheet:?}"
    );

    // What was announced stands in the database, not in a server's memory.
    life.abort();
    let _ = life.await;
    fleet.kill9();
    fleet.restart().await;
    let life = stay_idle(&host);
    eventually("it is stopped", 240, async || {
        (member.job(&job, "status").await["status"] == "STOPPING").then_some(())
    })
    .await;
    host.report(&job, 1, "EXITED", json!({"exitCode": 143})).await.unwrap();
    let again = eventually("it waits again, and gets GPUs again", 30, async || {
        let now = member.job(&job, "status attempt idleWarning { at }").await;
        (now["attempt"] == 2).then_some(now)
    })
    .await;
    assert_eq!(again["idleWarning"], Value::Null);
    let told = member.job(&job, "events(first: 50) { nodes { status at message } }").await;
    let said = |word: &str| {
        let events = rows(&told["events"]["nodes"]).to_vec();
        let says = |event: &Value| event["message"].as_str().is_some_and(|message| message.contains(word));
        let event = events.into_iter().find(says);
        event.unwrap_or_else(|| panic!("nothing says {word:?}: {told}"))
    };
    let (warning, stop) =
        (said("unless they are used before"), said("stopped: its GPUs were not used since"));
    let at = |event: &Value| chrono::DateTime::parse_from_rfc3339(&text(&event["at"])).expect("an instant");
    assert!(at(&stop) - at(&warning) >= chrono::TimeDelta::minutes(1), "{warning} {stop}");
    life.abort();
}
