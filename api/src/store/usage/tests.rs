//! GPU-seconds against a naive sum: second by second, allocation by allocation.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{GpuId, OrganizationId};
use entity::allocation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};

use super::UsageDimension;
use crate::fixture;
use crate::store::{Scope, Store};
use crate::telemetry::Minute;

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
        let (from, to) = (second(since), second(until));
        for by in [vec![], vec![UsageDimension::User, UsageDimension::Day], vec![UsageDimension::GpuType]] {
            let rows = store.usage_breakdown(Scope::Fleet, &by, from, to).await.expect("a breakdown");
            let told: f64 = rows.iter().map(|(_, used)| used.allocated).sum();
            assert!((told - counted).abs() < 1e-6, "by {by:?}: {told} is not {counted}");
        }
        let unseen = Scope::Organization(theirs.id);
        assert_eq!(store.usage_breakdown(unseen, &[], from, to).await.expect("a breakdown"), []);
    }
}

/// A card that is half busy for two minutes, shared by a quarter and a half of it that came half a minute late.
async fn what_was_used_is_booked_for_those_who_held_it(store: Store) {
    let ours = fixture::organization(&store, "ours").await;
    fixture::jobs_with_gpus(&store, ours.id, 2).await;
    let minute = second(0).timestamp().div_euclid(60) + 1;
    let begin = DateTime::from_timestamp(minute * 60, 0).expect("an instant");
    let card = allocation::Entity::find().all(store.db()).await.expect("rows")[0].gpu_id;
    set(&store, card, [(begin, 250), (begin + TimeDelta::seconds(30), 500)]).await;
    let half = Minute { samples: 12, utilization_percent: Some(50.0), ..Minute::default() };
    let unknown = Minute { samples: 12, ..Minute::default() };
    let told = vec![(GpuId(card), minute, half), (GpuId(card), minute + 2, unknown)];
    store.add_minutes(told).await.expect("minutes");
    // The same again, as another server has heard it of the next minute.
    store.add_minutes(vec![(GpuId(card), minute + 1, half)]).await.expect("minutes");

    let until = begin + TimeDelta::minutes(3);
    let by = [UsageDimension::ModelType];
    let rows = store.usage_breakdown(Scope::Fleet, &by, begin, until).await.expect("a breakdown");
    let [(key, used)] = &rows[..] else { panic!("one group: {rows:?}") };
    assert_eq!(key.model_type.as_deref(), Some(""));
    let held = 0.25 * 180.0 + 0.5 * 150.0;
    let observed = 0.25 * 120.0 + 0.5 * 90.0;
    assert_eq!((used.allocated, used.observed, used.used, used.jobs), (held, observed, observed / 2.0, 2));
    let elsewhere = begin + TimeDelta::days(2);
    let rows = store.usage_breakdown(Scope::Fleet, &by, elsewhere, elsewhere + TimeDelta::hours(1)).await;
    assert_eq!(rows.expect("a breakdown")[0].1.used, 0.0, "used where it was used, and nowhere else");
}

/// Makes the two allocations live ones of one card, from these instants on, with so many thousandths.
async fn set(store: &Store, card: sea_orm::prelude::Uuid, held: [(DateTime<Utc>, i32); 2]) {
    let rows = allocation::Entity::find().all(store.db()).await.expect("rows");
    for (row, (from, milli)) in rows.into_iter().zip(held) {
        let mut row = row.into_active_model();
        row.gpu_id = Set(card);
        row.milli = Set(milli);
        row.allocated_at = Set(from);
        store
            .write(move |tx| {
                let row = row.clone();
                Box::pin(async move { Ok(row.update(tx.db).await?) })
            })
            .await
            .expect("an update");
    }
}

#[tokio::test]
async fn what_was_used_is_booked_on_sqlite() {
    let (_folder, store) = fixture::sqlite().await;
    what_was_used_is_booked_for_those_who_held_it(store).await;
}

#[tokio::test]
async fn what_was_used_is_booked_on_postgres() {
    what_was_used_is_booked_for_those_who_held_it(fixture::postgres().await).await;
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
