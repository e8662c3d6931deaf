//! Who may act alone. An embedded database has one server, by the lock on its directory. On a shared database one server at a time holds the scheduling lease; two at once could only waste
//! work, never allocate twice, because placements are committed under the versions they read.

use chrono::DateTime;
use entity::lease;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{Store, Tx};
use crate::fault::Fault;

/// Takes or renews a lease by the database's clock, which is the same for all servers.
async fn take(tx: &Tx<'_>, name: &str, holder: &str, seconds: i64) -> Result<bool, Fault> {
    let expires_at = Expr::cust_with_values("now() + make_interval(secs => $1)", [seconds as f64]);
    let is_over = Expr::col(lease::Column::ExpiresAt).lt(Expr::cust("now()"));
    let taken = lease::Entity::update_many()
        .col_expr(lease::Column::Holder, Expr::value(holder))
        .col_expr(lease::Column::ExpiresAt, expires_at)
        .filter(lease::Column::Name.eq(name))
        .filter(lease::Column::Holder.eq(holder).or(is_over))
        .exec(tx.db)
        .await?;
    Ok(taken.rows_affected > 0)
}

impl Store {
    /// Takes or renews a lease for `seconds`. False: another holder has it.
    ///
    /// # Errors
    /// Database faults.
    pub async fn hold_lease(&self, name: &'static str, holder: &str, seconds: i64) -> Result<bool, Fault> {
        if !self.is_shared() {
            // The lock on the data directory says it better: nobody else is there.
            return Ok(true);
        }
        let holder = holder.to_owned();
        self.write(move |tx| {
            let holder = holder.clone();
            Box::pin(async move {
                if take(tx, name, &holder, seconds).await? {
                    return Ok(true);
                }
                // Nobody's yet, perhaps: a lease that has run out is there for whoever comes first.
                let free = lease::ActiveModel {
                    name: Set(name.to_owned()),
                    holder: Set(String::new()),
                    expires_at: Set(DateTime::UNIX_EPOCH),
                };
                let absent = OnConflict::column(lease::Column::Name).do_nothing().to_owned();
                lease::Entity::insert(free).on_conflict(absent).exec_without_returning(tx.db).await?;
                take(tx, name, &holder, seconds).await
            })
        })
        .await
    }

    /// Gives a lease back, for a successor to take at once.
    ///
    /// # Errors
    /// Database faults.
    pub async fn drop_lease(&self, name: &'static str, holder: &str) -> Result<(), Fault> {
        if !self.is_shared() {
            return Ok(());
        }
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
