//! The newest sample of a GPU: unversioned, like liveness.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "telemetry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub gpu_id: Uuid,
    pub at: DateTimeUtc,
    pub utilization_percent: Option<f64>,
    pub memory_used_mib: Option<i32>,
    pub temperature_celsius: Option<i32>,
    pub power_watts: Option<f64>,
    pub clock_mhz: Option<i32>,
    pub memory_clock_mhz: Option<i32>,
    pub uncorrected_errors: Option<i32>,
    pub gpu_use: Option<String>,
    /// Since when it is used so.
    pub use_since: Option<DateTimeUtc>,
    pub processes: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
