//! A job, through all of its attempts.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

use crate::json::{Command, Env, IdleWarning, Labels, Requirements};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub name: String,
    pub model_type: Option<String>,
    pub status: String,
    pub status_reason: Option<String>,
    pub stop_outcome: Option<String>,
    /// The job that claims its GPUs.
    pub preempted_for: Option<Uuid>,
    /// When its GPUs were asked for, by that job or because it did not use them: it waits again once its processes are gone,
    /// unless `stop_outcome` says otherwise.
    pub preempted_at: Option<DateTimeUtc>,
    /// Attempts that were ended for others, or because they did not use their GPUs: they use up no retry either.
    pub preempted: i32,
    /// It holds GPUs and does not use them, and was warned; none unless it runs.
    pub idle: Option<IdleWarning>,
    /// So often was it stopped because it did not use its GPUs.
    pub idle_stops: i32,
    pub held: bool,
    pub priority: i32,
    pub requirements: Requirements,
    pub command: Option<Command>,
    pub env: Env,
    pub workdir: Option<String>,
    /// The container image that its command runs in.
    pub image: Option<String>,
    pub labels: Labels,
    pub attempt: i32,
    pub max_retries: i32,
    /// Attempts that ended through no fault of the job: they use up no retry.
    pub excused: i32,
    /// Before the second attempt; doubled for each further one.
    pub retry_pause_seconds: i32,
    pub time_limit_seconds: Option<i32>,
    /// Where its log is: KEPT here, MOVED into the log store, or EXPIRED; EXPIRING: being forgotten.
    pub log_state: String,
    pub exit_code: Option<i32>,
    pub submitted_by: String,
    pub retry_of: Option<Uuid>,
    /// Its next attempt does not start before; none: whenever it can.
    pub retry_at: Option<DateTimeUtc>,
    pub submitted_at: DateTimeUtc,
    pub allocated_at: Option<DateTimeUtc>,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::organization::Entity",
        from = "Column::OrganizationId",
        to = "super::organization::Column::Id"
    )]
    Organization,
}

impl ActiveModelBehavior for ActiveModel {}
