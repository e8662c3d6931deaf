//! `migrate`: the database's schema by hand. A server brings it up to date by itself.

use api::store::open::{self, Location};
use migration::{Migrator, MigratorTrait};

use super::data_dir;
use super::token::print_line;
use crate::args::server::MigrateArgs;
use crate::args::values::MigrateDirection;
use crate::client::Failure;
use crate::output::{Form, Output};

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
    let steps = Migrator::migrations();
    let applied = |name: &str| !pending.iter().any(|one| one.name() == name);
    if args.json {
        let step = |name: &str| serde_json::json!({ "name": name, "applied": applied(name) });
        let steps: Vec<_> = steps.iter().map(|one| step(one.name())).collect();
        Output::new(Form::Json).json(&steps)?;
        return Ok(0);
    }
    for step in steps {
        print_line(&format!(
            "{}  {}",
            if applied(step.name()) { "applied" } else { "pending" },
            step.name()
        ))?;
    }
    Ok(0)
}
