//! The one door for edits under optimistic locking: compares the version, bumps it, and tells updated, stale and
//! missing apart, so that no caller can forget one of the three.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
};

/// What became of an edit.
#[derive(Debug)]
pub enum Edit<M> {
    /// Done; the row as it is now.
    Updated(M),
    /// Somebody was faster; the version that the row has now.
    Stale(i32),
    /// There is no such row.
    Missing,
}

/// A table whose rows carry a version.
pub trait Versioned: EntityTrait {
    /// The primary key.
    const ID: Self::Column;
    /// The version.
    const VERSION: Self::Column;
}

macro_rules! versioned {
    ($($table:ident),*) => {$(
        impl Versioned for entity::$table::Entity {
            const ID: Self::Column = entity::$table::Column::Id;
            const VERSION: Self::Column = entity::$table::Column::Version;
        }
    )*};
}
versioned!(organization, host, gpu, job);

/// Sets `changes` on the row `id` if its version is still `expected`, and bumps the version.
///
/// # Errors
/// Database errors only: stale and missing are answers, not errors.
pub async fn edit<E: Versioned>(
    db: &DatabaseTransaction,
    id: Uuid,
    expected: i32,
    changes: Vec<(E::Column, SimpleExpr)>,
) -> Result<Edit<E::Model>, DbErr>
where
    E::Model: FromQueryResult + Send + Sync,
{
    let mut update = E::update_many().col_expr(E::VERSION, Expr::col(E::VERSION).add(1));
    for (column, value) in changes {
        update = update.col_expr(column, value);
    }
    let mut rows =
        update.filter(E::ID.eq(id)).filter(E::VERSION.eq(expected)).exec_with_returning(db).await?;
    if let Some(row) = rows.pop() {
        return Ok(Edit::Updated(row));
    }
    let current: Option<i32> =
        E::find().select_only().column(E::VERSION).filter(E::ID.eq(id)).into_tuple().one(db).await?;
    Ok(current.map_or(Edit::Missing, Edit::Stale))
}
