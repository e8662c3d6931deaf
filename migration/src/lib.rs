//! The schema's history, on SQLite and PostgreSQL. A migration that has landed is frozen: it is never edited again.
//!
//! Must never import the other crates of this workspace, whose types move on while history does not.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod dialect;
mod m20261124_000001_ground;
mod m20261125_100001_attempts;
mod m20261125_100002_hosts;
mod m20261125_100003_telemetry;
mod m20261125_100004_fast_failures;
mod m20261125_110001_access;
mod m20261129_100001_preemption;
mod m20261129_100002_past;
mod m20261130_100001_image;
mod m20261130_100002_mps;
mod m20261130_100003_idle;
mod m20261130_100004_log_store;
mod m20261130_100010_usage_hour;
mod m20261130_100011_retry_at;
mod m20261130_100021_image_refused;
mod m20261130_100022_log_cut;
mod m20261130_100023_idle_stops;
mod m20261130_100024_asked;

/// Every migration, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_ground::Migration),
            Box::new(m20261125_100001_attempts::Migration),
            Box::new(m20261125_100002_hosts::Migration),
            Box::new(m20261125_100003_telemetry::Migration),
            Box::new(m20261125_100004_fast_failures::Migration),
            Box::new(m20261125_110001_access::Migration),
            Box::new(m20261129_100001_preemption::Migration),
            Box::new(m20261129_100002_past::Migration),
            Box::new(m20261130_100001_image::Migration),
            Box::new(m20261130_100002_mps::Migration),
            Box::new(m20261130_100003_idle::Migration),
            Box::new(m20261130_100004_log_store::Migration),
            Box::new(m20261130_100010_usage_hour::Migration),
            Box::new(m20261130_100011_retry_at::Migration),
            Box::new(m20261130_100021_image_refused::Migration),
            Box::new(m20261130_100022_log_cut::Migration),
            Box::new(m20261130_100023_idle_stops::Migration),
            Box::new(m20261130_100024_asked::Migration),
        ]
    }
}
