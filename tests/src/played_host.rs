//! A host whose agent is the test itself: it says what no honest agent would, and at the moment that the test chooses.

use serde_json::{Value, json};

use crate::{Client, Fleet, Refusal, Subscription};

const ASSIGNMENTS: &str = "subscription Assignments($epoch: Int!) {
    assignments(epoch: $epoch) { complete assignments { jobId attempt action gpuUuids } }
}";

/// A host that has joined.
#[derive(Debug)]
pub struct PlayedHost {
    name: String,
    /// Its agent, by its own key.
    pub agent: Client,
    /// The epoch that it believes in.
    pub epoch: i64,
    /// Its GPUs.
    pub gpu_uuids: Vec<String>,
}

impl PlayedHost {
    /// Joins with a fresh join token.
    pub async fn join(fleet: &Fleet, name: &str, gpus: usize) -> Self {
        let joining = fleet.client(&["--role", "agent"]).await;
        let gpu_uuids: Vec<_> = (0..gpus).map(|index| format!("GPU-{name}-{index}")).collect();
        let registered =
            Self::register(&joining, name, name, &gpu_uuids).await.expect("a host that may join");
        let key = registered["agentKey"].as_str().expect("a key, since it is new");
        let agent = Client::new(&fleet.origin(), key);
        Self {
            name: name.to_owned(),
            agent,
            epoch: registered["epoch"].as_i64().expect("an epoch"),
            gpu_uuids,
        }
    }

    /// Registers as whoever asks.
    pub async fn register(
        client: &Client,
        name: &str,
        machine_id: &str,
        gpu_uuids: &[String],
    ) -> Result<Value, Refusal> {
        let gpus: Vec<_> = gpu_uuids
            .iter()
            .enumerate()
            .map(|(index, uuid)| {
                json!({"uuid": uuid, "index": index, "gpuType": "NVIDIA H100 80GB HBM3", "memoryMib": 81_559})
            })
            .collect();
        let input = json!({
            "name": name, "machineId": machine_id, "agentVersion": "test", "cpus": 8.0, "memoryMib": 64_000, "gpus": gpus,
        });
        client.change("registerHost", input, "agentKey epoch").await
    }

    /// Comes back, as an agent does that was restarted.
    pub async fn come_back(&mut self) {
        let registered = Self::register(&self.agent, &self.name, &self.name, &self.gpu_uuids).await;
        self.epoch = registered.expect("a host that may come back")["epoch"].as_i64().expect("an epoch");
    }

    /// Gives a sign of life in which each GPU is used so; `processes` are on the first.
    pub async fn heartbeat(&self, gpu_use: &str, processes: Value) -> Result<Value, Refusal> {
        let sample = |(index, uuid): (usize, &String)| {
            let processes = if index == 0 { processes.clone() } else { json!([]) };
            json!({"uuid": uuid, "use": gpu_use, "processes": processes})
        };
        let gpus: Vec<_> = self.gpu_uuids.iter().enumerate().map(sample).collect();
        self.agent.change("heartbeat", json!({"epoch": self.epoch, "gpus": gpus}), "epoch").await
    }

    /// Gives a sign of life in which each GPU is allocated, and shows this utilization.
    pub async fn heartbeat_working(&self, percent: f64) {
        let sample = |uuid: &String| json!({"uuid": uuid, "use": "HELD_IDLE", "processes": [], "utilizationPercent": percent, "powerWatts": 71.0});
        let gpus: Vec<_> = self.gpu_uuids.iter().map(sample).collect();
        let input = json!({"epoch": self.epoch, "gpus": gpus});
        self.agent.change("heartbeat", input, "epoch").await.expect("a sign of life");
    }

    /// Gives a sign of life that says why it cannot start jobs.
    pub async fn heartbeat_unfit(&self, reason: &str) {
        let input = json!({"epoch": self.epoch, "unfitReason": reason, "gpus": []});
        self.agent.change("heartbeat", input, "epoch").await.expect("a sign of life");
    }

    /// Follows what it is to do.
    pub async fn assignments(&self) -> Subscription {
        self.agent.subscribe(ASSIGNMENTS, json!({"epoch": self.epoch})).await
    }

    /// Tells what became of an attempt; the answer to this one report.
    pub async fn report(&self, job: &str, attempt: i64, state: &str, more: Value) -> Result<Value, Refusal> {
        let mut report =
            json!({"jobId": job, "attempt": attempt, "state": state, "at": "2026-01-01T00:00:00Z"});
        let fields = report.as_object_mut().expect("an object");
        fields.extend(more.as_object().cloned().unwrap_or_default());
        let input = json!({"epoch": self.epoch, "reports": [report]});
        let answer = self.agent.change("reportJobs", input, "results { accepted reason }").await?;
        Ok(answer["results"][0].clone())
    }
}
