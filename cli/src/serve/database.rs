//! `migrate`: the database's schema by hand. A server brings it up to date by itself.

use api::store::open::{self, Location};
use migration::{Migrator, MigratorTrait};

use super::data_dir;
use super::token::print_line;
use crate::args::server::MigrateArgs;
use crate::args::values::MigrateDirection;
use crate::client::Failure;

/// Goes up, goes one step down, or lists the steps.
pub(super) async fn migrate(args: &MigrateArgs) -> Result<u8, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let _lock = match args.database_url {
        None => Some(data_dir::lock(&args.data.data_dir)?),
        Some(_) => None,
    };
    let location =
        Location::new(args.database_url.as_deref(), &args.data.data_dir).map_err(|e| refused(&e))?;
    if matches!(args.direction, MigrateDirection::Up) {
        open::migrate(&location).await.map_err(|e| refused(&e))?;
    }
    let db = open::connect(&location).await.map_err(|e| refused(&e))?;
    match args.direction {
        MigrateDirection::Down => Migrator::down(&db, Some(1)).await.map_err(|e| refused(&e))?,
        MigrateDirection::Up | MigrateDirection::Status => {}
    }
    let pending = Migrator::get_pending_migrations(&db).await.map_err(|e| refused(&e))?;
    for step in Migrator::migrations() {
        let waits = pending.iter().any(|one| one.name() == step.name());
        print_line(&format!("{}  {}", if waits { "pending" } else { "applied" }, step.name()))?;
    }
    Ok(0)
}
