//! One text of SQL for both databases: the few types whose names differ are written as placeholders.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

/// Runs a text of statements, each ended by a semicolon at the end of a line, with `{uuid}`, `{time}`, `{json}`,
/// `{serial}` and `{bytes}` replaced by what the database calls them.
pub(crate) async fn run(manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let text = spell(connection.get_database_backend(), text);
    for statement in text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

fn spell(backend: DatabaseBackend, text: &str) -> String {
    let [uuid, time, json, serial, bytes] = match backend {
        DatabaseBackend::Postgres => ["uuid", "timestamptz", "jsonb", "bigserial PRIMARY KEY", "bytea"],
        // AUTOINCREMENT: a number that was pruned is never given again, so a cursor never points at another event.
        _ => ["BLOB", "TEXT", "TEXT", "INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB"],
    };
    text.replace("{uuid}", uuid)
        .replace("{time}", time)
        .replace("{json}", json)
        .replace("{serial}", serial)
        .replace("{bytes}", bytes)
}
