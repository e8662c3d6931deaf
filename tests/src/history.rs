//! What a fleet's record says afterwards: every job with its events and allocations, and the invariants that hold over
//! all of it, whatever happened meanwhile.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::Client;
use crate::answer::{rows, text};

const JOBS: &str = "query Jobs($after: String) {
    jobs(first: 50, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
            id status attempt organization { id }
            requirements { count milli }
            events(first: 100) { nodes { status attempt } }
            allocations { attempt milli allocatedAt releasedAt gpu { id } }
        }
    }
}";
const TERMINAL: [&str; 4] = ["SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT"];
const WHOLE: i64 = 1000;

/// All jobs that a caller may see, as they were when this was read.
#[derive(Debug)]
pub struct History {
    /// The jobs.
    pub jobs: Vec<Value>,
}

/// Some thousandths taken, or, negative, given back.
type Change = (String, i64);

impl History {
    /// Reads all of it.
    pub async fn read(client: &Client) -> Self {
        let (mut jobs, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = client.graphql(JOBS, json!({"after": after})).await["jobs"].take();
            jobs.extend(rows(&page["nodes"]).iter().cloned());
            if page["pageInfo"]["hasNextPage"] != json!(true) {
                return Self { jobs };
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    /// Fails where the record contradicts what the fleet promises.
    pub fn keeps_every_invariant(&self) {
        for job in &self.jobs {
            a_terminal_status_is_the_last(job);
            a_gang_is_whole(job);
            only_who_is_alive_holds_gpus(job);
        }
        for (gpu, changes) in self.changes(|allocation, _| text(&allocation["gpu"]["id"])) {
            assert!(most_at_once(changes) <= WHOLE, "{gpu} was given twice: {:?}", self.jobs);
        }
    }

    /// The most that an organization held at once, in thousandths of a GPU.
    pub fn most_held_by(&self, organization: &str) -> i64 {
        let mut changes = self.changes(|_, job| text(&job["organization"]["id"]));
        most_at_once(changes.remove(organization).unwrap_or_default())
    }

    /// Every taking and giving back, by what they are summed for.
    fn changes(&self, of: impl Fn(&Value, &Value) -> String) -> HashMap<String, Vec<Change>> {
        let mut changes: HashMap<String, Vec<Change>> = HashMap::new();
        for job in &self.jobs {
            for allocation in rows(&job["allocations"]) {
                let milli = allocation["milli"].as_i64().unwrap();
                let known = changes.entry(of(allocation, job)).or_default();
                known.push((text(&allocation["allocatedAt"]), milli));
                known.extend(allocation["releasedAt"].as_str().map(|at| (at.to_owned(), -milli)));
            }
        }
        changes
    }
}

/// What is given back at an instant is there for who takes it at that instant.
fn most_at_once(mut changes: Vec<Change>) -> i64 {
    changes.sort();
    let mut held = 0;
    changes
        .iter()
        .map(|(_, milli)| {
            held += milli;
            held
        })
        .max()
        .unwrap_or(0)
}

fn statuses(job: &Value) -> Vec<String> {
    rows(&job["events"]["nodes"]).iter().map(|event| text(&event["status"])).collect()
}

fn is_terminal(status: &str) -> bool {
    TERMINAL.contains(&status)
}

fn a_terminal_status_is_the_last(job: &Value) {
    let statuses = statuses(job);
    assert_eq!(statuses.last(), Some(&text(&job["status"])), "its history ends in its status: {job}");
    let terminal = statuses.iter().position(|status| is_terminal(status));
    assert!(terminal.is_none_or(|place| place == statuses.len() - 1), "it ended and went on: {job}");
    let stopped = statuses.iter().position(|status| status == "STOPPING");
    let good_end = statuses.iter().any(|status| status == "SUCCEEDED");
    assert!(stopped.is_none() || !good_end, "it was stopped and succeeded: {job}");
}

fn a_gang_is_whole(job: &Value) {
    let mut given: HashMap<i64, i64> = HashMap::new();
    for allocation in rows(&job["allocations"]) {
        assert_eq!(allocation["milli"], job["requirements"]["milli"], "{job}");
        *given.entry(allocation["attempt"].as_i64().unwrap()).or_default() += 1;
    }
    let count = job["requirements"]["count"].as_i64().unwrap();
    assert!(given.values().all(|gpus| *gpus == count), "an attempt had all of its GPUs or none: {job}");
}

fn only_who_is_alive_holds_gpus(job: &Value) {
    let live = rows(&job["allocations"]).iter().filter(|allocation| allocation["releasedAt"].is_null());
    let holds = ["ALLOCATED", "RUNNING", "STOPPING"].iter().any(|status| job["status"] == **status);
    for allocation in live {
        assert!(holds && allocation["attempt"] == job["attempt"], "it holds GPUs and should not: {job}");
    }
}
