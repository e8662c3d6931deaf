//! One GPU.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

use crate::json::Texts;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gpu")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub host_id: Uuid,
    pub uuid: String,
    pub device_index: i32,
    pub gpu_type: String,
    pub memory_mib: i32,
    pub simulated: bool,
    pub numa_node: Option<i32>,
    /// UUIDs of the host's other cards that it reaches by NVLink.
    pub nvlink_peers: Texts,
    /// Whether what several jobs get of it is more than a number; none: not told.
    pub shares_enforced: Option<bool>,
    pub present: bool,
    pub health: String,
    pub health_reason: Option<String>,
    pub quarantined: bool,
    pub quarantine_reason: Option<String>,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
