//! Opens a database: connects, brings its schema up to date, starts its writer and its feed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, Statement,
};
use tokio::sync::OnceCell;

use super::feed::Feed;
use super::reserve::Reserve;
use super::write::{GroupWriter, Writer};
use super::{Store, notify};
use crate::clock::{self, Clock};

/// Where the data is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file, made if absent.
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

impl Location {
    /// The database of a URL, or the data directory's own file where there is none.
    ///
    /// # Errors
    /// A URL of another kind.
    pub fn new(database_url: Option<&str>, data_dir: &Path) -> Result<Self, OpenError> {
        match database_url {
            None => Ok(Self::Sqlite(data_dir.join("gpu-fleet.db"))),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(url.to_owned()))
            }
            Some(url) => match url.strip_prefix("sqlite:") {
                Some(path) => Ok(Self::Sqlite(PathBuf::from(path.trim_start_matches("//")))),
                None => Err(OpenError::UnknownUrl),
            },
        }
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither SQLite nor PostgreSQL.
    #[error("the database URL must begin with postgres:// or sqlite:")]
    UnknownUrl,
    /// It does not answer, or refuses.
    #[error("cannot open the database: {0}")]
    Unreachable(String),
    /// It was written by a newer version.
    #[error(
        "the database was written by a newer version of gpu-fleet (it has the migration {0}, which this one does not know): upgrade gpu-fleet"
    )]
    Newer(String),
    /// Its schema could not be brought up to date.
    #[error("cannot migrate the database: {0}")]
    Migration(DbErr),
}

const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
const PROGRAM: &str = "gpu-fleet";
const UTC: [(&str, &str); 1] = [("timezone", "UTC")];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one waits for one's turn at a busy database before it counts as away: half of what an operation may take.
const TURN_TIMEOUT: Duration = Duration::from_secs(15);

/// Opens the database and brings its schema up to date.
///
/// # Errors
/// See [`OpenError`].
pub async fn open(location: &Location) -> Result<Store, OpenError> {
    match location {
        Location::Sqlite(path) => open_sqlite(path).await,
        Location::Postgres(url) => open_postgres(url).await,
    }
}

/// Connects for migrations alone: with one connection, and with time for long ones.
///
/// # Errors
/// [`OpenError::Unreachable`].
pub async fn connect(location: &Location) -> Result<DatabaseConnection, OpenError> {
    let options = match location {
        Location::Sqlite(path) => sqlite_options(path, false, 1),
        Location::Postgres(url) => migration_options(url),
    };
    Database::connect(options).await.map_err(|error| OpenError::Unreachable(error.to_string()))
}

async fn open_sqlite(path: &Path) -> Result<Store, OpenError> {
    let unreachable = |error: DbErr| OpenError::Unreachable(format!("{}: {error}", path.display()));
    make_private(path).map_err(|error| OpenError::Unreachable(format!("{}: {error}", path.display())))?;
    migrate(&Location::Sqlite(path.to_owned())).await?;
    let options = sqlite_options(path, false, 1);
    let connection = Database::connect(options.clone()).await.map_err(unreachable)?;
    let mut readers = Database::connect(sqlite_options(path, true, READERS)).await.map_err(unreachable)?;
    measure(&mut readers);
    let feed = Feed::new();
    let writer =
        GroupWriter::start(connection, options, Reserve::beside(path), feed.clone(), clock::machine());
    let store = Store::assemble(readers, Writer::Sqlite(writer), feed, clock::machine());
    store.start_feed().await.map_err(|fault| OpenError::Unreachable(fault.to_string()))?;
    store.start_settling();
    Ok(store)
}

/// A new database in memory that is gone with its store, for whoever plays a fleet by `clock`. Nothing happens in it by itself:
/// what else runs beside a server is to be called, [`Store::publish_committed`] and [`Store::settle_all`].
///
/// # Errors
/// See [`OpenError`].
pub async fn open_in_memory(clock: Clock) -> Result<Store, OpenError> {
    let unreachable = |error: DbErr| OpenError::Unreachable(error.to_string());
    // One connection, which holds the database, for readers and the writer.
    let options = memory_options();
    let connection = Database::connect(options.clone()).await.map_err(unreachable)?;
    let schema = SCHEMA.get_or_try_init(migrated_schema).await?;
    connection.execute_unprepared(schema).await.map_err(OpenError::Migration)?;
    let feed = Feed::new();
    let reserve = Reserve::not_needed();
    let writer = GroupWriter::start(connection.clone(), options, reserve, feed.clone(), clock.clone());
    Ok(Store::assemble(connection, Writer::Sqlite(writer), feed, clock))
}

/// What all migrations make of an empty database, in one script: a fleet is played in less time than they take.
static SCHEMA: OnceCell<String> = OnceCell::const_new();

async fn migrated_schema() -> Result<String, OpenError> {
    let unreachable = |error: DbErr| OpenError::Unreachable(error.to_string());
    let connection = Database::connect(memory_options()).await.map_err(unreachable)?;
    Migrator::up(&connection, None).await.map_err(OpenError::Migration)?;
    let told = "SELECT group_concat(sql, ';' ORDER BY rowid) AS script FROM sqlite_schema \
                WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let row = connection.query_one_raw(Statement::from_string(DatabaseBackend::Sqlite, told)).await;
    let row = row.and_then(|row| row.ok_or_else(|| DbErr::RecordNotFound("schema".to_owned())));
    row.and_then(|row| row.try_get("", "script")).map_err(OpenError::Migration)
}

async fn open_postgres(url: &str) -> Result<Store, OpenError> {
    let unreachable = |error: DbErr| OpenError::Unreachable(error.to_string());
    try_connection(url).await?;
    migrate(&Location::Postgres(url.to_owned())).await?;
    let mut pool = Database::connect(postgres_options(url)).await.map_err(unreachable)?;
    measure(&mut pool);
    let clock = clock::of_database(&pool).await.map_err(unreachable)?;
    let feed = Feed::new();
    let store = Store::assemble(pool.clone(), Writer::Postgres(pool.clone(), feed.clone()), feed, clock);
    store.start_feed().await.map_err(|fault| OpenError::Unreachable(fault.to_string()))?;
    store.start_settling();
    notify::start(&store, &pool, url.to_owned());
    Ok(store)
}

/// One connection without a pool around it, which only says that it has waited too long.
async fn try_connection(url: &str) -> Result<(), OpenError> {
    use sea_orm::sqlx::{Connection, PgConnection};
    let unreachable = |reason: String| OpenError::Unreachable(reason);
    let connecting = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect(url));
    let connection = connecting
        .await
        .map_err(|_| unreachable(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())))?
        .map_err(|error| unreachable(error.to_string()))?;
    connection.close().await.map_err(|error| unreachable(error.to_string()))
}

/// Makes the database's file, if it is new, so that only its owner can read it; SQLite gives what lies beside it the same
/// permissions.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        file.set_permissions(permissions)?;
    }
    Ok(())
}

/// Measures how long each statement takes.
fn measure(connection: &mut DatabaseConnection) {
    connection.set_metric_callback(|info| {
        metrics::histogram!("gpu_fleet_sql_seconds", "failed" => if info.failed { "true" } else { "false" })
            .record(info.elapsed.as_secs_f64());
    });
}

fn sqlite_options(path: &Path, read_only: bool, connections: u32) -> ConnectOptions {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(connections)
        .min_connections(1)
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |_| {
            let options = SqliteConnectOptions::new()
                .filename(&path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(CONNECT_TIMEOUT)
                .statement_cache_capacity(256)
                .pragma("cache_size", "-4096");
            if read_only { options.pragma("query_only", "on") } else { options }
        });
    options
}

fn memory_options() -> ConnectOptions {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(CONNECT_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|options| {
            options
                .journal_mode(SqliteJournalMode::Memory)
                .synchronous(SqliteSynchronous::Off)
                .foreign_keys(true)
                .statement_cache_capacity(256)
        });
    options
}

fn postgres_options(url: &str) -> ConnectOptions {
    const BOUNDS: [(&str, &str); 3] = [
        ("statement_timeout", "15s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "15s"),
    ];
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(POSTGRES_CONNECTIONS)
        .min_connections(1)
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(TURN_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|options| options.application_name(PROGRAM).options(UTC).options(BOUNDS));
    options
}

fn migration_options(url: &str) -> ConnectOptions {
    const BOUNDS: [(&str, &str); 1] = [("statement_timeout", "1h")];
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(1)
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|options| options.application_name(PROGRAM).options(UTC).options(BOUNDS));
    options
}

/// Brings a database's schema up to date, unless a newer version of this program has.
///
/// # Errors
/// See [`OpenError`].
pub async fn migrate(location: &Location) -> Result<(), OpenError> {
    let connection = connect(location).await?;
    lock_migrations(&connection).await.map_err(OpenError::Migration)?;
    refuse_newer(&connection).await?;
    Migrator::up(&connection, None).await.map_err(OpenError::Migration)?;
    // With the connection ends the lock.
    connection.close().await.map_err(OpenError::Migration)
}

/// Servers that start together on one database migrate one after the other.
async fn lock_migrations(connection: &DatabaseConnection) -> Result<(), DbErr> {
    if connection.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    let key = i64::from_be_bytes(*b"gpufleet");
    let sql = "SELECT pg_advisory_lock($1)";
    let lock = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, [key.into()]);
    connection.execute_raw(lock).await.map(drop)
}

async fn refuse_newer(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let known: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
    let applied = connection
        .query_all_raw(Statement::from_string(
            connection.get_database_backend(),
            "SELECT version FROM seaql_migrations",
        ))
        .await;
    // A database without that table is new.
    for row in applied.unwrap_or_default() {
        let version: String = row.try_get("", "version").map_err(OpenError::Migration)?;
        if !known.contains(&version) {
            return Err(OpenError::Newer(version));
        }
    }
    Ok(())
}
