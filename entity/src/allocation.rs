//! GPUs given: a row per job, attempt and GPU, live while `released_at` is null.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub job_id: Uuid,
    pub organization_id: Uuid,
    pub attempt: i32,
    pub host_id: Uuid,
    pub gpu_id: Uuid,
    pub milli: i32,
    pub cpus: f64,
    pub memory_gb: f64,
    pub allocated_at: DateTimeUtc,
    pub released_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::job::Entity", from = "Column::JobId", to = "super::job::Column::Id")]
    Job,
    #[sea_orm(belongs_to = "super::gpu::Entity", from = "Column::GpuId", to = "super::gpu::Column::Id")]
    Gpu,
}

impl ActiveModelBehavior for ActiveModel {}
