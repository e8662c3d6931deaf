//! `gpu-fleet doctor`: what it says of this machine, with a driver in several states, and with and without a server.

use serde_json::Value;
use system_tests::answer::{rows, text};
use system_tests::{AgentOptions, AgentProcess, Binary, Ended, Engine, Fleet, Hardware, Place, both};

both! {
    a_host_that_has_joined_is_known_and_one_that_was_removed_is_not,
}

/// Runs it without any setting of this process but these.
async fn doctor(options: &AgentOptions, words: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let words: Vec<String> = ["doctor".to_owned()]
        .into_iter()
        .chain(words.iter().map(|word| (*word).to_owned()))
        .chain(options.words.iter().cloned())
        .collect();
    let mut command = Binary::find().command(folder.path());
    command.args(words).envs(options.env.iter().cloned());
    let ended = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it leaves nothing behind");
    Ended { code: ended.status.code(), stdout: text(ended.stdout), stderr: text(ended.stderr) }
}

async fn findings(options: &AgentOptions, words: &[&str]) -> (Option<i32>, Vec<Value>) {
    let ended = doctor(options, &[words, &["--json"]].concat()).await;
    let found: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended.code, rows(&found).to_vec())
}

/// Grade and sentence of one check.
fn about(findings: &[Value], check: &str) -> (String, String) {
    let found = findings.iter().find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("nothing about {check} in {findings:?}"));
    if found["grade"] != "OK" {
        assert!(found["run"].as_str().is_some_and(|run| !run.is_empty()), "{found}");
    }
    (text(&found["grade"]), text(&found["says"]))
}

#[tokio::test]
async fn a_driver_that_works_is_told_from_each_way_in_which_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let hardware = Hardware::new(folder.path(), 2);
    let of = async |facts: &str| {
        hardware.now(facts);
        let (code, findings) = findings(&hardware.options(), &[]).await;
        (code, about(&findings, "NVML"), findings)
    };
    let (_, (grade, says), found) = of("").await;
    assert_eq!((grade.as_str(), says.as_str()), ("OK", "NVML lists 2 GPUs, driver 550.90.07"));
    assert_eq!(about(&found, "persistence mode").1, "on");
    let (_, _, found) = of("gpu 1 persistence=0\n").await;
    let (grade, says) = about(&found, "persistence mode");
    assert!(grade == "WARN" && says.contains("off on GPU 1"), "{says}");
    for (code, word) in [
        (18, "another version"),
        (4, "may not use the driver"),
        (9, "no driver answers"),
        (999, "NVML fails"),
    ] {
        let (ended, (grade, says), _) = of(&format!("fail nvmlInit_v2 {code}\n")).await;
        assert!(ended == Some(1) && grade == "FAIL" && says.contains(word), "{code}: {says}");
    }
}

#[tokio::test]
async fn without_a_library_and_without_a_server_it_still_says_what_it_can() {
    let words = ["--nvml-library", "/no/such/library.so"];
    let (_, found) = findings(&AgentOptions::default(), &words).await;
    let (_, says) = about(&found, "NVML");
    assert!(says.contains("not here") || says.contains("cannot be loaded"), "{says}");
    assert!(!found.iter().any(|finding| finding["check"] == "server"));
    for check in
        ["kernel", "control groups", "users", "containers", "data directory", "disk", "open files", "key"]
    {
        about(&found, check);
    }
    let ended =
        doctor(&AgentOptions::default(), &[&words[..], &["--server", "http://127.0.0.1:1"]].concat()).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("FAIL  server: http://127.0.0.1:1 cannot be reached"), "{ended:?}");
    assert!(ended.stdout.contains("\n      curl -v http://127.0.0.1:1/healthz"), "{ended:?}");
}

async fn a_host_that_has_joined_is_known_and_one_that_was_removed_is_not(engine: Engine) {
    let fleet = Fleet::serve_with(Place::create(engine).await, &["--heartbeat", "1s"]).await;
    let client = fleet.operator().await;
    let agent = AgentProcess::start(&fleet, "patient", "simulated:1xH100-80GB").await;
    let (origin, dir) = (fleet.origin(), agent.data_dir().display().to_string());
    let words = ["--server", &origin, "--data-dir", &dir];
    let key = async || {
        let (_, found) = findings(&AgentOptions::default(), &words).await;
        assert_eq!(about(&found, "server").0, "OK");
        assert_eq!(about(&found, "clock").0, "OK", "one machine has one time");
        about(&found, "key")
    };
    // The server knows the host a moment before the agent has kept its key.
    system_tests::eventually("the key is kept and known", 30, async || (key().await.0 == "OK").then_some(()))
        .await;
    agent.kill9();
    let hosts = client.graphql("{ hosts { nodes { id } } }", serde_json::json!({})).await;
    let id = &hosts["hosts"]["nodes"][0]["id"];
    client.change("removeHost", serde_json::json!({"id": id}), "name").await.unwrap();
    system_tests::eventually("the key is refused", 30, async || (key().await.0 == "FAIL").then_some(()))
        .await;
}
