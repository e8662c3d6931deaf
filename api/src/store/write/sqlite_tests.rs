//! A disk that is full for a moment: nothing is acknowledged falsely, and writing goes on when there is room again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use sea_orm::ConnectionTrait;

use crate::fault::Fault;
use crate::store::Store;
use crate::store::open::{Location, open};

async fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&Location::new(None, dir.path()).unwrap()).await.unwrap();
    (dir, store)
}

/// The database may not grow any more: as far as SQLite is concerned, the disk is full.
async fn fill_disk(store: &Store) {
    let full = store.write(|tx| {
        Box::pin(async move {
            tx.db.execute_unprepared("PRAGMA max_page_count = 1").await?;
            Ok(())
        })
    });
    full.await.unwrap();
}

/// Writes a row of this size, in kilobytes.
async fn put(store: &Store, name: &'static str, kilobytes: usize) -> Result<(), Fault> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql = format!(
                    "INSERT INTO lease (name, holder, expires_at) VALUES ('{name}', '{}', '2026-01-01')",
                    "x".repeat(kilobytes << 10)
                );
                tx.db.execute_unprepared(&sql).await?;
                Ok(())
            })
        })
        .await
}

async fn names(store: &Store) -> Vec<String> {
    let statement = sea_orm::Statement::from_string(
        store.db().get_database_backend(),
        "SELECT name FROM lease ORDER BY name",
    );
    let rows = store.db().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

#[tokio::test]
async fn after_a_full_disk_what_is_acknowledged_is_kept() {
    let (_dir, store) = store().await;
    put(&store, "before", 1).await.unwrap();
    fill_disk(&store).await;
    let refused = put(&store, "too large", 4096).await.unwrap_err();
    assert!(matches!(refused, Fault::DiskFull(_)), "{refused:?}");
    assert!(store.check_health().await.is_err(), "a server that cannot write is not ready");
    assert!(matches!(store.has_room(), Err(Fault::DiskFull(_))), "and takes nothing new");
    put(&store, "after", 1).await.unwrap();
    assert_eq!(
        names(&store).await,
        ["after", "before"],
        "what was acknowledged can be read, and nothing else"
    );
    store.check_health().await.unwrap();
}

#[tokio::test]
async fn what_shares_a_group_with_a_full_disk_is_not_acknowledged_falsely() {
    let (_dir, store) = store().await;
    fill_disk(&store).await;
    let small = (0..20).map(|number| put(&store, ["a", "b", "c", "d", "e"][number % 5], 1));
    let (large, small) = tokio::join!(put(&store, "too large", 4096), futures_util::future::join_all(small));
    large.unwrap_err();
    let acknowledged = small.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(names(&store).await.len(), acknowledged);
}

#[tokio::test]
async fn work_that_fails_takes_nothing_else_along() {
    let (_dir, store) = store().await;
    put(&store, "a", 1).await.unwrap();
    let (again, other) = tokio::join!(put(&store, "a", 1), put(&store, "b", 1));
    assert!(again.is_err() && other.is_ok());
    assert_eq!(names(&store).await, ["a", "b"]);
}
