//! A real `gpu-fleet` under load, misuse and kills: races, refusals, endurance, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod endurance;
mod fleet;
mod refusals;
mod rivals;
mod socket;

/// One test on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(crate::fleet::Engine::Sqlite).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(crate::fleet::Engine::Postgres).await; })*
        }
    };
}
pub(crate) use on_both;
