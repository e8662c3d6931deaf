//! Measures a server on SQLite and on PostgreSQL beside the raw databases, and prints one table. It asserts nothing.
//!
//! `GPU_FLEET_BIN` names the binary; `GPU_FLEET_TEST_POSTGRES_URL` a PostgreSQL server whose role may create databases,
//! without which only SQLite is measured. `--seconds N` sets how long each rate is measured.

#[path = "../bench/database.rs"]
mod database;
#[path = "../bench/feed.rs"]
mod feed;
#[path = "../bench/fleet.rs"]
mod fleet;
#[path = "../bench/measure.rs"]
mod measure;
#[path = "../bench/process.rs"]
mod process;
#[path = "../bench/raw.rs"]
mod raw;
#[path = "../bench/table.rs"]
mod table;

use std::path::PathBuf;
use std::time::Duration;

use database::Database;
use fleet::Fleet;
use table::{Column, Figures};

/// What any step may fail with: the bench stops there and says why.
type Fault = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let binary = PathBuf::from(std::env::var("GPU_FLEET_BIN").map_err(|_| "GPU_FLEET_BIN names no gpu-fleet binary")?);
    let span = seconds(std::env::args().skip(1))?;
    let mut columns = Vec::new();
    columns.push(measure_database("SQLite", &binary, span, None).await?);
    if let Ok(admin) = std::env::var("GPU_FLEET_TEST_POSTGRES_URL") {
        columns.push(measure_database("PostgreSQL", &binary, span, Some(&admin)).await?);
    }
    table::print(&binary, &columns)?;
    Ok(())
}

fn seconds(mut arguments: impl Iterator<Item = String>) -> Result<Duration, Fault> {
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(Duration::from_secs(5)),
        (Some("--seconds"), Some(number)) => Ok(Duration::from_secs_f64(number.parse()?)),
        _ => Err("usage: bench [--seconds N]".into()),
    }
}

/// Everything on one kind of database: first through a server, then on a second database without one.
async fn measure_database(
    name: &'static str,
    binary: &std::path::Path,
    span: Duration,
    admin: Option<&str>,
) -> Result<Column, Fault> {
    let place = tempfile::tempdir()?;
    let served = Database::create(admin).await?;
    table::progress(&format!("{name}: the server"));
    let server = measure_server(Fleet::start(binary, place.path(), served.url()).await?, span).await;
    served.remove().await?;

    table::progress(&format!("{name}: the raw database"));
    let bare = Database::create(admin).await?;
    let raw = raw::measure(&bare.raw_url(place.path()), span).await;
    bare.remove().await?;
    let mut server = server?;
    if let Some(fault) = server.fault.take() {
        table::progress(&format!("{name}: {fault}"));
    }
    Ok(Column { name, server: server.figures, raw: raw? })
}

/// A server's figures, and why they end early, if they do.
struct Measured {
    figures: Figures,
    fault: Option<Fault>,
}

/// What was measured before a failure is still told.
async fn measure_server(mut fleet: Fleet, span: Duration) -> Result<Measured, Fault> {
    let mut figures = Figures::default();
    let fault = measure_all(&mut fleet, &mut figures, span).await.err();
    fleet.stop().await?;
    Ok(Measured { figures, fault })
}

/// The lives come first: the submissions leave tens of thousands of held jobs behind.
async fn measure_all(fleet: &mut Fleet, figures: &mut Figures, span: Duration) -> Result<(), Fault> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    figures.serve_mib = Some(fleet.server_memory_mib()?);
    let small = fleet.start_agent("small", "simulated:8xH100-80GB", 8).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    figures.agent_mib = Some(fleet.agent_memory_mib(small)?);

    let feed = feed::Feed::follow(fleet).await?;
    let client = fleet.client();
    table::progress("  submit → RUNNING, idle");
    figures.latency_process = Some(measure::idle_latency(&client, &feed, measure::Life::Process).await?);
    figures.latency_loan = Some(measure::idle_latency(&client, &feed, measure::Life::Loan).await?);
    table::progress("  job lives with processes");
    figures.process_lives = Some(measure::process_lives(&client, &feed, 400).await?);
    table::progress("  job lives without processes");
    fleet.start_agent("large", "simulated:64xA100-40GB", 72).await?;
    figures.loan_lives = Some(measure::loan_lives(&client, &feed, span).await?);
    table::progress("  submissions");
    figures.single = Some(measure::single_submissions(&client, span).await?);
    figures.bulk = Some(measure::bulk_submissions(&client).await?);
    figures.serve_after_mib = Some(fleet.server_memory_mib()?);
    Ok(())
}
