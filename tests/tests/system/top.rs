//! `gpu-fleet top` in a terminal, as a person uses it.

use serde_json::json;
use system_tests::{Client, Engine, Fleet, Terminal, both};

const FOUR_GPUS: &str = "simulated:4xH100-80GB";

both! {
    top_shows_what_happens_without_a_key_and_goes_on_after_a_break,
}

/// A fleet, and top on a terminal of this size.
async fn watched(engine: Engine, size: (u16, u16), words: &str) -> (Fleet, Client, Terminal) {
    let fleet = Fleet::start(engine, FOUR_GPUS).await;
    let client = fleet.operator().await;
    let terminal = Terminal::open(&fleet.place, size, &[]);
    terminal.line(&format!("$FLEET top --data-dir {} {words}", fleet.place.data_dir().display()));
    terminal.shows(&["gpu-a01", "live", "4 simulated GPUs", "4 free"]).await;
    (fleet, client, terminal)
}

async fn top_shows_what_happens_without_a_key_and_goes_on_after_a_break(engine: Engine) {
    let (mut fleet, client, terminal) = watched(engine, (80, 24), "").await;

    let first = client.submit_line("from-outside", "sleep 600").await;
    terminal.shows(&["from-outside", "running", "1 busy", "3 free", "1 running", "sim gpu-a01/"]).await;
    let wide = json!({"name": "too-wide", "command": ["true"], "requirements": {"count": 4}});
    let second = client.submit(wide).await;
    terminal.shows(&["too-wide", "waiting", "next: 3 of 4 matching GPUs", "1 waiting"]).await;

    fleet.kill9();
    let screen = terminal.shows(&["cut off", "trying again", "from-outside"]).await;
    assert!(!screen.contains("live"), "{screen}");
    fleet.restart().await;
    terminal.shows(&["live"]).await;
    client.submit(json!({"name": "after-the-break", "command": ["true"], "hold": true})).await;
    let screen = terminal.shows(&["after-the-break", "held", "live"]).await;
    assert!(!screen.contains("cut off"), "{screen}");

    // The job that runs is the first of the list, and chosen.
    terminal.press(&["c"]);
    terminal.shows(&["Cancel this job?", "from-outside"]).await;
    terminal.press(&["n"]);
    terminal.shows(&["goes on"]).await;
    assert_eq!(client.job(&first, "status").await["status"], "RUNNING");
    terminal.press(&["F9"]);
    terminal.shows(&["Cancel this job?", "from-outside"]).await;
    terminal.press(&["y"]);
    client.reaches(&first, "CANCELLED").await;
    // That was what the other one waited for.
    client.reaches(&second, "SUCCEEDED").await;
    terminal.shows(&["cancelled", "done", "4 free"]).await;

    terminal.press(&["q"]);
    terminal.is_given_back().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_opens_with_all_that_it_waits_for() {
    let (_fleet, client, terminal) = watched(Engine::Sqlite, (120, 40), "").await;
    let first = client.submit(json!({"name": "loan", "requirements": {"count": 3}})).await;
    client.reaches(&first, "RUNNING").await;
    let wanted = json!({"count": 2, "gpuTypes": ["H100"]});
    client
        .submit(
            json!({"name": "needs-two", "command": ["true"], "requirements": wanted, "dependsOn": [first]}),
        )
        .await;
    terminal.shows(&["needs-two", "held"]).await;
    terminal.press(&["/"]);
    terminal.line("needs");
    terminal.shows(&["with \"needs\""]).await;
    terminal.press(&["Enter"]);
    terminal.shows(&["It waits for:", "DEPENDENCY", "GPUS_BUSY", "History", "asks for"]).await;
    // What it waits for ends elsewhere, and the open page follows.
    client.change("releaseJob", json!({"jobId": first}), "job { status }").await.expect("released");
    terminal.shows(&["SUCCEEDED"]).await;
    terminal.press(&["Escape"]);
    terminal.shows(&["JOBS with"]).await;
    terminal.press(&["Escape"]);
    terminal.shows(&["loan", "done"]).await;
    terminal.resize(80, 24);
    terminal.press(&["1"]);
    terminal.press(&["Enter"]);
    terminal.shows(&["READY", "4x sim H100-80GB"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_given_back_after_a_signal_and_readonly_cancels_nothing() {
    let (_fleet, client, terminal) = watched(Engine::Sqlite, (80, 24), "--readonly --no-unicode").await;
    client.submit_line("safe", "sleep 600").await;
    let screen = terminal.shows(&["safe", "running"]).await;
    assert!(screen.is_ascii(), "{screen}");
    terminal.press(&["c"]);
    terminal.shows(&["nothing is changed here"]).await;
    terminal.press(&["C-z"]);
    terminal.is_given_back().await;
    terminal.line("fg");
    terminal.shows(&["safe", "live"]).await;
    let pid = terminal.fact("pane_pid");
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let top: i32 = children.trim().parse().unwrap();
    let top = rustix::process::Pid::from_raw(top).unwrap();
    rustix::process::kill_process(top, rustix::process::Signal::TERM).unwrap();
    terminal.is_given_back().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_or_a_server_top_says_what_to_do() {
    let fleet = Fleet::start(Engine::Sqlite, FOUR_GPUS).await;
    let data_dir = fleet.place.data_dir().display().to_string();
    let ended = fleet.place.run(&["top", "--data-dir", &data_dir]).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("gpu-fleet jobs --json"), "{ended:?}");
    let terminal = Terminal::open(&fleet.place, (200, 24), &[]);
    terminal.line("$FLEET top --server http://127.0.0.1:9; echo code-$?");
    terminal.shows(&["no answer from http://127.0.0.1:9", "gpu-fleet up", "code-6"]).await;
    terminal.is_given_back().await;
}
