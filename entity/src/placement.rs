//! An attempt's part on one host, and what its agent has said of it.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "placement")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub host_id: Uuid,
    pub node_rank: i32,
    pub node_count: i32,
    pub state: String,
    pub exit_code: Option<i32>,
    pub reason: Option<String>,
    pub timed_out: bool,
    pub cause: Option<String>,
    /// The command had been asked to end, by a signal, before it ended; none: its agent has not said.
    pub asked: Option<bool>,
    pub log_complete: bool,
    /// Of what was moved away: the line behind it, and its bytes.
    pub log_lines: i32,
    pub log_bytes: i64,
    /// A line of it says that the rest is not kept.
    pub log_cut: bool,
    /// Why the attempt is to end and be tried again later; none: it may go on.
    pub evict_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::host::Entity", from = "Column::HostId", to = "super::host::Column::Id")]
    Host,
}

impl ActiveModelBehavior for ActiveModel {}
