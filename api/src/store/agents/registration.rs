//! Joining the fleet and coming back to it: who may, and the epoch that begins.

use chrono::{DateTime, Utc};
use domain::ids::HostId;
use entity::json::{Labels, Texts};
use entity::{agent_credential, host, used_join_token};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, TryIntoModel};

use super::devices::sync_devices;
use super::life_signs::prove_life;
use super::removal::revoke_keys;
use super::words::{Admission, Declaration};
use crate::fault::Fault;
use crate::store::audit::{Action, Line};
use crate::store::feed::ChangeKind;
use crate::store::versioned::{Edit, edit};
use crate::store::{Store, Tx};

/// How many agent keys there are, and were revoked, and when the newest was made.
pub(crate) type KeysState = (i64, i64, Option<DateTime<Utc>>);

impl Store {
    /// Registers a host, or its return, and begins a new epoch.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for a used join token, or a name or a GPU that belongs to another machine.
    pub async fn register_host(
        &self,
        declared: Declaration,
        admission: Admission,
        lease_seconds: i32,
    ) -> Result<host::Model, Fault> {
        let declared = std::sync::Arc::new(declared);
        self.write(move |tx| {
            let (declared, admission) = (declared.clone(), admission.clone());
            Box::pin(async move { register(tx, &declared, &admission, lease_seconds).await })
        })
        .await
    }

    /// The host of an agent key, by its hash.
    ///
    /// # Errors
    /// Database faults.
    pub async fn host_of_key(&self, key_hash: &str) -> Result<Option<HostId>, Fault> {
        let row = agent_credential::Entity::find()
            .filter(agent_credential::Column::KeyHash.eq(key_hash))
            .filter(agent_credential::Column::RevokedAt.is_null())
            .one(self.db())
            .await?;
        Ok(row.map(|row| HostId(row.host_id)))
    }

    /// What is another whenever an agent key was made, revoked or deleted.
    ///
    /// # Errors
    /// Database faults.
    pub(crate) async fn state_of_agent_keys(&self) -> Result<KeysState, Fault> {
        let told = agent_credential::Entity::find()
            .select_only()
            .column_as(agent_credential::Column::Id.count(), "all")
            .column_as(agent_credential::Column::RevokedAt.count(), "revoked")
            .column_as(agent_credential::Column::CreatedAt.max(), "newest")
            .into_tuple()
            .one(self.db())
            .await?;
        Ok(told.unwrap_or_default())
    }

    /// A host's present epoch.
    ///
    /// # Errors
    /// Database faults.
    pub async fn epoch_of(&self, host: HostId) -> Result<Option<i32>, Fault> {
        Ok(host::Entity::find_by_id(host.0)
            .select_only()
            .column(host::Column::Epoch)
            .into_tuple()
            .one(self.db())
            .await?)
    }
}

/// The host's row, locked, if this is its present epoch.
pub(crate) async fn at_epoch(tx: &Tx<'_>, host: HostId, epoch: i32) -> Result<host::Model, Fault> {
    let row =
        host::Entity::find_by_id(host.0).lock_shared().one(tx.db).await?.ok_or(Fault::NotFound("host"))?;
    if row.epoch != epoch {
        return Err(Fault::Conflict {
            message: format!("epoch {epoch} of the host has ended: it is {} now; register again", row.epoch),
            current_version: Some(row.epoch),
        });
    }
    Ok(row)
}

async fn register(
    tx: &Tx<'_>,
    declared: &Declaration,
    admission: &Admission,
    lease_seconds: i32,
) -> Result<host::Model, Fault> {
    let known = match admission {
        Admission::Return(id) => Some(
            host::Entity::find_by_id(id.0)
                .lock_exclusive()
                .one(tx.db)
                .await?
                .ok_or(Fault::NotFound("host"))?,
        ),
        Admission::Join { .. } => {
            host::Entity::find()
                .filter(host::Column::Name.eq(&declared.name))
                .lock_exclusive()
                .one(tx.db)
                .await?
        }
    };
    if known.as_ref().is_some_and(|row| row.removed_at.is_some()) {
        return Err(Fault::Forbidden("this host was removed from the fleet: let it join anew".to_owned()));
    }
    if let Some(row) = &known
        && row.machine_id != declared.machine_id
    {
        return Err(Fault::conflict(format!("another machine is registered as {:?}", row.name)));
    }
    let row = match known {
        Some(row) => return_host(tx, &row, declared).await?,
        None => new_host(tx, declared).await?,
    };
    if let Admission::Join { jti, key_hash, actor } = admission {
        admit(tx, &row, jti, key_hash).await?;
        let line = Line::new(Action::JoinHost, row.organization_id, HostId(row.id));
        tx.note(actor, line.made("name", Some(&row.name)).made("joinToken", Some(jti)));
    }
    sync_devices(tx, &row, &declared.gpus).await?;
    prove_life(tx, &row, lease_seconds).await?;
    Ok(row)
}

async fn admit(tx: &Tx<'_>, row: &host::Model, jti: &str, key_hash: &str) -> Result<(), Fault> {
    match used_join_token::Entity::find_by_id(jti).one(tx.db).await? {
        // The same machine again: it did not hear the answer, and with it the key.
        Some(used) if used.host_id == row.id => {}
        Some(_) => {
            return Err(Fault::conflict("this join token has joined a host already: mint another one"));
        }
        None => {
            let used = used_join_token::ActiveModel {
                jti: Set(jti.to_owned()),
                host_id: Set(row.id),
                used_at: Set(tx.now),
            };
            used_join_token::Entity::insert(used).exec_without_returning(tx.db).await?;
        }
    }
    // A host has one key: joining anew with the same machine id replaces a lost one.
    revoke_keys(tx, row).await?;
    let credential = agent_credential::ActiveModel {
        id: Set(tx.id()),
        host_id: Set(row.id),
        key_hash: Set(key_hash.to_owned()),
        created_at: Set(tx.now),
        revoked_at: Set(None),
    };
    agent_credential::Entity::insert(credential).exec_without_returning(tx.db).await?;
    Ok(())
}

/// A host's agent may give it another name, unless another host has it.
async fn take_name(tx: &Tx<'_>, name: &str) -> Result<(), Fault> {
    match host::Entity::find().filter(host::Column::Name.eq(name)).one(tx.db).await? {
        Some(other) => Err(Fault::conflict(format!("another machine is registered as {:?}", other.name))),
        None => Ok(()),
    }
}

async fn new_host(tx: &Tx<'_>, declared: &Declaration) -> Result<host::Model, Fault> {
    let row = host::ActiveModel {
        id: Set(tx.id()),
        name: Set(declared.name.clone()),
        machine_id: Set(declared.machine_id.clone()),
        organization_id: Set(None),
        drain: Set(false),
        drain_reason: Set(None),
        down: Set(false),
        down_reason: Set(None),
        labels: Set(Labels(declared.labels.clone().unwrap_or_default())),
        agent_version: Set(Some(declared.agent_version.clone())),
        cpus: Set(declared.cpus),
        memory_mib: Set(declared.memory_mib),
        epoch: Set(1),
        unfit_reason: Set(None),
        containment: Set(declared.containment.clone()),
        container_runtime: Set(declared.container_runtime.clone()),
        warnings: Set(Texts(declared.warnings.clone())),
        removed_at: Set(None),
        fast_failures: Set(Texts::default()),
        version: Set(1),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    };
    host::Entity::insert(row.clone()).exec_without_returning(tx.db).await?;
    let row = row.try_into_model()?;
    tx.tell_host(&row, ChangeKind::Created, &format!("agent:{}", row.name));
    Ok(row)
}

async fn return_host(tx: &Tx<'_>, row: &host::Model, declared: &Declaration) -> Result<host::Model, Fault> {
    let mut changes = vec![
        (host::Column::Epoch, Expr::value(row.epoch + 1)),
        (host::Column::Down, Expr::value(false)),
        (host::Column::DownReason, Expr::value(None::<String>)),
        (host::Column::AgentVersion, Expr::value(Some(declared.agent_version.clone()))),
        (host::Column::Cpus, Expr::value(declared.cpus)),
        (host::Column::MemoryMib, Expr::value(declared.memory_mib)),
        (host::Column::UnfitReason, Expr::value(None::<String>)),
        (host::Column::Containment, Expr::value(declared.containment.clone())),
        (host::Column::ContainerRuntime, Expr::value(declared.container_runtime.clone())),
        (host::Column::Warnings, Expr::value(Texts(declared.warnings.clone()))),
        (host::Column::UpdatedAt, Expr::value(tx.now)),
    ];
    if row.name != declared.name {
        take_name(tx, &declared.name).await?;
        changes.push((host::Column::Name, Expr::value(declared.name.clone())));
    }
    if let Some(labels) = &declared.labels {
        changes.push((host::Column::Labels, Expr::value(Labels(labels.clone()))));
    }
    match edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(row) => {
            tx.tell_host(&row, ChangeKind::Updated, &format!("agent:{}", row.name));
            Ok(row)
        }
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}
