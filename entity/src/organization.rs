//! A tenant.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "organization")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub weight: f64,
    pub guaranteed_gpus: f64,
    pub max_gpus: Option<f64>,
    pub max_queued_jobs: Option<i32>,
    pub idle_action: String,
    pub idle_window_minutes: i32,
    pub idle_grace_minutes: i32,
    pub idle_utilization_percent: i32,
    pub version: i32,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
