//! Taking a host out of the fleet for good: its agent's key is revoked, its name and its cards are free for others, and its history
//! stays.

use domain::ids::HostId;
use entity::{agent_credential, allocation, gpu, host, liveness};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use crate::fault::Fault;
use crate::store::feed::ChangeKind;
use crate::store::life::expect_version;
use crate::store::versioned::{Edit, edit};
use crate::store::{Store, Tx};

impl Store {
    /// Removes a host on which nothing is allocated.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Conflict`].
    pub async fn remove_host(
        &self,
        id: HostId,
        expected_version: Option<i32>,
        actor: &str,
    ) -> Result<host::Model, Fault> {
        let actor = actor.to_owned();
        self.write(move |tx| {
            let actor = actor.clone();
            Box::pin(async move { remove(tx, id, expected_version, &actor).await })
        })
        .await
    }
}

async fn remove(tx: &Tx<'_>, id: HostId, expected: Option<i32>, actor: &str) -> Result<host::Model, Fault> {
    let row = host::Entity::find_by_id(id.0)
        .filter(host::Column::RemovedAt.is_null())
        .lock_exclusive()
        .one(tx.db)
        .await?
        .ok_or(Fault::NotFound("host"))?;
    expect_version("host", expected, row.version)?;
    let live = allocation::Entity::find()
        .filter(allocation::Column::HostId.eq(row.id))
        .filter(allocation::Column::ReleasedAt.is_null())
        .count(tx.db)
        .await?;
    if live > 0 {
        return Err(Fault::Conflict {
            message: format!("{live} GPUs of the host {} are allocated: drain it first", row.name),
            current_version: Some(row.version),
        });
    }
    revoke_keys(tx, &row).await?;
    liveness::Entity::delete_by_id(row.id).exec(tx.db).await?;
    gpu::Entity::update_many()
        .col_expr(gpu::Column::Present, Expr::value(false))
        .filter(gpu::Column::HostId.eq(row.id))
        .exec(tx.db)
        .await?;
    let changes = vec![
        (host::Column::Name, Expr::value(format!("{}~{}", row.name, row.id.simple()))),
        (host::Column::Epoch, Expr::value(row.epoch + 1)),
        (host::Column::Down, Expr::value(true)),
        (host::Column::DownReason, Expr::value(Some("it was removed from the fleet".to_owned()))),
        (host::Column::RemovedAt, Expr::value(Some(tx.now))),
        (host::Column::UpdatedAt, Expr::value(tx.now)),
    ];
    match edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(removed) => {
            tracing::info!(host = row.name, actor, "a host was removed");
            tx.tell_host(&removed, ChangeKind::Updated, actor);
            Ok(removed)
        }
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

/// Ends every key of a host's agent.
pub(super) async fn revoke_keys(tx: &Tx<'_>, row: &host::Model) -> Result<(), Fault> {
    agent_credential::Entity::update_many()
        .col_expr(agent_credential::Column::RevokedAt, Expr::value(Some(tx.now)))
        .filter(agent_credential::Column::HostId.eq(row.id))
        .filter(agent_credential::Column::RevokedAt.is_null())
        .exec(tx.db)
        .await?;
    Ok(())
}
