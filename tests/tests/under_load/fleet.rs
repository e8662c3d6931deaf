//! A fleet under test: the binary, its directory, its database, and a client.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::socket::Subscription;

/// The database under a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The program under test.
pub(crate) fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("GPU_FLEET_BIN") {
        return PathBuf::from(path);
    }
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("gpu-fleet");
    assert!(path.exists(), "{} is not there: cargo build -p gpu-fleet", path.display());
    path
}

/// Waits for a condition, at most 30 seconds, looking often.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A command of the program, without this process's own settings.
pub(crate) fn command() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GPU_FLEET_"))
    {
        command.env_remove(name);
    }
    command
}

/// A token, minted as a user would.
pub(crate) fn mint(data_dir: &Path, arguments: &[&str]) -> String {
    let output = command().arg("token").arg("--data-dir").arg(data_dir).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned()
}

/// A database of its own on the server that the tests were given.
async fn fresh_database() -> String {
    let admin = std::env::var("GPU_FLEET_TEST_POSTGRES_URL").expect(
        "GPU_FLEET_TEST_POSTGRES_URL names no PostgreSQL server: run scripts/with-postgres.sh cargo test",
    );
    let name = format!("fleet_{:016x}", rand::random::<u64>());
    let db = Database::connect(&admin).await.unwrap();
    db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (server, _) = admin.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// A running fleet; killed when dropped.
pub(crate) struct Fleet {
    pub(crate) dir: TempDir,
    pub(crate) database_url: Option<String>,
    pub(crate) url: String,
    pub(crate) operator: String,
    gpus: String,
    role: &'static str,
    child: Child,
    http: reqwest::Client,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Fleet {
    /// Server and agent with so many simulated GPUs.
    pub(crate) async fn start(engine: Engine, gpus: usize) -> Self {
        Self::start_with(engine, &format!("simulated:{gpus}xH100-80GB")).await
    }

    pub(crate) async fn start_with(engine: Engine, gpus: &str) -> Self {
        let database_url = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(fresh_database().await),
        };
        Self::start_on("up", database_url, gpus).await
    }

    /// A server of a given database, with or without an agent.
    pub(crate) async fn start_on(role: &'static str, database_url: Option<String>, gpus: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let child = launch(role, dir.path(), &url, database_url.as_deref(), gpus);
        let http = reqwest::Client::new();
        let mut fleet = Self {
            dir,
            database_url,
            url,
            operator: String::new(),
            gpus: gpus.to_owned(),
            role,
            child,
            http,
        };
        fleet.ready().await;
        fleet.operator = mint(fleet.dir.path(), &["--role", "operator", "--org", "default"]);
        if role == "up" {
            fleet.wait_for_gpus().await;
        }
        fleet
    }

    async fn ready(&mut self) {
        let (http, url) = (self.http.clone(), format!("{}/readyz", self.url));
        eventually("the server is ready", || {
            let request = http.get(&url).send();
            async move { request.await.ok().filter(|answer| answer.status().is_success()) }
        })
        .await;
    }

    async fn wait_for_gpus(&self) {
        eventually("the host is there", || async {
            let data = self.query("{ hosts { nodes { status } } }", json!({})).await;
            (data["hosts"]["nodes"][0]["status"] == "READY").then_some(())
        })
        .await;
    }

    /// As a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// On the same data and port.
    pub(crate) async fn start_again(&mut self) {
        self.child = launch(self.role, self.dir.path(), &self.url, self.database_url.as_deref(), &self.gpus);
        self.ready().await;
    }

    /// The whole answer to an operation of the operator.
    pub(crate) async fn ask(&self, document: &str, variables: Value) -> Value {
        self.ask_as(&self.operator, document, variables).await
    }

    pub(crate) async fn ask_as(&self, token: &str, document: &str, variables: Value) -> Value {
        self.try_ask(token, document, variables).await.expect("an answer")
    }

    /// `None`: the server did not answer.
    pub(crate) async fn try_ask(&self, token: &str, document: &str, variables: Value) -> Option<Value> {
        let body = json!({ "query": document, "variables": variables });
        let request = self.http.post(format!("{}/graphql", self.url)).bearer_auth(token).json(&body);
        request.send().await.ok()?.json().await.ok()
    }

    /// The data of an operation that has to succeed.
    pub(crate) async fn query(&self, document: &str, variables: Value) -> Value {
        let mut answer = self.ask(document, variables).await;
        assert!(answer.get("errors").is_none(), "{document}: {answer}");
        answer["data"].take()
    }

    pub(crate) async fn subscribe(&self, document: &str, variables: Value) -> Subscription {
        Subscription::open(&self.url, &self.operator, document, variables).await
    }

    /// Submits a job and returns its id.
    pub(crate) async fn submit(&self, input: Value) -> String {
        let document = "mutation($input: SubmitJobInput!) { submitJob(input: $input) { job { id } } }";
        let data = self.query(document, json!({ "input": input })).await;
        data["submitJob"]["job"]["id"].as_str().unwrap().to_owned()
    }

    /// A job as it is now.
    pub(crate) async fn job(&self, id: &str) -> Value {
        let document = "query($id: ID!) { job(id: $id) { id status statusReason exitCode attempt version \
            pending { position blockers { code message } } gpus { uuid index } \
            events(first: 100) { nodes { status attempt } } \
            allocations { attempt milli allocatedAt releasedAt gpu { id } } } }";
        self.query(document, json!({ "id": id })).await["job"].take()
    }

    /// Waits until a job has a status.
    pub(crate) async fn job_is(&self, id: &str, status: &str) -> Value {
        eventually(&format!("{id} is {status}"), || async {
            Some(self.job(id).await).filter(|job| job["status"] == status)
        })
        .await
    }
}

fn launch(role: &str, dir: &Path, url: &str, database_url: Option<&str>, gpus: &str) -> Child {
    let mut command = command();
    command.arg(role).arg("--data-dir").arg(dir).arg("--listen").arg(url.trim_start_matches("http://"));
    if role == "up" {
        command.args(["--gpus", gpus, "--name", "test-host"]);
    }
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("log")).unwrap();
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// The code of an answer's first error.
pub(crate) fn code(answer: &Value) -> Option<&str> {
    answer["errors"][0]["extensions"]["code"].as_str()
}
