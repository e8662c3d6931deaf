//! What was measured, and the table that tells it.

use std::time::Duration;

use system_tests::Binary;

use crate::reads::Reads;

/// How long things took.
pub(crate) struct Latency {
    p50: Duration,
    p95: Duration,
    p99: Duration,
    max: Duration,
}

impl Latency {
    /// The summary of these.
    pub(crate) fn of(mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        let at = |percent: usize| taken.get((taken.len() * percent / 100).min(taken.len().saturating_sub(1)));
        let at = |percent| at(percent).copied().unwrap_or_default();
        Self { p50: at(50), p95: at(95), p99: at(99), max: at(100) }
    }

    fn text(&self) -> String {
        let ms = |taken: Duration| taken.as_secs_f64() * 1000.0;
        let [p50, p95, p99, max] = [self.p50, self.p95, self.p99, self.max].map(ms);
        format!("{p50:.1} / {p95:.1} / {p99:.1} / {max:.1}")
    }
}

/// All that is measured; none where it was not.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) single: Option<f64>,
    pub(crate) bulk: Option<f64>,
    pub(crate) process_lives: Option<f64>,
    pub(crate) loan_lives: Option<f64>,
    pub(crate) latency_process: Option<Latency>,
    pub(crate) latency_loan: Option<Latency>,
    pub(crate) reads: Option<Reads>,
    pub(crate) push: Option<Latency>,
    pub(crate) serve_mib: Option<f64>,
    pub(crate) serve_after_mib: Option<f64>,
    pub(crate) agent_mib: Option<f64>,
    pub(crate) agents_percent: Option<f64>,
}

impl Figures {
    /// In the order of [`MEASURED`].
    fn texts(&self) -> [String; 12] {
        let latency = |taken: &Option<Latency>| taken.as_ref().map_or_else(|| "–".to_owned(), Latency::text);
        [
            number(self.single, 0),
            number(self.bulk, 0),
            number(self.process_lives, 0),
            number(self.loan_lives, 0),
            latency(&self.latency_process),
            latency(&self.latency_loan),
            self.reads.as_ref().map_or_else(
                || "–".to_owned(),
                |reads| format!("{:.0} / {:.0} / {:.0}", reads.server, reads.service, reads.plain),
            ),
            latency(&self.push),
            number(self.serve_mib, 1),
            number(self.serve_after_mib, 1),
            number(self.agent_mib, 1),
            number(self.agents_percent, 1),
        ]
    }
}

/// One database's figures, through a server and without one.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) server: Figures,
    pub(crate) raw: Figures,
}

/// What is measured, in which unit, and what it should be.
const MEASURED: [(&str, &str); 12] = [
    ("single submissions, 32 clients (jobs/s)", "≥ 1,000"),
    ("bulk submissions, 10 × 1,000 (jobs/s)", "≥ 10,000"),
    ("job lives with a process, 8 GPUs (jobs/s)", "≥ 200"),
    ("job lives without a process, 64 GPUs (jobs/s)", "≥ 1,000"),
    ("submit → RUNNING, idle, process (ms: p50/p95/p99/max)", "p50 ≤ 20"),
    ("submit → RUNNING, idle, loan (ms: p50/p95/p99/max)", "p50 ≤ 20"),
    ("lists of 100 jobs: server / async-graphql-axum alone / plain handler (per s)", "≥ half"),
    ("change → read, 1,000 subscribers, 10/s (ms: p50/p95/p99/max)", "p99 ≤ 100"),
    ("memory of serve, idle (MiB)", "≤ 40"),
    ("memory of serve, after all of the above (MiB)", ""),
    ("memory of agent, idle (MiB)", "≤ 20"),
    ("500 agents with 8 GPUs, a sign of life every 10 s (% of a core)", "≤ 10"),
];

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Says on standard error what is being measured.
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}

/// Prints everything on standard output.
pub(crate) fn print(binary: &Binary, columns: &[Column]) {
    let mut heading = vec!["measured".to_owned(), "aim".to_owned()];
    let mut rows: Vec<Vec<String>> =
        MEASURED.iter().map(|(name, aim)| vec![(*name).to_owned(), (*aim).to_owned()]).collect();
    for column in columns {
        heading.extend([column.name.to_owned(), format!("raw {}", column.name)]);
        for ((row, server), raw) in rows.iter_mut().zip(column.server.texts()).zip(column.raw.texts()) {
            row.extend([server, raw]);
        }
    }
    rows.insert(0, heading);
    println!("\n{}\n", machine(binary));
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(|at| width(&rows, at)).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        println!("{}", cells.collect::<Vec<_>>().join("   "));
    }
    println!("\n{NOTES}");
}

const NOTES: &str = "\
The clients, the server, the agents and the database share this machine. Latency runs from sending the submission until
jobUpdates has brought RUNNING. Raw: the job and its event, one durable commit for each write of 32 clients and for each
thousand in bulk; a raw life is four such commits (submission, ALLOCATED, RUNNING, SUCCEEDED), without allocation rows.";

fn width(rows: &[Vec<String>], at: usize) -> usize {
    rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or_default()
}

/// What the figures depend on.
fn machine(binary: &Binary) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (cpus, memory, load) = (read("/proc/cpuinfo"), read("/proc/meminfo"), read("/proc/loadavg"));
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let gib =
        memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() >> 20;
    let load = load.split_whitespace().next().unwrap_or("?");
    let (bench, binary) = (if cfg!(debug_assertions) { "dev" } else { "release" }, binary.path().display());
    format!("{cores} cores ({model}), {gib} GiB, load {load}; bench built as {bench}, server {binary}")
}
