//! GPU-seconds against a naive sum: second by second, allocation by allocation.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::OrganizationId;
use entity::allocation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};

use super::Store;
use crate::fixture;

const ALLOCATIONS: usize = 12;
/// The seconds in which everything happens.
const SECONDS: i64 = 40;

/// From this second, for so many or up to now, so many thousandths.
type Held = (i64, Option<i64>, i32);

fn second(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000_000 + number)
}

/// Counts every second of every allocation.
fn naive(held: &[Held], since: i64, until: i64) -> f64 {
    let in_second = |at: i64, &(from, long, milli): &Held| {
        let ended = long.is_some_and(|long| at >= from + long);
        if at >= from && !ended { f64::from(milli) / 1000.0 } else { 0.0 }
    };
    (since..until).map(|at| held.iter().map(|one| in_second(at, one)).sum::<f64>()).sum()
}

async fn write(store: &Store, held: &[Held]) {
    let rows = allocation::Entity::find().all(store.db()).await.expect("rows");
    assert_eq!(rows.len(), held.len());
    for (row, &(from, long, milli)) in rows.into_iter().zip(held) {
        let mut row = row.into_active_model();
        row.milli = Set(milli);
        row.allocated_at = Set(second(from));
        row.released_at = Set(long.map(|long| second(from + long)));
        store
            .write(move |tx| {
                let row = row.clone();
                Box::pin(async move { Ok(row.update(tx.db).await?) })
            })
            .await
            .expect("an update");
    }
}

async fn usage_is_the_naive_sum(store: Store) {
    let ours = fixture::organization(&store, "ours").await;
    let theirs = fixture::organization(&store, "theirs").await;
    fixture::jobs_with_gpus(&store, ours.id, ALLOCATIONS).await;
    let held = vec((0..SECONDS, prop::option::of(0..SECONDS), 1..=1000i32), ALLOCATIONS);
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..24 {
        let tree = (held.clone(), 0..SECONDS, 0..SECONDS).new_tree(&mut runner).expect("a case");
        let (held, a, b): (Vec<Held>, i64, i64) = tree.current();
        let (since, until) = (a.min(b), a.max(b));
        write(&store, &held).await;
        let ask = async |of: OrganizationId| {
            store.gpu_seconds(of, second(since), second(until)).await.expect("a sum")
        };
        let (told, counted) = (ask(ours.id).await, naive(&held, since, until));
        assert!((told - counted).abs() < 1e-6, "{told} is not {counted}: {since} to {until} of {held:?}");
        assert_eq!(ask(theirs.id).await, 0.0);
    }
}

#[tokio::test]
async fn usage_is_the_naive_sum_on_sqlite() {
    let (_folder, store) = fixture::sqlite().await;
    usage_is_the_naive_sum(store).await;
}

#[tokio::test]
async fn usage_is_the_naive_sum_on_postgres() {
    usage_is_the_naive_sum(fixture::postgres().await).await;
}
