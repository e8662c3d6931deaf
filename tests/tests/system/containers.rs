//! Jobs with an image: where they may run, what runs them, and what becomes of their containers. A stand-in plays podman.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use system_tests::answer::{column, text};
use system_tests::{AgentOptions, AgentProcess, Client, Engine, Fleet, History, Place, both, eventually};

both! {
    a_job_with_an_image_runs_in_a_container_and_hands_its_exit_code_on,
    a_host_without_a_runtime_gets_no_job_with_an_image_and_the_blocker_says_so,
    an_image_that_cannot_be_had_is_told_apart_and_the_host_stays_well,
    an_image_that_its_registry_does_not_know_fails_the_job_at_once,
    a_container_is_found_again_by_the_next_agent_and_taken_away_when_its_shim_was_killed,
    an_image_that_is_none_is_refused,
}

const GPUS: &str = "simulated:2xH100-80GB";

/// A host with a stand-in for podman, in a folder of its own.
struct Host {
    agent: AgentProcess,
    folder: PathBuf,
}

impl Host {
    async fn start(fleet: &Fleet, name: &str) -> Self {
        let folder = fleet.place.folder().join(format!("{name}-programs"));
        std::fs::create_dir(&folder).unwrap();
        let program = folder.join("podman");
        let stand_in = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stand-in-podman");
        std::fs::copy(stand_in, &program).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let env = vec![("PATH".to_owned(), path)];
        let words = vec!["--container-runtime".to_owned(), "podman".to_owned()];
        let agent = AgentProcess::start_with(
            fleet,
            name,
            GPUS,
            AgentOptions { env, words, ..AgentOptions::default() },
        )
        .await;
        Self { agent, folder }
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.folder.join("calls")).unwrap_or_default()
    }
}

async fn server(engine: Engine) -> (Fleet, Client) {
    let fleet = Fleet::serve_with(Place::create(engine).await, &["--heartbeat", "1s"]).await;
    let client = fleet.operator().await;
    (fleet, client)
}

fn in_image(name: &str, line: &str) -> Value {
    json!({"name": name, "image": "lab/model:1", "command": ["/bin/sh", "-c", line]})
}

async fn log_of(client: &Client, id: &str) -> Vec<String> {
    column(&client.job(id, "logTail(lines: 100) { text }").await["logTail"], "text")
}

async fn a_job_with_an_image_runs_in_a_container_and_hands_its_exit_code_on(engine: Engine) {
    let (fleet, client) = server(engine).await;
    let host = Host::start(&fleet, "contained").await;
    let hosts = client.graphql("{ hosts { nodes { containerRuntime } } }", json!({})).await;
    assert_eq!(column(&hosts["hosts"]["nodes"], "containerRuntime"), ["podman 0.0-stand-in"]);
    let mut job = in_image("trains", "echo $SECRET; pwd; exit 7");
    job["env"] = json!([{"name": "SECRET", "value": "nobody may see"}]);
    job["workdir"] = json!(fleet.place.folder());
    let id = client.submit(job).await;
    client.reaches(&id, "FAILED").await;
    let told = client.job(&id, "image exitCode statusReason").await;
    assert_eq!((&told["image"], &told["exitCode"]), (&json!("lab/model:1"), &json!(7)), "{told}");
    let folder = std::fs::canonicalize(fleet.place.folder()).unwrap().display().to_string();
    assert_eq!(log_of(&client, &id).await, ["nobody may see".to_owned(), folder]);
    assert!(host.calls().contains(" lab/model:1 ") && !host.calls().contains("nobody may see"));
    let again = client.change("retryJob", json!({"id": id}), "job { id image }").await.unwrap();
    assert_eq!(again["job"]["image"], "lab/model:1");
    client.reaches(&text(&again["job"]["id"]), "FAILED").await;
    History::read(&client).await.keeps_every_invariant();
}

async fn a_host_without_a_runtime_gets_no_job_with_an_image_and_the_blocker_says_so(engine: Engine) {
    let (fleet, client) = server(engine).await;
    let words = ["--container-runtime", "none"].map(str::to_owned).to_vec();
    let plain = AgentOptions { words, ..AgentOptions::default() };
    let _plain = AgentProcess::start_with(&fleet, "plain", GPUS, plain).await;
    let preview = "query Preview($input: SubmitJobInput!) { previewJob(input: $input) {
        startsNow pending { blockers { code message } suggestions { code } } } }";
    let said = client.graphql(preview, json!({"input": in_image("asks", "true")})).await;
    let pending = &said["previewJob"]["pending"];
    assert_eq!(column(&pending["blockers"], "code"), ["NO_CONTAINER_RUNTIME"], "{said}");
    assert_eq!(column(&pending["suggestions"], "code"), ["WITHOUT_IMAGE"], "{said}");
    let id = client.submit(in_image("waits", "echo contained")).await;
    eventually("the job says what it waits for", 30, async || {
        let job = client.job(&id, "pending { blockers { code message } }").await;
        let blockers = &job["pending"]["blockers"];
        let none = "The job has an image, and 0 of 1 hosts with matching GPUs can run containers";
        (column(blockers, "message") == [none]).then_some(())
    })
    .await;
    let gpus = client.graphql("{ gpus { nodes { id } } }", json!({})).await;
    let input = json!({"jobId": id, "gpus": [{"id": gpus["gpus"]["nodes"][0]["id"]}]});
    let refusal = client.change("allocateGpus", input, "job { status }").await.unwrap_err();
    assert_eq!(refusal.code, "CONFLICT", "a person cannot put it there either");
    let _contained = Host::start(&fleet, "contained").await;
    client.reaches(&id, "SUCCEEDED").await;
    let job = client.job(&id, "gpus { host { name } }").await;
    assert_eq!(job["gpus"][0]["host"]["name"], "contained");
}

async fn an_image_that_cannot_be_had_is_told_apart_and_the_host_stays_well(engine: Engine) {
    let (fleet, client) = server(engine).await;
    let host = Host::start(&fleet, "offline").await;
    std::fs::write(host.folder.join("no-image"), "Error: initializing source: i/o timeout").unwrap();
    let mut job = in_image("unlucky", "echo ran");
    job["retryPauseSeconds"] = json!(0);
    let id = client.submit(job).await;
    client.reaches(&id, "FAILED").await;
    let job = client.job(&id, "statusReason exitCode attempt").await;
    assert!(
        text(&job["statusReason"]).contains("the image 'lab/model:1' cannot be had on this host: Error:"),
        "{job}"
    );
    assert_eq!(
        (&job["exitCode"], &job["attempt"]),
        (&Value::Null, &json!(11)),
        "ten starts are excused: {job}"
    );
    assert!(!log_of(&client, &id).await.contains(&"ran".to_owned()));
    let hosts = client.graphql("{ hosts { nodes { status } } }", json!({})).await;
    assert_eq!(column(&hosts["hosts"]["nodes"], "status"), ["READY"], "one image says nothing about a host");
    let plain = client.submit_line("plain", "exit 0").await;
    client.reaches(&plain, "SUCCEEDED").await;
}

async fn an_image_that_its_registry_does_not_know_fails_the_job_at_once(engine: Engine) {
    let (fleet, client) = server(engine).await;
    let host = Host::start(&fleet, "told-no").await;
    std::fs::write(host.folder.join("no-image"), "Error: initializing source: manifest unknown").unwrap();
    let mut job = in_image("mistyped", "echo ran");
    job["maxRetries"] = json!(3);
    let id = client.submit(job).await;
    client.reaches(&id, "FAILED").await;
    let job = client.job(&id, "statusReason exitCode attempt").await;
    let reason = "there is no image 'lab/model:1': Error: initializing source: manifest unknown";
    assert_eq!(job["statusReason"], reason);
    assert_eq!((&job["exitCode"], &job["attempt"]), (&Value::Null, &json!(1)), "{job}");
    assert_eq!(host.calls().lines().filter(|call| call.starts_with("run ")).count(), 1, "{}", host.calls());
    History::read(&client).await.keeps_every_invariant();
}

async fn a_container_is_found_again_by_the_next_agent_and_taken_away_when_its_shim_was_killed(
    engine: Engine,
) {
    let (fleet, client) = server(engine).await;
    let host = Host::start(&fleet, "mortal").await;
    let first = client.submit(in_image("outlives", "while ! test -e done; do sleep 0.1; done; exit 3")).await;
    let mut job = in_image("orphan", "echo ready; sleep 600");
    job["workdir"] = json!(fleet.place.folder());
    let second = client.submit(job).await;
    for id in [&first, &second] {
        client.reaches(id, "RUNNING").await;
    }
    eventually("the second writes", 30, async || (!log_of(&client, &second).await.is_empty()).then_some(()))
        .await;
    host.agent.kill9();
    let shim = shim_of(&host, &second);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(shim).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    host.agent.restart(&fleet);
    client.reaches(&second, "FAILED").await;
    assert!(text(&client.job(&second, "statusReason").await["statusReason"]).contains("its shim was killed"));
    assert!(host.calls().contains("rm --force --ignore --volumes --time 0 gpu-fleet-"), "{}", host.calls());
    let name = shim_name(&second);
    assert!(host.calls().lines().any(|call| call.starts_with("rm ") && call.contains(&name)));
    assert_eq!(client.job(&first, "status").await["status"], "RUNNING");
    client.change("cancelJob", json!({"id": first}), "job { status }").await.unwrap();
    client.reaches(&first, "CANCELLED").await;
    client.gpus_are_free(2).await;
    History::read(&client).await.keeps_every_invariant();
}

/// An attempt's directory and container are called after it.
fn shim_name(job: &str) -> String {
    format!("{job}-1")
}

/// The process of an attempt's shim, as its records tell.
fn shim_of(host: &Host, job: &str) -> i32 {
    let record = host.agent.data_dir().join("agent/jobs").join(shim_name(job)).join("started.json");
    let started: Value = serde_json::from_str(&std::fs::read_to_string(record).unwrap()).unwrap();
    i32::try_from(started["shim_pid"].as_i64().unwrap()).unwrap()
}

async fn an_image_that_is_none_is_refused(engine: Engine) {
    let (_fleet, client) = server(engine).await;
    for image in ["", "--privileged", "docker-archive:/etc/shadow", "Two Words"] {
        let mut job = in_image("bad", "true");
        job["image"] = json!(image);
        let refusal = client.change("submitJob", job, "job { id }").await.unwrap_err();
        assert_eq!(refusal.code, "BAD_USER_INPUT", "{image}");
    }
    let loan = json!({"name": "loan", "image": "lab/model:1"});
    let refusal = client.change("submitJob", loan, "job { id }").await.unwrap_err();
    assert_eq!(refusal.code, "BAD_USER_INPUT");
}
