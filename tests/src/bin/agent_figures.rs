//! What an agent costs: memory and processor at rest beside eight cards of a stand-in driver, and what a job takes beyond fork and
//! exec. It prints figures and asserts nothing. `cargo run -p system-tests --bin agent_figures`, with GPU_FLEET_BIN for another
//! binary than the one that was built beside it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "it is run by people")]

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use system_tests::{AgentProcess, Client, Engine, Fleet, Hardware, Place};

const CARDS: usize = 8;
const REST: Duration = Duration::from_secs(30);
const JOBS: u32 = 40;
/// In which Linux tells of processors, whatever it counts in itself.
const TICKS: f64 = 100.0;

#[tokio::main]
async fn main() {
    let fleet = Fleet::serve(Place::create(Engine::Sqlite).await).await;
    let client = fleet.operator().await;
    let hardware = Hardware::new(fleet.place.folder(), CARDS);
    let agent = AgentProcess::start_with(&fleet, "measured", "nvml", hardware.options()).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (before, began) = (cpu_seconds(agent.pid()), Instant::now());
    tokio::time::sleep(REST).await;
    let busy = (cpu_seconds(agent.pid()) - before) / began.elapsed().as_secs_f64();
    println!(
        "idle agent, {CARDS} cards each second: {:.2} % of a core, {:.1} MiB resident",
        busy * 100.0,
        agent.memory_mib()
    );
    let bare = fork_and_exec();
    let (placed, ours) = jobs(&client).await;
    println!(
        "a job of `true`, medians: from its allocation to its start {:.2} ms, from its start to its end {:.2} ms",
        placed * 1e3,
        ours * 1e3
    );
    println!(
        "`true` by fork and exec: {:.2} ms, so {:.2} ms more from start to end",
        bare * 1e3,
        (ours - bare) * 1e3
    );
}

/// Seconds of processor that a process has used, all its threads together.
fn cpu_seconds(pid: i32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a live process");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_ascii_whitespace().collect();
    let ticks = |place: usize| fields[place].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / TICKS
}

fn fork_and_exec() -> f64 {
    let took = (0..JOBS).map(|_| {
        let began = Instant::now();
        Command::new("true").status().expect("true");
        began.elapsed().as_secs_f64()
    });
    median(took.collect())
}

/// From allocation to start, and from start to end, which the agent tells by its monotonic clock.
async fn jobs(client: &Client) -> (f64, f64) {
    let (mut placed, mut took) = (Vec::new(), Vec::new());
    for _ in 0..JOBS {
        let id = client.submit(json!({"name": "nothing", "command": ["true"], "workdir": "/"})).await;
        client.reaches(&id, "SUCCEEDED").await;
        let job = client.job(&id, "allocatedAt startedAt finishedAt").await;
        let at = |field: &str| -> chrono::DateTime<chrono::Utc> {
            job[field].as_str().expect("an instant").parse().expect("an instant")
        };
        let between = |from, to| (at(to) - at(from)).num_microseconds().unwrap_or(0) as f64 / 1e6;
        placed.push(between("allocatedAt", "startedAt"));
        took.push(between("startedAt", "finishedAt"));
    }
    (median(placed), median(took))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
