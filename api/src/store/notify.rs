//! Wake-ups between servers that share a PostgreSQL database. They carry no data and may be lost: everyone polls too.
//!
//! A NOTIFY takes a lock on the whole database at commit, so it is sent after the transaction, many in one.

use std::collections::HashSet;
use std::time::Duration;

use domain::ids::JobId;
use sea_orm::prelude::Uuid;
use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tokio::sync::mpsc;

use super::Store;
use super::write::Wake;

const CHANNEL: &str = "gpu_fleet";
const EVENTS: &str = "events";
/// Jobs named in one round at most; with more, followers of logs find them by polling.
const LOGS: usize = 64;

/// Starts telling and hearing.
pub(crate) fn start(store: &Store, pool: &DatabaseConnection, url: String) {
    let (sender, wakes) = mpsc::channel(256);
    store.feed().tell_neighbours_by(sender);
    tokio::spawn(tell(pool.clone(), wakes));
    tokio::spawn(hear(store.clone(), url));
}

async fn tell(pool: DatabaseConnection, mut wakes: mpsc::Receiver<Wake>) {
    while let Some(first) = wakes.recv().await {
        let mut payloads = HashSet::new();
        collect(first, &mut payloads);
        while let Ok(more) = wakes.try_recv() {
            collect(more, &mut payloads);
        }
        let payloads: Vec<String> = payloads.into_iter().take(LOGS).collect();
        let statement = Statement::from_sql_and_values(
            pool.get_database_backend(),
            "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload",
            [CHANNEL.into(), payloads.into()],
        );
        if let Err(error) = pool.execute_raw(statement).await {
            tracing::debug!(%error, "a wake-up was not sent; the others poll");
        }
    }
}

fn collect(wake: Wake, payloads: &mut HashSet<String>) {
    if wake.events {
        payloads.insert(EVENTS.to_owned());
    }
    payloads.extend(wake.logs.iter().map(|job| job.0.to_string()));
}

async fn hear(store: Store, url: String) {
    let mut pause = Duration::from_millis(100);
    loop {
        match listen(&store, &url, &mut pause).await {
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, "wake-ups from the other servers are interrupted; polling"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}

async fn listen(store: &Store, url: &str, pause: &mut Duration) -> Result<(), sea_orm::sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    *pause = Duration::from_millis(100);
    loop {
        // None: the connection was lost and made again; what was sent meanwhile is gone, so look for everything.
        let wake = match listener.try_recv().await? {
            None => Wake { events: true, ..Wake::default() },
            Some(note) if note.payload() == EVENTS => Wake { events: true, ..Wake::default() },
            Some(note) => Wake {
                logs: note.payload().parse::<Uuid>().map(JobId).into_iter().collect(),
                ..Wake::default()
            },
        };
        store.feed().wake_here(&wake);
    }
}
