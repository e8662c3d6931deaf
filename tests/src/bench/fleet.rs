//! A server and its agents as people start them, and a client that speaks GraphQL over kept-alive HTTP.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::Fault;
use crate::process::Process;

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A server with its agents.
pub(crate) struct Fleet {
    binary: PathBuf,
    place: PathBuf,
    url: String,
    server: Process,
    agents: Vec<Process>,
    client: Client,
    operator: Client,
}

impl Fleet {
    /// Starts a server in this directory, on that database or on SQLite, with one organization to submit for.
    pub(crate) async fn start(binary: &Path, place: &Path, database: Option<String>) -> Result<Self, Fault> {
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(place.join("server"));
        if let Some(database) = database {
            command.args(["--database-url", &database]);
        }
        let mut server = Process::start(&mut command, &place.join("server.log"))?;
        let url = server.word_after("gpu-fleet is up at ").await?;
        let operator = Client::new(&url, token(binary, place, &["--role", "operator"]).await?);
        operator.create_organization("bench").await?;
        let client = Client::new(&url, token(binary, place, &["--role", "member", "--org", "bench"]).await?);
        let (binary, place) = (binary.to_owned(), place.to_owned());
        Ok(Self { binary, place, url, server, agents: Vec::new(), client, operator })
    }

    /// Starts an agent with these GPUs and waits until the fleet has so many to give; returns its number.
    pub(crate) async fn start_agent(&mut self, name: &str, gpus: &str, available: i64) -> Result<usize, Fault> {
        let join = self.place.join(format!("{name}.join"));
        std::fs::write(&join, token(&self.binary, &self.place, &["--role", "agent"]).await?)?;
        let mut command = Command::new(&self.binary);
        command.args(["agent", "--server", &self.url, "--name", name, "--gpus", gpus, "--join-token-file"]);
        command.arg(&join).arg("--data-dir").arg(self.place.join(name));
        self.agents.push(Process::start(&mut command, &self.place.join(format!("{name}.log")))?);
        let began = Instant::now();
        while self.operator.gpus_available().await? < available {
            if began.elapsed() > READY_WITHIN {
                return Err(format!("the agent {name} brings no {available} GPUs").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(self.agents.len() - 1)
    }

    /// A client that may submit.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The server's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The server's resident memory.
    pub(crate) fn server_memory_mib(&self) -> Result<f64, Fault> {
        self.server.memory_mib()
    }

    /// An agent's resident memory.
    pub(crate) fn agent_memory_mib(&self, agent: usize) -> Result<f64, Fault> {
        self.agents.get(agent).ok_or("no such agent")?.memory_mib()
    }

    /// Stops all of it, and tells which warnings it had logged.
    pub(crate) async fn stop(self) -> Result<(), Fault> {
        for agent in self.agents {
            agent.stop().await?;
        }
        self.server.stop().await?;
        for log in ["server.log", "small.log", "large.log"] {
            tell_warnings(&self.place.join(log));
        }
        Ok(())
    }
}

/// How many warnings and errors a log has, and the first.
fn tell_warnings(log: &Path) {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let bad: Vec<&str> = text.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    if let Some(first) = bad.first() {
        let name = log.file_name().unwrap_or_default().display();
        crate::table::progress(&format!("  {name}: {} warnings or errors, the first: {first}", bad.len()));
    }
}

/// A new token of the server in this directory.
async fn token(binary: &Path, place: &Path, claims: &[&str]) -> Result<String, Fault> {
    let mut command = Command::new(binary);
    command.arg("token").arg("--data-dir").arg(place.join("server")).args(claims);
    let output = command.output().await?;
    let text = String::from_utf8(output.stdout)?;
    text.lines().last().map(str::to_owned).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned().into())
}

/// Sends GraphQL operations for one principal.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: String,
    token: String,
}

impl Client {
    fn new(url: &str, token: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().unwrap_or_default();
        Self { http, endpoint: format!("{url}/graphql"), token }
    }

    /// The bearer token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// An operation's data, or its first error.
    pub(crate) async fn send(&self, query: &str, input: &Value) -> Result<Value, Fault> {
        let body = json!({ "query": query, "variables": { "input": input } });
        let answer = self.http.post(&self.endpoint).bearer_auth(&self.token).json(&body).send().await?;
        let mut answer: Value = answer.json().await?;
        match answer.get("errors") {
            None => Ok(answer["data"].take()),
            Some(errors) => Err(errors.to_string().into()),
        }
    }

    async fn create_organization(&self, slug: &str) -> Result<(), Fault> {
        let query = "mutation($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }";
        self.send(query, &json!({ "slug": slug, "name": slug })).await.map(drop)
    }

    async fn gpus_available(&self) -> Result<i64, Fault> {
        let data = self.send("{ fleet { gpusAvailable } }", &Value::Null).await?;
        Ok(data["fleet"]["gpusAvailable"].as_i64().unwrap_or_default())
    }

    /// Submits one job; returns its id.
    pub(crate) async fn submit(&self, job: &Value) -> Result<String, Fault> {
        let query = "mutation($input: SubmitJobInput!) { submitJob(input: $input) { job { id } } }";
        let data = self.send(query, job).await?;
        Ok(data["submitJob"]["job"]["id"].as_str().ok_or("a job without id")?.to_owned())
    }

    /// Submits several jobs at once; returns how many were made.
    pub(crate) async fn submit_all(&self, jobs: &[Value]) -> Result<usize, Fault> {
        let query = "mutation($input: SubmitJobsInput!) { submitJobs(input: $input) { jobs { id } } }";
        let data = self.send(query, &json!({ "jobs": jobs })).await?;
        Ok(data["submitJobs"]["jobs"].as_array().map_or(0, Vec::len))
    }

    /// Gives a loan back.
    pub(crate) async fn release(&self, job: &str) -> Result<(), Fault> {
        let query = "mutation($input: ReleaseJobInput!) { releaseJob(input: $input) { job { status } } }";
        self.send(query, &json!({ "jobId": job })).await.map(drop)
    }
}
