//! The book's GPUs of a host, made those that its agent declares.

use std::collections::HashMap;

use entity::json::Texts;
use entity::{gpu, host};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, TryIntoModel};

use super::words::Device;
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::versioned::{Edit, edit};

/// Makes the book's GPUs those that the agent declares; one that is gone stays, marked absent.
pub(super) async fn sync_devices(tx: &Tx<'_>, row: &host::Model, devices: &[Device]) -> Result<(), Fault> {
    let known: HashMap<String, gpu::Model> = gpu::Entity::find()
        .filter(gpu::Column::HostId.eq(row.id))
        .lock_exclusive()
        .all(tx.db)
        .await?
        .into_iter()
        .map(|card| (card.uuid.clone(), card))
        .collect();
    let actor = format!("agent:{}", row.name);
    for device in devices {
        let card = match known.get(&device.uuid) {
            Some(card) => refresh_device(tx, card, device).await?,
            None => new_device(tx, row, device).await?,
        };
        tx.tell_gpu(&card, row.organization_id, &actor);
    }
    for card in known.values().filter(|card| card.present) {
        if devices.iter().any(|device| device.uuid == card.uuid) {
            continue;
        }
        let changes = vec![(gpu::Column::Present, Expr::value(false))];
        if let Edit::Updated(card) = edit::<gpu::Entity>(tx.db, card.id, card.version, changes).await? {
            tx.tell_gpu(&card, row.organization_id, &actor);
        }
    }
    Ok(())
}

async fn new_device(tx: &Tx<'_>, row: &host::Model, device: &Device) -> Result<gpu::Model, Fault> {
    let elsewhere = gpu::Entity::find().filter(gpu::Column::Uuid.eq(&device.uuid)).one(tx.db).await?;
    if let Some(card) = elsewhere {
        return take_over(tx, row, &card, device).await;
    }
    let card = gpu::ActiveModel {
        id: Set(tx.id()),
        host_id: Set(row.id),
        uuid: Set(device.uuid.clone()),
        device_index: Set(device.index),
        gpu_type: Set(device.gpu_type.clone()),
        memory_mib: Set(device.memory_mib),
        simulated: Set(device.simulated),
        numa_node: Set(device.numa_node),
        nvlink_peers: Set(Texts(device.nvlink_peers.clone())),
        shares_enforced: Set(None),
        present: Set(true),
        health: Set(device.health.to_owned()),
        health_reason: Set(device.health_reason.clone()),
        quarantined: Set(false),
        quarantine_reason: Set(None),
        version: Set(1),
    };
    gpu::Entity::insert(card.clone()).exec_without_returning(tx.db).await?;
    Ok(card.try_into_model()?)
}

/// A card that another host had: it is this one's when that one was removed or no longer has it.
async fn take_over(
    tx: &Tx<'_>,
    row: &host::Model,
    card: &gpu::Model,
    device: &Device,
) -> Result<gpu::Model, Fault> {
    if card.present {
        return Err(Fault::conflict(format!("the GPU {} is registered on another host", device.uuid)));
    }
    let moved = vec![(gpu::Column::HostId, Expr::value(row.id))];
    match edit::<gpu::Entity>(tx.db, card.id, card.version, moved).await? {
        Edit::Updated(card) => refresh_device(tx, &card, device).await,
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

async fn refresh_device(tx: &Tx<'_>, card: &gpu::Model, device: &Device) -> Result<gpu::Model, Fault> {
    let changes = vec![
        (gpu::Column::DeviceIndex, Expr::value(device.index)),
        (gpu::Column::GpuType, Expr::value(device.gpu_type.clone())),
        (gpu::Column::MemoryMib, Expr::value(device.memory_mib)),
        (gpu::Column::Simulated, Expr::value(device.simulated)),
        (gpu::Column::NumaNode, Expr::value(device.numa_node)),
        (gpu::Column::NvlinkPeers, Expr::value(Texts(device.nvlink_peers.clone()))),
        (gpu::Column::Present, Expr::value(true)),
        (gpu::Column::Health, Expr::value(device.health)),
        (gpu::Column::HealthReason, Expr::value(device.health_reason.clone())),
    ];
    match edit::<gpu::Entity>(tx.db, card.id, card.version, changes).await? {
        Edit::Updated(card) => Ok(card),
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}
