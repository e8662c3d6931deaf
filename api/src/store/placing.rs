//! Gives GPUs to a job, atomically: the job's and each GPU's version are compared and bumped, the sum of live
//! allocations is read under the GPU's lock, and the organization's ceiling under the organization's.

use domain::ids::{GpuId, JobId, OrganizationId};
use domain::job::JobStatus;
use domain::plan::{PlacedGpu, Placement};
use domain::requirements::{self, WHOLE_GPU_MILLI};
use entity::{allocation, gpu, host, job, organization, placement};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, TryIntoModel};

use super::audit::{Action, Line};
use super::events::status_of;
use super::life::{change, expect_version, lock_job};
use super::versioned::{Edit, edit};
use super::{Actor, Scope, Store, Tx};
use crate::fault::Fault;

/// A GPU that a person chose.
#[derive(Debug, Clone, Copy)]
pub struct ChosenGpu {
    /// Which.
    pub id: GpuId,
    /// The version that the person saw.
    pub expected_version: Option<i32>,
}

impl Store {
    /// Commits a planned placement. False: something that the plan had read has changed, and nothing was done.
    ///
    /// # Errors
    /// Database faults.
    pub async fn place(&self, placement: Placement) -> Result<bool, Fault> {
        let outcome = self
            .write(move |tx| {
                let placement = placement.clone();
                Box::pin(async move {
                    let row = lock_job(tx, Scope::Fleet, placement.job).await?;
                    expect_version("job", Some(placement.job_version), row.version)?;
                    give(tx, &row, &placement.gpus, "scheduler").await
                })
            })
            .await;
        match outcome {
            Ok(_) => Ok(true),
            Err(Fault::Conflict { .. } | Fault::Quota(_) | Fault::NotFound(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Gives chosen GPUs to a waiting job at once: past the queue's order, never past tenancy, quota or another
    /// allocation.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Conflict`], [`Fault::Quota`], [`Fault::Invalid`] for GPUs that do not fit.
    pub async fn allocate(
        &self,
        scope: Scope,
        id: JobId,
        chosen: Vec<ChosenGpu>,
        expected_job_version: Option<i32>,
        actor: &Actor,
    ) -> Result<(job::Model, Vec<allocation::Model>), Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let (chosen, actor) = (chosen.clone(), actor.clone());
            Box::pin(async move {
                let row = lock_job(tx, scope, id).await?;
                expect_version("job", expected_job_version, row.version)?;
                let gpus = resolve(tx, &row, &chosen).await?;
                let given = give(tx, &row, &gpus, actor.name()).await?;
                let line = Line::new(Action::AllocateGpus, Some(row.organization_id), id);
                let gpus: Vec<String> = gpus.iter().map(|one| one.gpu.to_string()).collect();
                tx.note(&actor, line.made("gpus", Some(gpus.join(" "))));
                Ok(given)
            })
        })
        .await
    }
}

/// Reads the chosen GPUs and checks that the job may have them.
async fn resolve(tx: &Tx<'_>, row: &job::Model, chosen: &[ChosenGpu]) -> Result<Vec<PlacedGpu>, Fault> {
    let wanted = &row.requirements.0;
    if chosen.len() != usize::try_from(wanted.count).unwrap_or(0) {
        let message = format!("the job asks for {} GPUs, {} were chosen", wanted.count, chosen.len());
        return Err(Fault::invalid("gpus", message));
    }
    let mut placed = Vec::with_capacity(chosen.len());
    let scope = Scope::Organization(OrganizationId(row.organization_id));
    for (position, one) in chosen.iter().enumerate() {
        let field = format!("gpus[{position}]");
        // Not locked: everyone takes locks in the same order, GPUs last, and the versions tell what has changed by then.
        let found = gpu::Entity::find_by_id(one.id.0).filter(scope.gpus()).one(tx.db).await?;
        let card = found.ok_or(Fault::NotFound("gpu"))?;
        expect_version("GPU", one.expected_version, card.version)?;
        if placed.iter().any(|other: &PlacedGpu| other.gpu == one.id) {
            return Err(Fault::invalid(field, "the GPU occurs twice"));
        }
        if !wanted.matches_card(&card.gpu_type, card.memory_mib) {
            let message = format!(
                "{} with {} MiB does not meet the job's requirements",
                card.gpu_type, card.memory_mib
            );
            return Err(Fault::invalid(field, message));
        }
        placed.push(PlacedGpu {
            host: card.host_id.into(),
            gpu: one.id,
            gpu_version: card.version,
            milli: wanted.milli,
        });
    }
    placed.sort_by_key(|one| one.host);
    if wanted.single_host && placed.iter().any(|one| one.host != placed[0].host) {
        return Err(Fault::invalid("gpus", "the job wants all of its GPUs on one host"));
    }
    Ok(placed)
}

async fn give(
    tx: &Tx<'_>,
    row: &job::Model,
    gpus: &[PlacedGpu],
    actor: &str,
) -> Result<(job::Model, Vec<allocation::Model>), Fault> {
    if !status_of(row).is_waiting() {
        return Err(Fault::Conflict {
            message: format!("the job is {}: it waits for no GPUs", row.status),
            current_version: Some(row.version),
        });
    }
    check_ceiling(tx, row, gpus).await?;
    let hosts = check_hosts(tx, row, gpus).await?;
    let mut order: Vec<&PlacedGpu> = gpus.iter().collect();
    order.sort_by_key(|one| one.gpu);
    for one in order {
        let host = hosts.iter().find(|host| host.id == one.host.0);
        take(tx, one, host.and_then(|host| host.organization_id), actor).await?;
    }
    let allocations = record(tx, row, gpus, &hosts).await?;
    Ok((begin(tx, row, actor).await?, allocations))
}

/// A loan runs from its allocation on; a job with a command when its agent says so.
async fn begin(tx: &Tx<'_>, row: &job::Model, actor: &str) -> Result<job::Model, Fault> {
    let mut changes = vec![
        (job::Column::AllocatedAt, Expr::value(Some(tx.now))),
        (job::Column::StatusReason, Expr::value(None::<String>)),
        (job::Column::Held, Expr::value(false)),
    ];
    let queued;
    let row = if status_of(row) == JobStatus::Held {
        queued =
            change(tx, row, JobStatus::Queued, Vec::new(), actor, Some("let go by an allocation".into()))
                .await?;
        &queued
    } else {
        row
    };
    if row.command.is_some() {
        return change(tx, row, JobStatus::Allocated, changes, actor, None).await;
    }
    changes.push((job::Column::StartedAt, Expr::value(Some(tx.now))));
    change(tx, row, JobStatus::Running, changes, actor, Some("its GPUs are lent".into())).await
}

/// The ceiling holds under concurrency because those who have one meet at its row.
async fn check_ceiling(tx: &Tx<'_>, row: &job::Model, gpus: &[PlacedGpu]) -> Result<(), Fault> {
    let find = || organization::Entity::find_by_id(row.organization_id);
    let owner = find().one(tx.db).await?.ok_or(Fault::NotFound("organization"))?;
    if owner.max_gpus.is_none() {
        return Ok(());
    }
    let owner = find().lock_exclusive().one(tx.db).await?.ok_or(Fault::NotFound("organization"))?;
    let Some(ceiling) = owner.max_gpus else { return Ok(()) };
    let held: Option<Option<i64>> = allocation::Entity::find()
        .select_only()
        .column_as(allocation::Column::Milli.sum(), "held")
        .filter(allocation::Column::OrganizationId.eq(owner.id))
        .filter(allocation::Column::ReleasedAt.is_null())
        .into_tuple()
        .one(tx.db)
        .await?;
    let held = held.flatten().unwrap_or(0) as f64 / 1000.0;
    let more = gpus.iter().map(|one| f64::from(one.milli)).sum::<f64>() / 1000.0;
    if held + more > ceiling + 1e-9 {
        return Err(Fault::Quota(format!(
            "{} may hold {ceiling} GPUs at once and holds {held}; the job needs {more} more",
            owner.slug
        )));
    }
    Ok(())
}

/// The hosts in order of rank: up, not draining, and open to the organization.
async fn check_hosts(tx: &Tx<'_>, row: &job::Model, gpus: &[PlacedGpu]) -> Result<Vec<host::Model>, Fault> {
    let mut hosts: Vec<Uuid> = Vec::new();
    for one in gpus {
        if !hosts.contains(&one.host.0) {
            hosts.push(one.host.0);
        }
    }
    let mut order = hosts.clone();
    order.sort();
    let mut checked: Vec<host::Model> = Vec::with_capacity(order.len());
    let takes_room = row.requirements.0.cpus.is_some() || row.requirements.0.memory_gb.is_some();
    for id in order {
        let find = host::Entity::find_by_id(id);
        // Those who take cores or memory of a host meet at its row.
        let find = if takes_room { find.lock_exclusive() } else { find.lock_shared() };
        let host = find.one(tx.db).await?.ok_or(Fault::NotFound("host"))?;
        if !super::hosts::takes_work(&host) {
            let why = if host.down { "down" } else { "taking no new jobs" };
            return Err(Fault::conflict(format!("the host {} is {why}", host.name)));
        }
        if host.organization_id.is_some_and(|owner| owner != row.organization_id) {
            return Err(Fault::NotFound("gpu"));
        }
        if row.image.is_some() && host.container_runtime.is_none() {
            let why = "nothing runs containers there, and the job has an image";
            return Err(Fault::conflict(format!("the host {} cannot take it: {why}", host.name)));
        }
        check_room(tx, row, &host, gpus).await?;
        checked.push(host);
    }
    checked.sort_by_key(|host| hosts.iter().position(|id| *id == host.id));
    Ok(checked)
}

/// Whether a host has the labels, and still the cores and the memory, that the job asks for its part on it.
async fn check_room(
    tx: &Tx<'_>,
    row: &job::Model,
    host: &host::Model,
    gpus: &[PlacedGpu],
) -> Result<(), Fault> {
    let wanted = &row.requirements.0;
    if !wanted.matches_labels(&host.labels.0) {
        return Err(Fault::conflict(format!(
            "the host {} has not all labels that the job asks for",
            host.name
        )));
    }
    let part = gpus.iter().filter(|one| one.host.0 == host.id).count() as f64 / gpus.len().max(1) as f64;
    let (cpus, memory_gb) = (wanted.cpus.unwrap_or(0.0) * part, wanted.memory_gb.unwrap_or(0.0) * part);
    if cpus <= 0.0 && memory_gb <= 0.0 {
        return Ok(());
    }
    let promised: Option<(Option<f64>, Option<f64>)> = allocation::Entity::find()
        .select_only()
        .column_as(allocation::Column::Cpus.sum(), "cpus")
        .column_as(allocation::Column::MemoryGb.sum(), "memory_gb")
        .filter(allocation::Column::HostId.eq(host.id))
        .filter(allocation::Column::ReleasedAt.is_null())
        .into_tuple()
        .one(tx.db)
        .await?;
    let (cpus_taken, memory_taken) = promised.unwrap_or_default();
    let left = |all: f64, taken: Option<f64>| all - taken.unwrap_or(0.0) + ROUNDING;
    if cpus > left(host.cpus, cpus_taken) {
        return Err(Fault::conflict(format!("the host {} has not {cpus} CPU cores left", host.name)));
    }
    if memory_gb > left(requirements::memory_gb(host.memory_mib), memory_taken) {
        return Err(Fault::conflict(format!("the host {} has not {memory_gb} GB of memory left", host.name)));
    }
    Ok(())
}

/// What sums of shares round off.
const ROUNDING: f64 = 1e-6;

/// Takes a GPU, or a share of it, under the version that the plan read.
async fn take(tx: &Tx<'_>, one: &PlacedGpu, dedicated_to: Option<Uuid>, actor: &str) -> Result<(), Fault> {
    let card = match edit::<gpu::Entity>(tx.db, one.gpu.0, one.gpu_version, Vec::new()).await? {
        Edit::Updated(card) => card,
        Edit::Stale(current) => return Err(Fault::stale("GPU", one.gpu_version, current)),
        Edit::Missing => return Err(Fault::NotFound("gpu")),
    };
    let refuse = |message: String| Fault::Conflict { message, current_version: Some(card.version - 1) };
    if card.quarantined || !card.present || card.health == "FAILED" {
        return Err(refuse(format!("GPU {} of its host is not usable", card.device_index)));
    }
    let taken: Option<Option<i64>> = allocation::Entity::find()
        .select_only()
        .column_as(allocation::Column::Milli.sum(), "taken")
        .filter(allocation::Column::GpuId.eq(card.id))
        .filter(allocation::Column::ReleasedAt.is_null())
        .into_tuple()
        .one(tx.db)
        .await?;
    let taken = taken.flatten().unwrap_or(0);
    if taken + i64::from(one.milli) > i64::from(WHOLE_GPU_MILLI) {
        return Err(refuse(format!(
            "the GPU is allocated already: {taken} of {WHOLE_GPU_MILLI} thousandths"
        )));
    }
    tx.tell_gpu(&card, dedicated_to, actor);
    Ok(())
}

async fn record(
    tx: &Tx<'_>,
    row: &job::Model,
    gpus: &[PlacedGpu],
    hosts: &[host::Model],
) -> Result<Vec<allocation::Model>, Fault> {
    let share = 1.0 / gpus.len().max(1) as f64;
    let rows: Vec<allocation::ActiveModel> = gpus
        .iter()
        .map(|one| allocation::ActiveModel {
            id: Set(tx.id()),
            job_id: Set(row.id),
            organization_id: Set(row.organization_id),
            attempt: Set(row.attempt),
            host_id: Set(one.host.0),
            gpu_id: Set(one.gpu.0),
            milli: Set(one.milli),
            cpus: Set(row.requirements.0.cpus.unwrap_or(0.0) * share),
            memory_gb: Set(row.requirements.0.memory_gb.unwrap_or(0.0) * share),
            allocated_at: Set(tx.now),
            released_at: Set(None),
        })
        .collect();
    for chunk in rows.chunks(super::write::INSERT_ROWS) {
        allocation::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx.db).await?;
    }
    if row.command.is_some() {
        let parts: Vec<placement::ActiveModel> =
            hosts.iter().enumerate().map(|(rank, host)| part(row, host.id, rank, hosts.len())).collect();
        placement::Entity::insert_many(parts).exec_without_returning(tx.db).await?;
    }
    rows.into_iter().map(|row| row.try_into_model().map_err(Fault::from)).collect()
}

fn part(row: &job::Model, host: Uuid, rank: usize, count: usize) -> placement::ActiveModel {
    placement::ActiveModel {
        job_id: Set(row.id),
        attempt: Set(row.attempt),
        host_id: Set(host),
        node_rank: Set(i32::try_from(rank).unwrap_or(i32::MAX)),
        node_count: Set(i32::try_from(count).unwrap_or(i32::MAX)),
        state: Set("ASSIGNED".to_owned()),
        exit_code: Set(None),
        reason: Set(None),
        timed_out: Set(false),
        cause: Set(None),
        log_complete: Set(false),
        log_lines: Set(0),
        log_bytes: Set(0),
        log_cut: Set(false),
        asked: Set(None),
        evict_reason: Set(None),
    }
}
