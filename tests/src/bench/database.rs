//! A database of its own for each measurement: embedded SQLite, or a fresh database of a PostgreSQL server.

use std::path::Path;

use sea_orm::ConnectionTrait;

use crate::Fault;

/// A database that nobody else uses.
pub(crate) struct Database {
    /// The PostgreSQL server's own address and the fresh database's name; none for SQLite.
    postgres: Option<(String, String)>,
}

impl Database {
    /// A fresh database of this PostgreSQL server, or, without one, SQLite.
    pub(crate) async fn create(admin: Option<&str>) -> Result<Self, Fault> {
        let Some(admin) = admin else { return Ok(Self { postgres: None }) };
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        command(admin, &format!("CREATE DATABASE {name}")).await?;
        Ok(Self { postgres: Some((admin.to_owned(), name)) })
    }

    /// What a server is told; none for SQLite, which it keeps in its data directory.
    pub(crate) fn url(&self) -> Option<String> {
        let (admin, name) = self.postgres.as_ref()?;
        let (server, _) = admin.rsplit_once('/')?;
        Some(format!("{server}/{name}"))
    }

    /// What a connection without a server is told.
    pub(crate) fn raw_url(&self, place: &Path) -> String {
        self.url().unwrap_or_else(|| format!("sqlite://{}?mode=rwc", place.join("raw.db").display()))
    }

    /// Drops it. SQLite's file goes with its directory.
    pub(crate) async fn remove(self) -> Result<(), Fault> {
        match self.postgres {
            Some((admin, name)) => command(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await,
            None => Ok(()),
        }
    }
}

async fn command(admin: &str, sql: &str) -> Result<(), Fault> {
    let connection = sea_orm::Database::connect(admin).await?;
    connection.execute_unprepared(sql).await?;
    connection.close().await?;
    Ok(())
}
