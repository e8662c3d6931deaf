//! A database of its own for each test: a file in the server's data directory, or a new one on a real PostgreSQL server.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};

/// Names the PostgreSQL server and a role that may create databases.
const POSTGRES_VARIABLE: &str = "GPU_FLEET_TEST_POSTGRES_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What keeps the fleet's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

/// One test's database; gone when it is dropped.
#[derive(Debug)]
pub struct Database {
    created: Option<Created>,
}

#[derive(Debug)]
struct Created {
    admin_url: String,
    url: String,
    name: String,
}

impl Database {
    /// A fresh one. Fails where PostgreSQL is asked for and there is no server: a test that was not run has not passed.
    pub async fn create(engine: Engine) -> Self {
        if engine == Engine::Sqlite {
            return Self { created: None };
        }
        let admin_url = std::env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
            panic!("{POSTGRES_VARIABLE} is not set, and this test needs a PostgreSQL server: scripts/with-postgres.sh cargo test")
        });
        let name = format!("fleet_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        execute(&admin_url, &format!("CREATE DATABASE {name}")).await;
        let server = admin_url.rsplit_once('/').expect("an address that names a database").0;
        let url = format!("{server}/{name}");
        Self { created: Some(Created { admin_url, url, name }) }
    }

    /// The address to hand to the server; none for the embedded one.
    pub fn url(&self) -> Option<&str> {
        self.created.as_ref().map(|created| created.url.as_str())
    }

    /// The address for whoever looks behind the server's back; the embedded one lies in this data directory.
    pub fn address(&self, data_dir: &Path) -> String {
        let embedded = || format!("sqlite://{}?mode=rwc", data_dir.join("gpu-fleet.db").display());
        self.url().map_or_else(embedded, str::to_owned)
    }

    /// A connection behind the server's back.
    pub async fn connect(&self, data_dir: &Path) -> DatabaseConnection {
        connect(&self.address(data_dir)).await
    }

    /// Runs a statement behind the server's back, as only a test of broken databases may.
    pub async fn execute(&self, data_dir: &Path, statement: &str) {
        execute(&self.address(data_dir), statement).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(Created { admin_url, name, .. }) = self.created.take() else { return };
        // A drop cannot wait in the test's own runtime.
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&admin_url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        // A database that stays is no reason to fail a test.
        dropping.join().unwrap_or_default();
    }
}

async fn execute(url: &str, statement: &str) {
    let connection = connect(url).await;
    connection.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    connection.close().await.expect("a connection that closes");
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options)
        .await
        .unwrap_or_else(|error| panic!("cannot reach the test's database: {error}"))
}
