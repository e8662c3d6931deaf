//! Taking a host out of the fleet for good: its agent's key is revoked, its name and its cards are free for others, and its history
//! stays.

use domain::ids::HostId;
use entity::{agent_credential, allocation, gpu, host, liveness};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use crate::fault::Fault;
use crate::store::audit::{Action, Line};
use crate::store::feed::ChangeKind;
use crate::store::life::expect_version;
use crate::store::versioned::{Edit, edit};
use crate::store::{Actor, Store, Tx};

impl Store {
    /// Removes a host on which nothing is allocated, and answers the name that it had.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Conflict`].
    pub async fn remove_host(
        &self,
        id: HostId,
        expected_version: Option<i32>,
        actor: &Actor,
    ) -> Result<String, Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let actor = actor.clone();
            Box::pin(async move { remove(tx, id, expected_version, &actor).await })
        })
        .await
    }
}

async fn remove(tx: &Tx<'_>, id: HostId, expected: Option<i32>, actor: &Actor) -> Result<String, Fault> {
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
            tracing::info!(host = row.name, actor = actor.name(), "a host was removed");
            let line = Line::new(Action::RemoveHost, row.organization_id, id);
            tx.note(actor, line.field("name", Some(&row.name), None::<String>));
            tx.tell_host(&removed, ChangeKind::Updated, actor.name());
            Ok(row.name)
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
