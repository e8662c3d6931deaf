//! Who may act alone. On a shared database one server at a time holds the scheduling lease; two at once could only waste
//! work, never allocate twice, because placements are committed under the versions they read.

use chrono::Duration;
use entity::lease;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::Store;
use crate::fault::Fault;

impl Store {
    /// Takes or renews a lease for `seconds`. False: another holder has it.
    ///
    /// # Errors
    /// Database faults.
    pub async fn hold_lease(&self, name: &'static str, holder: &str, seconds: i64) -> Result<bool, Fault> {
        let holder = holder.to_owned();
        self.write(move |tx| {
            let holder = holder.clone();
            Box::pin(async move {
                let expires_at = tx.now + Duration::seconds(seconds);
                let taken = lease::Entity::update_many()
                    .col_expr(lease::Column::Holder, Expr::value(holder.clone()))
                    .col_expr(lease::Column::ExpiresAt, Expr::value(expires_at))
                    .filter(lease::Column::Name.eq(name))
                    .filter(lease::Column::Holder.eq(holder.clone()).or(lease::Column::ExpiresAt.lt(tx.now)))
                    .exec(tx.db)
                    .await?;
                if taken.rows_affected > 0 {
                    return Ok(true);
                }
                if lease::Entity::find_by_id(name).one(tx.db).await?.is_some() {
                    return Ok(false);
                }
                let row = lease::ActiveModel {
                    name: Set(name.to_owned()),
                    holder: Set(holder),
                    expires_at: Set(expires_at),
                };
                lease::Entity::insert(row).exec_without_returning(tx.db).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Gives a lease back, for a successor to take at once.
    ///
    /// # Errors
    /// Database faults.
    pub async fn drop_lease(&self, name: &'static str, holder: &str) -> Result<(), Fault> {
        let holder = holder.to_owned();
        self.write(move |tx| {
            let holder = holder.clone();
            Box::pin(async move {
                lease::Entity::delete_many()
                    .filter(lease::Column::Name.eq(name))
                    .filter(lease::Column::Holder.eq(holder))
                    .exec(tx.db)
                    .await?;
                Ok(())
            })
        })
        .await
    }
}
