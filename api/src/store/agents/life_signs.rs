//! Signs of life and what the cards say with them: liveness, telemetry, health, quarantine.

use std::collections::HashMap;

use domain::ids::{GpuId, HostId};
use entity::{allocation, gpu, host, liveness, telemetry};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, QueryFilter, QuerySelect as _};

use super::loss::welcome_back;
use super::registration::at_epoch;
use super::words::{Sample, SignOfLifeTold};
use crate::fault::Fault;
use crate::store::feed::ChangeKind;
use crate::store::life::lock_gpu;
use crate::store::versioned::{Edit, edit};
use crate::store::{Store, Tx};

/// What is used as it was before is used so since then.
const SINCE_WHEN_IT_IS_USED_SO: &str = r#"
    CASE WHEN "telemetry"."gpu_use" IS NOT DISTINCT FROM "excluded"."gpu_use"
    THEN COALESCE("telemetry"."use_since", "excluded"."at")
    ELSE "excluded"."at" END"#;

impl Store {
    /// Notes a sign of life, the lease that its answer grants, and the newest samples. Answers which GPUs they were of.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for an epoch that has ended.
    pub async fn heartbeat(
        &self,
        host: HostId,
        epoch: i32,
        lease_seconds: i32,
        told: SignOfLifeTold,
    ) -> Result<HashMap<String, GpuId>, Fault> {
        let told = std::sync::Arc::new(told);
        self.write(move |tx| {
            let told = told.clone();
            Box::pin(async move {
                let row = at_epoch(tx, host, epoch).await?;
                prove_life(tx, &row, lease_seconds).await?;
                if row.down {
                    welcome_back(tx, &row).await?;
                }
                note_fitness(tx, &row, told.unfit_reason.as_ref()).await?;
                note_samples(tx, &row, &told.samples).await
            })
        })
        .await
    }
}

/// A host that cannot start jobs gets none, and says so, until it can again.
async fn note_fitness(tx: &Tx<'_>, row: &host::Model, unfit_reason: Option<&String>) -> Result<(), Fault> {
    if row.unfit_reason.as_ref() == unfit_reason {
        return Ok(());
    }
    let row = host::Entity::find_by_id(row.id).lock_exclusive().one(tx.db).await?.ok_or(Fault::Retry)?;
    let changes = vec![
        (host::Column::UnfitReason, Expr::value(unfit_reason.cloned())),
        (host::Column::UpdatedAt, Expr::value(tx.now)),
    ];
    match edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(row) => {
            tracing::warn!(host = row.name, reason = row.unfit_reason, "a host's fitness has changed");
            tx.tell_host(&row, ChangeKind::Updated, &format!("agent:{}", row.name));
            Ok(())
        }
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

pub(super) async fn prove_life(tx: &Tx<'_>, row: &host::Model, lease_seconds: i32) -> Result<(), Fault> {
    let alive = liveness::ActiveModel {
        host_id: Set(row.id),
        epoch: Set(row.epoch),
        last_heartbeat_at: Set(tx.now),
        lease_seconds: Set(lease_seconds),
    };
    liveness::Entity::insert(alive)
        .on_conflict(
            OnConflict::column(liveness::Column::HostId)
                .update_columns([
                    liveness::Column::Epoch,
                    liveness::Column::LastHeartbeatAt,
                    liveness::Column::LeaseSeconds,
                ])
                .to_owned(),
        )
        .exec_without_returning(tx.db)
        .await?;
    Ok(())
}

async fn note_samples(
    tx: &Tx<'_>,
    row: &host::Model,
    samples: &[Sample],
) -> Result<HashMap<String, GpuId>, Fault> {
    let cards: HashMap<String, gpu::Model> = gpu::Entity::find()
        .filter(gpu::Column::HostId.eq(row.id))
        .all(tx.db)
        .await?
        .into_iter()
        .map(|card| (card.uuid.clone(), card))
        .collect();
    let known: Vec<(&gpu::Model, &Sample)> =
        samples.iter().filter_map(|sample| Some((cards.get(&sample.uuid)?, sample))).collect();
    note_telemetry(tx, &known).await?;
    for (card, sample) in &known {
        note_health(tx, row, card, sample).await?;
    }
    Ok(known.iter().map(|(card, sample)| (sample.uuid.clone(), GpuId(card.id))).collect())
}

async fn note_telemetry(tx: &Tx<'_>, told: &[(&gpu::Model, &Sample)]) -> Result<(), Fault> {
    use telemetry::Column;
    let newest = told.iter().map(|(card, sample)| telemetry::ActiveModel {
        gpu_id: Set(card.id),
        at: Set(tx.now),
        utilization_percent: Set(sample.utilization_percent),
        memory_used_mib: Set(sample.memory_used_mib),
        temperature_celsius: Set(sample.temperature_celsius),
        power_watts: Set(sample.power_watts),
        clock_mhz: Set(sample.clock_mhz),
        memory_clock_mhz: Set(sample.memory_clock_mhz),
        uncorrected_errors: Set(sample.uncorrected_errors),
        gpu_use: Set(sample.gpu_use.map(str::to_owned)),
        use_since: Set(Some(tx.now)),
        processes: Set(sample.processes.clone()),
    });
    let newest: Vec<_> = newest.collect();
    let columns = Column::iter().filter(|column| !matches!(column, Column::GpuId | Column::UseSince));
    let replaced = OnConflict::column(Column::GpuId)
        .update_columns(columns)
        .value(Column::UseSince, Expr::cust(SINCE_WHEN_IT_IS_USED_SO))
        .to_owned();
    for some in newest.chunks(crate::store::write::INSERT_ROWS) {
        telemetry::Entity::insert_many(some.to_vec())
            .on_conflict(replaced.clone())
            .exec_without_returning(tx.db)
            .await?;
    }
    Ok(())
}

/// A card's health is the card's word. A GPU that is free on paper and not in fact, or of which the card does not say so, is
/// quarantined until the card lists nothing any more.
async fn note_health(
    tx: &Tx<'_>,
    row: &host::Model,
    card: &gpu::Model,
    sample: &Sample,
) -> Result<(), Fault> {
    let clean = matches!(sample.gpu_use, Some("FREE")) && sample.health != "FAILED" && !sample.quarantine;
    let heals = card.quarantined && clean;
    let occupied = if card.quarantined {
        None
    } else if sample.quarantine {
        Some(sample.health_reason.clone().unwrap_or_else(|| "it is not well".to_owned()))
    } else {
        match occupant(sample) {
            Some(reason) if !is_allocated(tx, card).await? => Some(reason),
            _ => None,
        }
    };
    let same = card.health == sample.health
        && card.health_reason == sample.health_reason
        && card.shares_enforced == sample.shares_enforced;
    if same && !heals && occupied.is_none() {
        return Ok(());
    }
    let (card, _) = lock_gpu(tx, card.id).await?;
    let mut changes = vec![
        (gpu::Column::Health, Expr::value(sample.health)),
        (gpu::Column::HealthReason, Expr::value(sample.health_reason.clone())),
        (gpu::Column::SharesEnforced, Expr::value(sample.shares_enforced)),
    ];
    if let Some(reason) = occupied {
        tracing::warn!(host = row.name, gpu = card.uuid, reason, "a GPU is quarantined");
        changes.push((gpu::Column::Quarantined, Expr::value(true)));
        changes.push((gpu::Column::QuarantineReason, Expr::value(Some(reason))));
    }
    if heals {
        tracing::info!(host = row.name, gpu = card.uuid, "a GPU is clean again");
        changes.push((gpu::Column::Quarantined, Expr::value(false)));
        changes.push((gpu::Column::QuarantineReason, Expr::value(None::<String>)));
    }
    if let Edit::Updated(card) = edit::<gpu::Entity>(tx.db, card.id, card.version, changes).await? {
        tx.tell_gpu(&card, row.organization_id, &format!("agent:{}", row.name));
    }
    Ok(())
}

/// Whether anybody was given some of a card.
async fn is_allocated(tx: &Tx<'_>, card: &gpu::Model) -> Result<bool, Fault> {
    let live = allocation::Entity::find()
        .filter(allocation::Column::GpuId.eq(card.id))
        .filter(allocation::Column::ReleasedAt.is_null());
    Ok(live.one(tx.db).await?.is_some())
}

/// Who is on a card that nobody was given, in words; none: nobody.
fn occupant(sample: &Sample) -> Option<String> {
    let trespasser = || {
        let processes = sample.processes.as_array()?;
        let job = processes.iter().find(|process| process["owner"] == "FOREIGN")?["jobId"].as_str()?;
        Some(format!("a process of {job}, which was not given it, is on it"))
    };
    match sample.gpu_use {
        Some("FOREIGN") => Some(
            trespasser().unwrap_or_else(|| "a process that is no job's of this fleet is on it".to_owned()),
        ),
        Some("ORPHANED") => Some("a process of a job that has ended is still on it".to_owned()),
        Some(_) => None,
        None => Some("its host cannot tell what is on it".to_owned()),
    }
}
