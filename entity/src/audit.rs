//! Who changed what: appended with each change, never edited.

#![expect(missing_docs, reason = "the columns say it, and the migration bounds them")]

use sea_orm::entity::prelude::*;

use crate::json::Changes;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: DateTimeUtc,
    pub organization_id: Option<Uuid>,
    pub actor: String,
    pub role: String,
    pub api_key_id: Option<Uuid>,
    pub action: String,
    pub subject: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub changes: Changes,
    pub request_id: String,
    pub address: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
