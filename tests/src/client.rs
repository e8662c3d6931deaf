//! One caller of the API, with a token, over HTTP.

use serde_json::{Value, json};

use crate::answer::{column, text};
use crate::{Subscription, eventually};

/// A caller.
#[derive(Clone, Debug)]
pub struct Client {
    origin: String,
    token: String,
    http: reqwest::Client,
}

/// Why the API did not do as it was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `extensions.code`.
    pub code: String,
    /// `extensions.field`, of bad input.
    pub field: Option<String>,
    /// `extensions.currentVersion`, of a conflict.
    pub current_version: Option<i64>,
}

impl Client {
    /// A caller of the server at `origin`, http://…
    pub fn new(origin: &str, token: &str) -> Self {
        Self { origin: origin.to_owned(), token: token.to_owned(), http: reqwest::Client::new() }
    }

    /// The same caller of another server.
    pub fn at(&self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self.clone() }
    }

    /// Another caller of the same server.
    pub fn bearing(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The whole response to a query without variables.
    pub async fn raw(&self, query: &str) -> reqwest::Response {
        let request = self.http.post(format!("{}/graphql", self.origin)).json(&json!({"query": query}));
        request.bearer_auth(&self.token).send().await.expect("the server answers")
    }

    /// The HTTP status and the answer.
    pub async fn post(&self, query: &str, variables: Value) -> (u16, Value) {
        let request = self
            .http
            .post(format!("{}/graphql", self.origin))
            .json(&json!({"query": query, "variables": variables}));
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let answer = request.send().await.expect("the server answers");
        (answer.status().as_u16(), answer.json().await.expect("an answer in JSON"))
    }

    /// The answer's data, or the first error.
    pub async fn ask(&self, query: &str, variables: Value) -> Result<Value, Refusal> {
        let (_, mut answer) = self.post(query, variables).await;
        match answer["errors"].get(0) {
            Some(error) => Err(Refusal::read(error)),
            None => Ok(answer["data"].take()),
        }
    }

    /// The answer's data; fails on an error.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let (_, mut answer) = self.post(query, variables).await;
        assert!(answer["errors"].is_null(), "refused: {answer}");
        answer["data"].take()
    }

    /// Follows a subscription; the server has accepted the connection when this returns.
    pub async fn subscribe(&self, query: &str, variables: Value) -> Subscription {
        Subscription::open(&self.origin, &self.token, query, variables).await
    }

    /// The code of the error that an operation begins with, the data that it begins with, or null for one that begins with
    /// silence: what a subscription brings within a moment, and a query or mutation at once.
    pub async fn first_of(&self, document: &str, variables: Value) -> Value {
        if !document.starts_with("subscription") {
            return match self.ask(document, variables).await {
                Ok(data) => data,
                Err(refusal) => json!(refusal.code),
            };
        }
        self.subscribe(document, variables).await.first().await
    }

    /// Does a mutation that takes one input, and answers its payload's `fields`.
    pub async fn change(&self, name: &str, input: Value, fields: &str) -> Result<Value, Refusal> {
        let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let query = format!("mutation Change($input: {kind}!) {{ {name}(input: $input) {{ {fields} }} }}");
        self.ask(&query, json!({"input": input})).await.map(|mut data| data[name].take())
    }

    /// Submits a job and answers its id.
    pub async fn submit(&self, input: Value) -> String {
        let job = self.change("submitJob", input, "job { id }").await.expect("a job that is accepted");
        text(&job["job"]["id"])
    }

    /// Submits jobs in bulk and answers their ids.
    pub async fn submit_all(&self, jobs: Vec<Value>) -> Vec<String> {
        let made = self.change("submitJobs", json!({"jobs": jobs}), "jobs { id }").await;
        column(&made.expect("jobs that are accepted")["jobs"], "id")
    }

    /// Submits a line for the shell.
    pub async fn submit_line(&self, name: &str, line: &str) -> String {
        self.submit(json!({"name": name, "command": ["/bin/sh", "-c", line]})).await
    }

    /// Some of a job's fields; null where there is no such job for this caller.
    pub async fn job(&self, id: &str, fields: &str) -> Value {
        let query = format!("query Job($id: ID!) {{ job(id: $id) {{ {fields} }} }}");
        self.graphql(&query, json!({"id": id})).await["job"].take()
    }

    /// Waits until a job has this status.
    pub async fn reaches(&self, id: &str, status: &str) {
        eventually(&format!("job {id} becomes {status}"), 60, async || {
            let job = self.job(id, "status statusReason").await;
            let ended =
                ["SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT"].iter().any(|end| job["status"] == **end);
            assert!(job["status"] == status || !ended, "job {id} ended otherwise than {status}: {job}");
            (job["status"] == status).then_some(())
        })
        .await;
    }

    /// Gives GPUs to a waiting job; each choice is an id, or an id with the version that was seen.
    pub async fn allocate(&self, job: &str, gpus: Vec<Value>) -> Result<Value, Refusal> {
        self.change("allocateGpus", json!({"jobId": job, "gpus": gpus}), "job { status } allocations { id }")
            .await
    }

    /// Waits until no job waits or runs.
    pub async fn all_jobs_have_ended(&self) {
        eventually("all jobs have ended", 120, async || {
            let data = self.graphql("{ fleet { jobsQueued jobsRunning } }", json!({})).await;
            (data["fleet"] == json!({"jobsQueued": 0, "jobsRunning": 0})).then_some(())
        })
        .await;
    }

    /// The GPUs' ids, in their order.
    pub async fn gpu_ids(&self) -> Vec<String> {
        let data = self.graphql("{ gpus(first: 100) { nodes { id } } }", json!({})).await;
        column(&data["gpus"]["nodes"], "id")
    }

    /// Waits until so many GPUs can be had.
    pub async fn gpus_are_free(&self, count: usize) {
        eventually(&format!("{count} GPUs are free"), 30, async || {
            let data = self.graphql("{ fleet { gpusAvailable } }", json!({})).await;
            (data["fleet"]["gpusAvailable"] == count).then_some(())
        })
        .await;
    }
}

impl Refusal {
    pub(crate) fn read(error: &Value) -> Self {
        let extensions = &error["extensions"];
        Self {
            code: text(&extensions["code"]),
            field: extensions["field"].as_str().map(str::to_owned),
            current_version: extensions["currentVersion"].as_i64(),
        }
    }
}
