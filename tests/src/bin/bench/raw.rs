//! The same rows written without a server: a job and its event in one durable transaction, on the server's own tables.
//!
//! One write is one commit here, where a server may put the writes of several clients into one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use domain::requirements::GpuRequirements;
use entity::json::{Command, Env, Labels, Requirements};
use entity::{event, job, organization};
use migration::{Migrator, MigratorTrait};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ActiveModelTrait, ConnectOptions, DatabaseConnection, DbErr, EntityTrait, TransactionTrait};
use uuid::Uuid;

use crate::measure::{BULK, BULKS, CLIENTS, rate, repeat};
use crate::table::Figures;

/// Rows of one statement, below the databases' limits on parameters.
const ROWS: usize = 500;
/// What happens to a job after its submission.
const LIFE: [&str; 3] = ["ALLOCATED", "RUNNING", "SUCCEEDED"];

/// Measures a fresh database at this address.
pub(crate) async fn measure(url: &str, span: Duration) -> Result<Figures, DbErr> {
    let connection = connect(url).await?;
    Migrator::up(&connection, None).await?;
    let writes = Arc::new(Writes { organization: add_organization(&connection).await?, connection });
    let single = repeat(CLIENTS, span, {
        let writes = writes.clone();
        move || {
            let writes = writes.clone();
            async move {
                writes.submit(1).await.expect("a row");
            }
        }
    })
    .await;
    let lives = repeat(CLIENTS, span, {
        let writes = writes.clone();
        move || {
            let writes = writes.clone();
            async move { writes.live().await.expect("a life") }
        }
    })
    .await;
    let began = Instant::now();
    for _ in 0..BULKS {
        writes.submit(BULK).await?;
    }
    let bulk = rate(BULK * BULKS, began);
    writes.connection.close_by_ref().await?;
    Ok(Figures {
        single: Some(single),
        bulk: Some(bulk),
        process_lives: Some(lives),
        loan_lives: Some(lives),
        ..Figures::default()
    })
}

/// SQLite has one writer, so more connections would only wait for each other.
async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let connections = if url.starts_with("sqlite") { 1 } else { CLIENTS as u32 };
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(Duration::from_secs(60)).sqlx_logging(false);
    options.test_before_acquire(false).map_sqlx_sqlite_opts(|options| {
        options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full).foreign_keys(true)
    });
    sea_orm::Database::connect(options).await
}

async fn add_organization(connection: &DatabaseConnection) -> Result<Uuid, DbErr> {
    let id = Uuid::now_v7();
    let row = organization::ActiveModel {
        id: Set(id),
        slug: Set("bench".to_owned()),
        name: Set("bench".to_owned()),
        weight: Set(1.0),
        guaranteed_gpus: Set(0.0),
        max_gpus: Set(None),
        max_queued_jobs: Set(None),
        idle_action: Set("NOTIFY".to_owned()),
        idle_window_minutes: Set(30),
        idle_grace_minutes: Set(15),
        idle_utilization_percent: Set(5),
        version: Set(1),
        created_at: Set(Utc::now()),
    };
    organization::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(id)
}

struct Writes {
    connection: DatabaseConnection,
    organization: Uuid,
}

impl Writes {
    /// So many jobs with their events in one commit; returns the last one's id.
    async fn submit(&self, jobs: usize) -> Result<Uuid, DbErr> {
        let ids: Vec<Uuid> = (0..jobs).map(|_| Uuid::now_v7()).collect();
        let transaction = self.connection.begin().await?;
        for ids in ids.chunks(ROWS) {
            let rows = ids.iter().map(|id| self.job(*id));
            job::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
            let events = ids.iter().map(|id| self.event(*id, "CREATED", "HELD"));
            event::Entity::insert_many(events).exec_without_returning(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(ids.last().copied().unwrap_or_default())
    }

    /// A job's whole life, each step a commit of its own.
    async fn live(&self) -> Result<(), DbErr> {
        let id = self.submit(1).await?;
        for (step, status) in LIFE.into_iter().enumerate() {
            let transaction = self.connection.begin().await?;
            let now = Utc::now();
            let mut change = job::ActiveModel {
                id: Set(id),
                status: Set(status.to_owned()),
                updated_at: Set(now),
                version: Set(step as i32 + 2),
                ..Default::default()
            };
            match status {
                "ALLOCATED" => change.allocated_at = Set(Some(now)),
                "RUNNING" => change.started_at = Set(Some(now)),
                _ => change.finished_at = Set(Some(now)),
            }
            change.update(&transaction).await?;
            event::Entity::insert(self.event(id, "UPDATED", status))
                .exec_without_returning(&transaction)
                .await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    fn job(&self, id: Uuid) -> job::ActiveModel {
        let now = Utc::now();
        job::ActiveModel {
            id: Set(id),
            organization_id: Set(self.organization),
            name: Set("bench".to_owned()),
            model_type: Set(None),
            status: Set("HELD".to_owned()),
            status_reason: Set(None),
            stop_outcome: Set(None),
            preempted_for: Set(None),
            preempted_at: Set(None),
            preempted: Set(0),
            idle: Set(None),
            log_state: Set("KEPT".to_owned()),
            held: Set(true),
            excused: Set(0),
            idle_stops: Set(0),
            priority: Set(0),
            requirements: Set(Requirements(one_gpu())),
            command: Set(Some(Command(vec!["true".to_owned()]))),
            env: Set(Env::default()),
            workdir: Set(None),
            image: Set(None),
            labels: Set(Labels::default()),
            attempt: Set(1),
            max_retries: Set(0),
            time_limit_seconds: Set(None),
            exit_code: Set(None),
            retry_of: Set(None),
            retry_at: Set(None),
            retry_pause_seconds: Set(10),
            submitted_by: Set("bench".to_owned()),
            submitted_at: Set(now),
            allocated_at: Set(None),
            started_at: Set(None),
            finished_at: Set(None),
            updated_at: Set(now),
            version: Set(1),
        }
    }

    fn event(&self, job: Uuid, change: &str, status: &str) -> event::ActiveModel {
        event::ActiveModel {
            seq: NotSet,
            organization_id: Set(Some(self.organization)),
            kind: Set("JOB".to_owned()),
            change: Set(change.to_owned()),
            subject: Set(job),
            payload: Set(serde_json::json!({ "status": status, "version": 1, "updatedAt": Utc::now() })),
            actor: Set("bench".to_owned()),
            at: Set(Utc::now()),
        }
    }
}

fn one_gpu() -> GpuRequirements {
    GpuRequirements {
        count: 1,
        milli: 1000,
        gpu_types: Vec::new(),
        min_memory_gb: None,
        single_host: true,
        cpus: None,
        memory_gb: None,
        labels: Vec::new(),
    }
}
