//! A world for tests: a state that was told things, and the picture that comes of it.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Value, json};

use super::ink::Ink;
use super::keys::Wish;
use super::state::{News, Order, State, Who};
use super::view;
use crate::api::{FleetTotals, GpuLine, GpuReading, Instant, JobInSight, JobLine, Role};
use crate::args::top::GpuView;

pub(super) const RICH: Ink = Ink { colours: true, unicode: true };
pub(super) const PLAIN: Ink = Ink { colours: false, unicode: false };

/// The moment at which all tests look.
pub(super) fn now() -> Instant {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

fn ago(secs: i64) -> String {
    (now() - TimeDelta::seconds(secs)).to_rfc3339()
}

/// An id of the right shape with this number at its end.
pub(super) fn id(kind: &str, number: usize) -> String {
    format!("{kind}_{number:026}")
}

/// What one host looks like to its GPUs.
fn host(name: &str) -> Value {
    json!({ "id": format!("host_{name}"), "name": name, "status": "READY", "statusReason": null })
}

/// A GPU, with changes to its fields.
pub(super) fn gpu(number: usize, host_name: &str, index: i32, changes: &Value) -> GpuLine {
    let mut gpu = json!({
        "id": id("gpu", number), "index": index, "gpuType": "NVIDIA H100-80GB (simulated)", "memoryMib": 81_920,
        "simulated": true, "status": "AVAILABLE", "statusReason": null, "health": "HEALTHY", "version": 1,
        "host": host(host_name)
    });
    merge(&mut gpu, changes);
    serde_json::from_value(gpu).unwrap()
}

/// What a card in sight told, with changes.
pub(super) fn reading(number: usize, host_name: &str, changes: &Value) -> GpuReading {
    let mut reading = json!({
        "__typename": "Gpu", "id": id("gpu", number), "version": 1, "use": "FREE",
        "telemetry": { "at": ago(1), "utilizationPercent": 0.0, "memoryUsedMib": 1024, "temperatureCelsius": 40,
            "powerWatts": 70.0 },
        "allocations": [], "host": host(host_name)
    });
    merge(&mut reading, changes);
    serde_json::from_value(reading).unwrap()
}

/// A job that waits, with changes to its fields.
pub(super) fn job(number: usize, name: &str, changes: &Value) -> JobLine {
    let mut job = json!({
        "id": id("job", number), "name": name, "organization": { "slug": "vision" }, "status": "QUEUED",
        "statusReason": null, "priority": 0, "requirements": { "count": 1, "milli": 1000 },
        "timeLimitSeconds": null, "exitCode": null, "submittedBy": "ada", "submittedAt": ago(600),
        "allocatedAt": null, "startedAt": null, "finishedAt": null, "version": 1
    });
    merge(&mut job, changes);
    serde_json::from_value(job).unwrap()
}

/// A job that runs since so many seconds.
pub(super) fn running(number: usize, name: &str, secs: i64, limit: Option<i32>) -> JobLine {
    let changes = json!({ "status": "RUNNING", "startedAt": ago(secs), "allocatedAt": ago(secs),
        "timeLimitSeconds": limit, "version": 3 });
    job(number, name, &changes)
}

/// What was asked of a waiting job.
pub(super) fn reason(number: usize, ahead: i32, message: &str) -> JobInSight {
    let pending = json!({ "position": ahead, "blockers": [{ "code": "GPUS_BUSY", "message": message }] });
    let job = json!({ "id": id("job", number), "version": 1, "pending": pending, "gpus": [] });
    serde_json::from_value(job).unwrap()
}

/// What was asked of a running job.
pub(super) fn place(number: usize, host_name: &str, indexes: &[i32]) -> JobInSight {
    let gpu = |index: &i32| json!({ "index": index, "simulated": true, "host": { "name": host_name } });
    let gpus: Vec<Value> = indexes.iter().map(gpu).collect();
    let job = json!({ "id": id("job", number), "version": 3, "pending": null, "gpus": gpus });
    serde_json::from_value(job).unwrap()
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// A state, and how large its terminal is.
pub(super) struct World {
    pub(super) state: State,
    size: (u16, u16),
}

impl World {
    /// Nothing is known yet.
    pub(super) fn new(width: u16, height: u16) -> Self {
        Self::with(width, height, RICH, Role::Operator, false)
    }

    pub(super) fn with(width: u16, height: u16, ink: Ink, role: Role, readonly: bool) -> Self {
        let who = Who { server: "fleet.lab:4600".to_owned(), name: "ada, operator".to_owned(), role };
        Self { state: State::new(who, ink, GpuView::Auto, readonly), size: (width, height) }
    }

    /// The snapshot came, and the subscriptions stand.
    pub(super) fn snapshot(mut self, gpus: Vec<GpuLine>, jobs: Vec<JobLine>) -> Self {
        let totals = FleetTotals {
            gpus: i32::try_from(gpus.len()).unwrap(),
            jobs_queued: i32::try_from(jobs.iter().filter(|job| job.status.is_waiting()).count()).unwrap(),
            jobs_running: i32::try_from(jobs.iter().filter(|job| !job.status.is_waiting()).count()).unwrap(),
        };
        self.tell(News::Snapshot { gpus, jobs, cut_short: false });
        self.tell(News::Totals(totals));
        self.tell(News::Standing);
        self
    }

    pub(super) fn tell(&mut self, news: News) -> Option<Order> {
        self.state.take(news, now())
    }

    /// What was asked for by id came.
    pub(super) fn seen(&mut self, gpus: Vec<GpuReading>, jobs: Vec<JobInSight>) {
        self.tell(News::Seen { gpus, jobs, gone: Vec::new() });
    }

    pub(super) fn press(&mut self, code: KeyCode) -> Option<Wish> {
        self.settle();
        self.state.key(KeyEvent::from(code), now())
    }

    pub(super) fn keys(&mut self, text: &str) {
        text.chars().for_each(|c| {
            self.press(KeyCode::Char(c));
        });
    }

    pub(super) fn settle(&mut self) {
        self.state.settle(Rect::new(0, 0, self.size.0, self.size.1), now());
    }

    pub(super) fn buffer(&mut self) -> Buffer {
        self.settle();
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        terminal.draw(|frame| view::draw(frame, &self.state, now())).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The picture's lines.
    pub(super) fn lines(&mut self) -> Vec<String> {
        let buffer = self.buffer();
        let width = usize::from(self.size.0.max(1));
        let rows = buffer.content.chunks(width);
        rows.map(|row| {
            row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
        })
        .collect()
    }

    pub(super) fn picture(&mut self) -> String {
        self.lines().join("\n")
    }
}
