//! A machine that carries GPUs. `drain` is wanted, `down` is observed.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

use crate::json::{Labels, Texts};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "host")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub machine_id: String,
    pub organization_id: Option<Uuid>,
    pub drain: bool,
    pub drain_reason: Option<String>,
    pub down: bool,
    pub down_reason: Option<String>,
    pub labels: Labels,
    pub agent_version: Option<String>,
    pub cpus: f64,
    pub memory_mib: i32,
    pub epoch: i32,
    pub unfit_reason: Option<String>,
    pub containment: Option<String>,
    /// What runs containers there; none: nothing does.
    pub container_runtime: Option<String>,
    pub warnings: Texts,
    pub removed_at: Option<DateTimeUtc>,
    /// The kinds of jobs that failed here right after their start, one after the other.
    pub fast_failures: Texts,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
