//! Measures a server on SQLite and on PostgreSQL beside the raw databases, and prints one table. It asserts no figure; what
//! cannot be measured ends it.
//!
//! `GPU_FLEET_BIN` names the binary, `GPU_FLEET_TEST_POSTGRES_URL` a PostgreSQL server whose role may create databases.
//! `--seconds N` sets how long each rate is measured, `--only reads,push` what is measured: of latency, lives, loans, reads,
//! push, submissions and agents.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench that cannot go on stops there"
)]

mod agents;
mod feed;
mod measure;
mod push;
mod raw;
mod reads;
mod table;
mod yardstick;

use std::time::Duration;

use serde_json::json;
use system_tests::{AgentProcess, Binary, Database, Engine, Fleet, Place};

use table::{Column, Figures};

#[tokio::main]
async fn main() {
    let ask = Ask::read(std::env::args().skip(1)).unwrap_or_else(|| {
        eprintln!("usage: bench [--seconds N] [--only {}]", PARTS.join(","));
        std::process::exit(2);
    });
    let columns = [
        measure_database("SQLite", Engine::Sqlite, &ask).await,
        measure_database("PostgreSQL", Engine::Postgres, &ask).await,
    ];
    table::print(&Binary::find(), &columns);
}

/// What can be measured.
const PARTS: [&str; 7] = ["latency", "lives", "loans", "reads", "push", "submissions", "agents"];

/// What is asked of a run.
struct Ask {
    /// How long each rate is measured.
    span: Duration,
    /// What is measured; empty: everything, and the raw databases too.
    only: Vec<String>,
}

impl Ask {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut ask = Self { span: Duration::from_secs(5), only: Vec::new() };
        while let Some(option) = arguments.next() {
            let value = arguments.next()?;
            match option.as_str() {
                "--seconds" => ask.span = Duration::try_from_secs_f64(value.parse().ok()?).ok()?,
                "--only" => ask.only = value.split(',').map(str::to_owned).collect(),
                _ => return None,
            }
        }
        ask.only.iter().all(|part| PARTS.contains(&part.as_str())).then_some(ask)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == part)
    }
}

/// Everything on one kind of database: first through a server, then on a second database without one.
async fn measure_database(name: &'static str, engine: Engine, ask: &Ask) -> Column {
    table::progress(&format!("{name}: the server"));
    let server = measure_server(Fleet::serve(Place::create(engine).await).await, ask).await;
    if !ask.only.is_empty() {
        return Column { name, server, raw: Figures::default() };
    }
    table::progress(&format!("{name}: the raw database"));
    let bare = Database::create(engine).await;
    let folder = tempfile::tempdir().expect("a directory");
    let raw =
        raw::measure(&bare.address(folder.path()), ask.span).await.expect("a database that can be measured");
    Column { name, server, raw }
}

/// The lives come first: the submissions leave tens of thousands of held jobs behind.
async fn measure_server(fleet: Fleet, ask: &Ask) -> Figures {
    let operator = fleet.operator().await;
    let bench = json!({ "slug": "bench", "name": "Bench" });
    operator.change("createOrganization", bench, "organization { id }").await.expect("an organization");
    let client = fleet.member("bench").await;
    let mut figures = Figures::default();
    tokio::time::sleep(Duration::from_secs(2)).await;
    figures.serve_mib = Some(fleet.memory_mib());
    let small = AgentProcess::start(&fleet, "small", "simulated:8xH100-80GB").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    figures.agent_mib = Some(small.memory_mib());

    let feed = feed::Feed::follow(&client).await;
    if ask.wants("latency") {
        table::progress("  submit → RUNNING, idle");
        figures.latency_process = Some(measure::idle_latency(&client, &feed, measure::Life::Process).await);
        figures.latency_loan = Some(measure::idle_latency(&client, &feed, measure::Life::Loan).await);
    }
    if ask.wants("lives") {
        table::progress("  job lives with processes");
        figures.process_lives = Some(measure::process_lives(&client, &feed, 400).await);
    }
    if ask.wants("loans") {
        table::progress("  job lives without processes");
        let _large = AgentProcess::start(&fleet, "large", "simulated:64xA100-40GB").await;
        figures.loan_lives = Some(measure::loan_lives(&client, &feed, ask.span).await);
    }
    if ask.wants("reads") {
        table::progress("  lists of 100 jobs");
        figures.reads = Some(reads::measure(&fleet, &client, ask.span).await);
    }
    if ask.wants("push") {
        table::progress("  pushes to 1,000 subscribers");
        figures.push = Some(push::latency(&client, ask.span).await);
    }
    if ask.wants("submissions") {
        table::progress("  submissions");
        figures.single = Some(measure::single_submissions(&client, ask.span).await);
        figures.bulk = Some(measure::bulk_submissions(&client).await);
    }
    if ask.wants("agents") {
        table::progress("  500 agents");
        figures.agents_percent = Some(agents::cost(&fleet, ask.span).await);
    }
    figures.serve_after_mib = Some(fleet.memory_mib());
    tell_warnings(&fleet.log());
    figures
}

/// How many warnings and errors a log has, and the first.
fn tell_warnings(log: &str) {
    let bad: Vec<&str> = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    if let Some(first) = bad.first() {
        table::progress(&format!("  the server logged {} warnings or errors, the first: {first}", bad.len()));
    }
}
