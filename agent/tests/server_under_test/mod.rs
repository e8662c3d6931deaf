//! A server that knows just enough of the public API to keep an agent busy, and remembers all that the agent says.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod socket;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::broadcast;

pub const JOIN_TOKEN: &str = "join-token";
const AGENT_KEY: &str = "agent-key";

/// What an agent said about an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub job: String,
    pub state: String,
    pub exit_code: Option<i64>,
    pub reason: Option<String>,
    pub cause: String,
    pub asked: Option<bool>,
    pub seconds_ago: Option<f64>,
    /// How many log lines of the job the server had at this time.
    pub lines: usize,
}

/// What the server knows and how it behaves.
pub struct Knowledge {
    pub epoch: i64,
    pub lease_seconds: i64,
    pub said: Vec<Said>,
    pub logs: HashMap<String, Vec<String>>,
    pub heartbeats: Vec<Value>,
    /// Why the host cannot start jobs, as it said last.
    pub unfit: Option<String>,
    pub orders: Vec<Value>,
    /// Answers nothing but 503, as a proxy does without a server behind it.
    pub down: bool,
    pub turned_away: usize,
    pub refused_jobs: Vec<String>,
    pub key_is_revoked: bool,
}

#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    knowledge: Arc<Mutex<Knowledge>>,
    updates: broadcast::Sender<Value>,
}

impl Server {
    /// Starts on its own runtime, so that it outlives any agent.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let knowledge = Knowledge {
            epoch: 0,
            lease_seconds: 60,
            said: Vec::new(),
            logs: HashMap::new(),
            heartbeats: Vec::new(),
            unfit: None,
            orders: Vec::new(),
            down: false,
            turned_away: 0,
            refused_jobs: Vec::new(),
            key_is_revoked: false,
        };
        let server = Self {
            address: listener.local_addr().unwrap(),
            knowledge: Arc::new(Mutex::new(knowledge)),
            updates: broadcast::channel(256).0,
        };
        let app =
            Router::new().route("/graphql", post(graphql).get(socket::subscribe)).with_state(server.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap();
            });
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn knowledge(&self) -> MutexGuard<'_, Knowledge> {
        self.knowledge.lock().unwrap()
    }

    /// Orders a shell script to be run as the first attempt of `job`.
    pub fn run(&self, job: &str, script: &str) {
        self.order(job, "RUN", script);
    }

    /// Orders what the host is believed to have started.
    pub fn order_started(&self, job: &str, script: &str) {
        let mut order = order(job, "RUN", script);
        order["started"] = json!(true);
        self.give(job, order);
    }

    pub fn order(&self, job: &str, action: &str, script: &str) {
        self.give(job, order(job, action, script));
    }

    fn give(&self, job: &str, order: Value) {
        let action = order["action"].clone();
        let mut knowledge = self.knowledge();
        knowledge.orders.retain(|known| known["jobId"] != job);
        if action != "FORGET" {
            knowledge.orders.push(order.clone());
        }
        let _ = self.updates.send(json!({ "complete": false, "assignments": [order] }));
    }

    /// Cuts every subscription, as a restart of the server does.
    pub fn cut_subscriptions(&self) {
        let _ = self.updates.send(Value::Null);
    }

    /// Waits for a condition on what the server knows, and says which one never came true.
    pub fn until(&self, what: &str, condition: impl Fn(&Knowledge) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition(&self.knowledge()) {
            assert!(
                Instant::now() < deadline,
                "waited in vain until {what}; the agent said {:?}",
                self.knowledge().said
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn until_line(&self, job: &str, line: &str) {
        self.until(&format!("{job} writes {line}"), |known| {
            known.lines(job).iter().any(|known| known == line)
        });
    }

    /// Waits for the end of a job.
    pub fn end_of(&self, job: &str) -> Said {
        self.until(&format!("{job} has ended"), |known| known.says(job, "EXITED").is_some());
        self.knowledge().says(job, "EXITED").unwrap()
    }
}

impl Knowledge {
    pub fn says(&self, job: &str, state: &str) -> Option<Said> {
        self.said.iter().find(|said| said.job == job && said.state == state).cloned()
    }

    pub fn times(&self, job: &str, state: &str) -> usize {
        self.said.iter().filter(|said| said.job == job && said.state == state).count()
    }

    pub fn lines(&self, job: &str) -> Vec<String> {
        self.logs.get(job).cloned().unwrap_or_default()
    }
}

fn order(job: &str, action: &str, script: &str) -> Value {
    json!({
        "jobId": job, "attempt": 1, "action": action, "jobName": job, "organizationSlug": "default",
        "command": ["sh", "-c", script], "env": [{ "name": "ANSWER", "value": "42" }], "workdir": "/", "image": null, "gpuUuids": [],
        "milli": 1000, "timeLimitSeconds": null, "graceSeconds": 5, "nodeRank": 0, "nodeCount": 1, "started": false
    })
}

async fn graphql(State(server): State<Server>, headers: HeaderMap, Json(request): Json<Value>) -> Response {
    let mut known = server.knowledge();
    if known.down {
        known.turned_away += 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let bearer =
        headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let query = request["query"].as_str().unwrap_or_default();
    let input = &request["variables"]["input"];
    let answer = if query.contains("registerHost") {
        register(&mut known, &bearer)
    } else if input["epoch"] != known.epoch {
        Err(("CONFLICT", "this epoch is over"))
    } else if query.contains("heartbeat") {
        known.heartbeats.push(input["gpus"].clone());
        known.unfit = input["unfitReason"].as_str().map(str::to_owned);
        Ok(json!({ "heartbeat": { "leaseSeconds": known.lease_seconds } }))
    } else if query.contains("reportJobs") {
        Ok(json!({ "reportJobs": { "results": each(&input["reports"], |report| hear(&mut known, report)) } }))
    } else {
        Ok(json!({ "appendLogs": { "results": each(&input["chunks"], |chunk| append(&mut known, chunk)) } }))
    };
    let body = match answer {
        Ok(data) => json!({ "data": data }),
        Err((code, message)) => {
            json!({ "data": null, "errors": [{ "message": message, "extensions": { "code": code } }] })
        }
    };
    Json(body).into_response()
}

fn each(list: &Value, take: impl FnMut(&Value) -> Value) -> Vec<Value> {
    list.as_array().unwrap().iter().map(take).collect()
}

fn register(known: &mut Knowledge, bearer: &str) -> Result<Value, (&'static str, &'static str)> {
    let joins = bearer == format!("Bearer {JOIN_TOKEN}");
    let returns = bearer == format!("Bearer {AGENT_KEY}") && !known.key_is_revoked;
    if !joins && !returns {
        return Err(("UNAUTHENTICATED", "unknown key"));
    }
    known.epoch += 1;
    let key = joins.then_some(AGENT_KEY);
    Ok(json!({ "registerHost": {
        "agentKey": key, "epoch": known.epoch, "leaseSeconds": known.lease_seconds, "heartbeatSeconds": 1
    } }))
}

fn hear(known: &mut Knowledge, report: &Value) -> Value {
    let job = report["jobId"].as_str().unwrap().to_owned();
    let accepted = !known.refused_jobs.contains(&job);
    let lines = known.lines(&job).len();
    known.said.push(Said {
        state: report["state"].as_str().unwrap().to_owned(),
        exit_code: report["exitCode"].as_i64(),
        reason: report["reason"].as_str().map(str::to_owned),
        cause: report["cause"].as_str().unwrap_or_default().to_owned(),
        asked: report["asked"].as_bool(),
        seconds_ago: report["secondsAgo"].as_f64(),
        lines,
        job,
    });
    json!({ "accepted": accepted, "reason": null })
}

/// Keeps lines that are new, and finds gaps.
fn append(known: &mut Knowledge, chunk: &Value) -> Value {
    let kept = known.logs.entry(chunk["jobId"].as_str().unwrap().to_owned()).or_default();
    let first = usize::try_from(chunk["firstLine"].as_u64().unwrap()).unwrap();
    if first <= kept.len() {
        let lines = chunk["lines"].as_array().unwrap();
        let new = lines.iter().skip(kept.len() - first);
        kept.extend(new.map(|line| line["text"].as_str().unwrap().to_owned()));
    }
    json!({ "accepted": true, "nextLine": kept.len() })
}
