//! What agents tell and ask: registration, proof of life, reports, and what a host is to run.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{HostId, JobId};
use domain::job::JobStatus;
use domain::requirements::Label;
use entity::json::Labels;
use entity::{
    agent_credential, allocation, gpu, host, job, liveness, organization, placement, telemetry,
    used_join_token,
};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryIntoModel};

use super::events::status_of;
use super::feed::ChangeKind;
use super::life::{change, finish, lock_job, parts, release, requeue};
use super::versioned::{Edit, edit};
use super::{Scope, Store, Tx};
use crate::fault::Fault;

/// A host as its agent declares it.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// Its agent's own random id.
    pub machine_id: String,
    /// The agent's version.
    pub agent_version: String,
    /// CPU cores.
    pub cpus: f64,
    /// Memory in MiB.
    pub memory_mib: i32,
    /// Labels that the agent was started with; none: as they are.
    pub labels: Option<Vec<Label>>,
    /// Its GPUs.
    pub gpus: Vec<Device>,
}

/// A GPU as its agent declares it.
#[derive(Debug, Clone)]
pub struct Device {
    /// As NVML reports it.
    pub uuid: String,
    /// Its number.
    pub index: i32,
    /// As NVML names it.
    pub gpu_type: String,
    /// Its memory in MiB.
    pub memory_mib: i32,
    /// Played by the agent.
    pub simulated: bool,
    /// HEALTHY, DEGRADED or FAILED.
    pub health: &'static str,
    /// Why, when not HEALTHY.
    pub health_reason: Option<String>,
}

/// How an agent proves that it may register.
#[derive(Debug, Clone)]
pub enum Admission {
    /// By a join token that was not used before; the hash of the key that it gets.
    Join {
        /// The token's id.
        jti: String,
        /// SHA-256 of the new key, hex.
        key_hash: String,
    },
    /// By the key of the host that it has joined.
    Return(HostId),
}

/// A GPU's sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Which GPU.
    pub uuid: String,
    /// Its telemetry.
    pub utilization_percent: Option<f64>,
    /// Memory used in MiB.
    pub memory_used_mib: Option<i32>,
    /// Temperature in degrees Celsius.
    pub temperature_celsius: Option<i32>,
    /// Power in watts.
    pub power_watts: Option<f64>,
    /// HEALTHY, DEGRADED or FAILED.
    pub health: &'static str,
    /// Why, when not HEALTHY.
    pub health_reason: Option<String>,
    /// What the card says of its use.
    pub gpu_use: Option<&'static str>,
    /// Its processes, as they go to clients.
    pub processes: serde_json::Value,
}

/// What became of an attempt on a host.
#[derive(Debug, Clone)]
pub struct Report {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: i32,
    /// True: ended; false: started.
    pub exited: bool,
    /// The exit code.
    pub exit_code: Option<i32>,
    /// Why, when the exit code does not say.
    pub reason: Option<String>,
    /// Ended by its time limit.
    pub timed_out: bool,
    /// GPUs that are not clean, with the reason.
    pub unclean: HashMap<String, String>,
}

/// The answer to one report.
#[derive(Debug, Clone)]
pub struct ReportResult {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: i32,
    /// False: not this host's any more.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// One attempt, as far as it concerns one host.
#[derive(Debug, Clone)]
pub struct AssignedAttempt {
    /// The job's row.
    pub job: job::Model,
    /// The attempt's part on this host.
    pub part: placement::Model,
    /// UUIDs of its GPUs on this host, by index.
    pub gpu_uuids: Vec<String>,
    /// Thousandths of the GPU.
    pub milli: i32,
    /// The organization's slug.
    pub organization_slug: String,
}

impl Store {
    /// Registers a host, or its return, and begins a new epoch.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for a used join token, or a name or a GPU that belongs to another machine.
    pub async fn register_host(
        &self,
        declared: Declaration,
        admission: Admission,
    ) -> Result<host::Model, Fault> {
        let declared = std::sync::Arc::new(declared);
        self.write(move |tx| {
            let (declared, admission) = (declared.clone(), admission.clone());
            Box::pin(async move { register(tx, &declared, &admission).await })
        })
        .await
    }

    /// Notes a sign of life and the newest samples.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for an epoch that has ended.
    pub async fn heartbeat(&self, host: HostId, epoch: i32, samples: Vec<Sample>) -> Result<(), Fault> {
        let samples = std::sync::Arc::new(samples);
        self.write(move |tx| {
            let samples = samples.clone();
            Box::pin(async move {
                let row = at_epoch(tx, host, epoch).await?;
                prove_life(tx, &row).await?;
                note_samples(tx, &row, &samples).await
            })
        })
        .await
    }

    /// Applies reports in order; those of attempts that are not this host's any more are refused one by one.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for an epoch that has ended.
    pub async fn report_jobs(
        &self,
        host: HostId,
        epoch: i32,
        reports: Vec<Report>,
    ) -> Result<Vec<ReportResult>, Fault> {
        let reports = std::sync::Arc::new(reports);
        self.write(move |tx| {
            let reports = reports.clone();
            Box::pin(async move {
                let row = at_epoch(tx, host, epoch).await?;
                let mut results = Vec::with_capacity(reports.len());
                for report in reports.iter() {
                    let reason = apply(tx, &row, report).await?.err();
                    results.push(ReportResult {
                        job: report.job,
                        attempt: report.attempt,
                        accepted: reason.is_none(),
                        reason,
                    });
                }
                Ok(results)
            })
        })
        .await
    }

    /// What a host is to run and to stop now, by job.
    ///
    /// # Errors
    /// Database faults.
    pub async fn assignments(&self, host: HostId) -> Result<Vec<AssignedAttempt>, Fault> {
        let open = placement::Entity::find()
            .filter(placement::Column::HostId.eq(host.0))
            .filter(placement::Column::State.is_in(["ASSIGNED", "STARTED"]))
            .all(self.db())
            .await?;
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = open.iter().map(|part| part.job_id).collect();
        let jobs: HashMap<Uuid, (job::Model, Option<organization::Model>)> = job::Entity::find()
            .filter(job::Column::Id.is_in(ids.clone()))
            .all(self.db())
            .await?
            .into_iter()
            .map(|row| (row.id, (row, None)))
            .collect();
        let slugs = self.organization_slugs().await?;
        let cards = self.live_cards(host, ids).await?;
        let mut found = Vec::with_capacity(open.len());
        for part in open {
            let Some((job, _)) = jobs.get(&part.job_id) else { continue };
            if job.attempt != part.attempt || status_of(job).is_terminal() {
                continue;
            }
            let (gpu_uuids, milli) = cards.get(&part.job_id).cloned().unwrap_or_default();
            found.push(AssignedAttempt {
                organization_slug: slugs.get(&job.organization_id).cloned().unwrap_or_default(),
                job: job.clone(),
                part,
                gpu_uuids,
                milli,
            });
        }
        Ok(found)
    }

    async fn organization_slugs(&self) -> Result<HashMap<Uuid, String>, Fault> {
        let rows: Vec<(Uuid, String)> = organization::Entity::find()
            .select_only()
            .column(organization::Column::Id)
            .column(organization::Column::Slug)
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(rows.into_iter().collect())
    }

    async fn live_cards(
        &self,
        host: HostId,
        jobs: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, (Vec<String>, i32)>, Fault> {
        let live = allocation::Entity::find()
            .filter(allocation::Column::HostId.eq(host.0))
            .filter(allocation::Column::ReleasedAt.is_null())
            .filter(allocation::Column::JobId.is_in(jobs))
            .all(self.db())
            .await?;
        let cards = gpu::Entity::find()
            .filter(gpu::Column::HostId.eq(host.0))
            .order_by_asc(gpu::Column::DeviceIndex)
            .all(self.db())
            .await?;
        let mut found: HashMap<Uuid, (Vec<String>, i32)> = HashMap::new();
        for card in &cards {
            for one in live.iter().filter(|one| one.gpu_id == card.id) {
                let entry = found.entry(one.job_id).or_default();
                entry.0.push(card.uuid.clone());
                entry.1 = one.milli;
            }
        }
        Ok(found)
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

    /// Takes hosts down that were not heard of since `before`, and requeues or fails what they ran. Returns how many
    /// hosts were taken down.
    ///
    /// # Errors
    /// Database faults.
    pub async fn take_down_silent_hosts(&self, before: DateTime<Utc>) -> Result<usize, Fault> {
        let silent: Vec<Uuid> = liveness::Entity::find()
            .select_only()
            .column(liveness::Column::HostId)
            .filter(liveness::Column::LastHeartbeatAt.lt(before))
            .into_tuple()
            .all(self.db())
            .await?;
        let mut taken_down = 0;
        for id in silent {
            let down = self
                .write(move |tx| Box::pin(async move { take_down(tx, HostId(id), before).await }))
                .await?;
            taken_down += usize::from(down);
        }
        Ok(taken_down)
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

async fn register(tx: &Tx<'_>, declared: &Declaration, admission: &Admission) -> Result<host::Model, Fault> {
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
    if let Some(row) = &known
        && row.machine_id != declared.machine_id
    {
        return Err(Fault::conflict(format!("another machine is registered as {:?}", row.name)));
    }
    let row = match known {
        Some(row) => return_host(tx, &row, declared).await?,
        None => new_host(tx, declared).await?,
    };
    if let Admission::Join { jti, key_hash } = admission {
        admit(tx, &row, jti, key_hash).await?;
    }
    sync_devices(tx, &row, &declared.gpus).await?;
    prove_life(tx, &row).await?;
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
    agent_credential::Entity::update_many()
        .col_expr(agent_credential::Column::RevokedAt, Expr::value(Some(tx.now)))
        .filter(agent_credential::Column::HostId.eq(row.id))
        .filter(agent_credential::Column::RevokedAt.is_null())
        .exec(tx.db)
        .await?;
    let credential = agent_credential::ActiveModel {
        id: Set(Uuid::now_v7()),
        host_id: Set(row.id),
        key_hash: Set(key_hash.to_owned()),
        created_at: Set(tx.now),
        revoked_at: Set(None),
    };
    agent_credential::Entity::insert(credential).exec_without_returning(tx.db).await?;
    Ok(())
}

async fn new_host(tx: &Tx<'_>, declared: &Declaration) -> Result<host::Model, Fault> {
    let row = host::ActiveModel {
        id: Set(Uuid::now_v7()),
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
        (host::Column::UpdatedAt, Expr::value(tx.now)),
    ];
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

/// Makes the book's GPUs those that the agent declares; one that is gone stays, marked absent.
async fn sync_devices(tx: &Tx<'_>, row: &host::Model, devices: &[Device]) -> Result<(), Fault> {
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
    if elsewhere.is_some() {
        return Err(Fault::conflict(format!("the GPU {} is registered on another host", device.uuid)));
    }
    let card = gpu::ActiveModel {
        id: Set(Uuid::now_v7()),
        host_id: Set(row.id),
        uuid: Set(device.uuid.clone()),
        device_index: Set(device.index),
        gpu_type: Set(device.gpu_type.clone()),
        memory_mib: Set(device.memory_mib),
        simulated: Set(device.simulated),
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

async fn refresh_device(tx: &Tx<'_>, card: &gpu::Model, device: &Device) -> Result<gpu::Model, Fault> {
    let changes = vec![
        (gpu::Column::DeviceIndex, Expr::value(device.index)),
        (gpu::Column::GpuType, Expr::value(device.gpu_type.clone())),
        (gpu::Column::MemoryMib, Expr::value(device.memory_mib)),
        (gpu::Column::Simulated, Expr::value(device.simulated)),
        (gpu::Column::Present, Expr::value(true)),
        (gpu::Column::Health, Expr::value(device.health)),
        (gpu::Column::HealthReason, Expr::value(device.health_reason.clone())),
    ];
    match edit::<gpu::Entity>(tx.db, card.id, card.version, changes).await? {
        Edit::Updated(card) => Ok(card),
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

async fn prove_life(tx: &Tx<'_>, row: &host::Model) -> Result<(), Fault> {
    let alive =
        liveness::ActiveModel { host_id: Set(row.id), epoch: Set(row.epoch), last_heartbeat_at: Set(tx.now) };
    liveness::Entity::insert(alive)
        .on_conflict(
            OnConflict::column(liveness::Column::HostId)
                .update_columns([liveness::Column::Epoch, liveness::Column::LastHeartbeatAt])
                .to_owned(),
        )
        .exec_without_returning(tx.db)
        .await?;
    Ok(())
}

async fn note_samples(tx: &Tx<'_>, row: &host::Model, samples: &[Sample]) -> Result<(), Fault> {
    let cards: HashMap<String, gpu::Model> = gpu::Entity::find()
        .filter(gpu::Column::HostId.eq(row.id))
        .all(tx.db)
        .await?
        .into_iter()
        .map(|card| (card.uuid.clone(), card))
        .collect();
    let taken: Vec<Uuid> = allocation::Entity::find()
        .select_only()
        .column(allocation::Column::GpuId)
        .filter(allocation::Column::HostId.eq(row.id))
        .filter(allocation::Column::ReleasedAt.is_null())
        .into_tuple()
        .all(tx.db)
        .await?;
    for sample in samples {
        let Some(card) = cards.get(&sample.uuid) else { continue };
        note_telemetry(tx, card, sample).await?;
        note_health(tx, row, card, sample, taken.contains(&card.id)).await?;
    }
    Ok(())
}

async fn note_telemetry(tx: &Tx<'_>, card: &gpu::Model, sample: &Sample) -> Result<(), Fault> {
    let newest = telemetry::ActiveModel {
        gpu_id: Set(card.id),
        at: Set(tx.now),
        utilization_percent: Set(sample.utilization_percent),
        memory_used_mib: Set(sample.memory_used_mib),
        temperature_celsius: Set(sample.temperature_celsius),
        power_watts: Set(sample.power_watts),
        gpu_use: Set(sample.gpu_use.map(str::to_owned)),
        processes: Set(sample.processes.clone()),
    };
    use telemetry::Column;
    telemetry::Entity::insert(newest)
        .on_conflict(
            OnConflict::column(Column::GpuId)
                .update_columns([
                    Column::At,
                    Column::UtilizationPercent,
                    Column::MemoryUsedMib,
                    Column::TemperatureCelsius,
                    Column::PowerWatts,
                    Column::GpuUse,
                    Column::Processes,
                ])
                .to_owned(),
        )
        .exec_without_returning(tx.db)
        .await?;
    Ok(())
}

/// A card's health is the card's word. A GPU that is free on paper and not in fact is quarantined until the card lists
/// nothing any more.
async fn note_health(
    tx: &Tx<'_>,
    row: &host::Model,
    card: &gpu::Model,
    sample: &Sample,
    allocated: bool,
) -> Result<(), Fault> {
    let clean = matches!(sample.gpu_use, Some("FREE")) && sample.health != "FAILED";
    let heals = card.quarantined && clean;
    let occupied = match sample.gpu_use {
        Some("FOREIGN") => Some("a process that is no job's of this fleet is on it"),
        Some("ORPHANED") => Some("a process of a job that has ended is still on it"),
        _ => None,
    };
    let occupied = occupied.filter(|_| !allocated && !card.quarantined);
    let same = card.health == sample.health && card.health_reason == sample.health_reason;
    if same && !heals && occupied.is_none() {
        return Ok(());
    }
    let (card, _) = super::life::lock_gpu(tx, card.id).await?;
    let mut changes = vec![
        (gpu::Column::Health, Expr::value(sample.health)),
        (gpu::Column::HealthReason, Expr::value(sample.health_reason.clone())),
    ];
    if let Some(reason) = occupied {
        changes.push((gpu::Column::Quarantined, Expr::value(true)));
        changes.push((gpu::Column::QuarantineReason, Expr::value(Some(reason.to_owned()))));
    }
    if heals {
        changes.push((gpu::Column::Quarantined, Expr::value(false)));
        changes.push((gpu::Column::QuarantineReason, Expr::value(None::<String>)));
    }
    if let Edit::Updated(card) = edit::<gpu::Entity>(tx.db, card.id, card.version, changes).await? {
        tx.tell_gpu(&card, row.organization_id, &format!("agent:{}", row.name));
    }
    Ok(())
}

/// Applies one report; the inner error is why it is refused.
async fn apply(tx: &Tx<'_>, row: &host::Model, report: &Report) -> Result<Result<(), String>, Fault> {
    let job = match lock_job(tx, Scope::Fleet, report.job).await {
        Ok(job) => job,
        Err(Fault::NotFound(_)) => return Ok(Err("no such job".to_owned())),
        Err(fault) => return Err(fault),
    };
    let part = placement::Entity::find_by_id((report.job.0, report.attempt, row.id)).one(tx.db).await?;
    let Some(part) = part else { return Ok(Err("the attempt was never this host's".to_owned())) };
    if part.state == "EXITED" {
        // Said before: the agent did not hear the answer.
        return Ok(if report.exited { Ok(()) } else { Err("the attempt has ended".to_owned()) });
    }
    if job.attempt != report.attempt || part.state == "LOST" || status_of(&job).is_terminal() {
        return Ok(Err("the attempt is over for the fleet".to_owned()));
    }
    let actor = format!("agent:{}", row.name);
    if report.exited {
        exited(tx, row, &job, &part, report, &actor).await?;
    } else if part.state == "ASSIGNED" {
        started(tx, &job, part, &actor).await?;
    }
    Ok(Ok(()))
}

async fn set_part(
    tx: &Tx<'_>,
    part: &placement::Model,
    state: &str,
    report: Option<&Report>,
) -> Result<(), Fault> {
    let mut update = placement::Entity::update_many().col_expr(placement::Column::State, Expr::value(state));
    if let Some(report) = report {
        update = update
            .col_expr(placement::Column::ExitCode, Expr::value(report.exit_code))
            .col_expr(placement::Column::Reason, Expr::value(report.reason.clone()))
            .col_expr(placement::Column::TimedOut, Expr::value(report.timed_out));
    }
    update
        .filter(placement::Column::JobId.eq(part.job_id))
        .filter(placement::Column::Attempt.eq(part.attempt))
        .filter(placement::Column::HostId.eq(part.host_id))
        .exec(tx.db)
        .await?;
    Ok(())
}

async fn started(tx: &Tx<'_>, job: &job::Model, part: placement::Model, actor: &str) -> Result<(), Fault> {
    set_part(tx, &part, "STARTED", None).await?;
    let all = parts(tx, job).await?.iter().all(|part| part.state == "STARTED");
    if all && status_of(job) == JobStatus::Allocated {
        let changes = vec![(job::Column::StartedAt, Expr::value(Some(tx.now)))];
        change(tx, job, JobStatus::Running, changes, actor, None).await?;
    }
    Ok(())
}

async fn exited(
    tx: &Tx<'_>,
    row: &host::Model,
    job: &job::Model,
    part: &placement::Model,
    report: &Report,
    actor: &str,
) -> Result<(), Fault> {
    set_part(tx, part, "EXITED", Some(report)).await?;
    release(tx, job, Some(HostId(row.id)), &report.unclean, actor).await?;
    let parts = parts(tx, job).await?;
    if parts.iter().all(|part| matches!(part.state.as_str(), "EXITED" | "LOST")) {
        return conclude(tx, job, &parts, actor).await;
    }
    let failed = report.timed_out || report.exit_code != Some(0);
    if failed && status_of(job) != JobStatus::Stopping {
        let outcome = if report.timed_out { JobStatus::TimedOut } else { JobStatus::Failed };
        let reason = format!(
            "its part on {} ended: {}",
            row.name,
            explain(report.exit_code, report.reason.as_deref())
        );
        super::jobs::stop(tx, job, outcome, reason, actor).await?;
    }
    Ok(())
}

fn explain(exit_code: Option<i32>, reason: Option<&str>) -> String {
    match (exit_code, reason) {
        (Some(code), Some(reason)) => format!("exit code {code}: {reason}"),
        (Some(code), None) if code > 128 => format!("exit code {code}: killed by signal {}", code - 128),
        (Some(code), None) => format!("exit code {code}"),
        (None, Some(reason)) => reason.to_owned(),
        (None, None) => "its exit code is not known".to_owned(),
    }
}

/// All parts have ended: what that makes of the job.
async fn conclude(
    tx: &Tx<'_>,
    job: &job::Model,
    parts: &[placement::Model],
    actor: &str,
) -> Result<(), Fault> {
    let worst =
        parts.iter().find(|part| part.timed_out || part.exit_code != Some(0)).or_else(|| parts.first());
    let exit_code = worst.and_then(|part| part.exit_code);
    let told = explain(exit_code, worst.and_then(|part| part.reason.as_deref()));
    if status_of(job) == JobStatus::Stopping {
        let outcome =
            job.stop_outcome.as_deref().and_then(|text| text.parse().ok()).unwrap_or(JobStatus::Cancelled);
        finish(tx, job, outcome, exit_code, job.status_reason.clone(), actor).await?;
    } else if worst.is_some_and(|part| part.timed_out) {
        let limit = job.time_limit_seconds.unwrap_or_default();
        let reason = format!("its time limit of {limit} s has passed");
        let row = running(tx, job, actor).await?;
        finish(tx, &row, JobStatus::TimedOut, exit_code, Some(reason), actor).await?;
    } else if exit_code == Some(0) {
        let row = running(tx, job, actor).await?;
        finish(tx, &row, JobStatus::Succeeded, exit_code, None, actor).await?;
    } else {
        fail(tx, job, exit_code, told, actor).await?;
    }
    Ok(())
}

/// A short job's end may be told before its start: it passes through RUNNING all the same.
async fn running(tx: &Tx<'_>, job: &job::Model, actor: &str) -> Result<job::Model, Fault> {
    if status_of(job) != JobStatus::Allocated {
        return Ok(job.clone());
    }
    let changes = vec![(job::Column::StartedAt, Expr::value(Some(tx.now)))];
    change(tx, job, JobStatus::Running, changes, actor, None).await
}

async fn fail(
    tx: &Tx<'_>,
    job: &job::Model,
    exit_code: Option<i32>,
    reason: String,
    actor: &str,
) -> Result<(), Fault> {
    if job.attempt <= job.max_retries {
        let reason = format!("attempt {} of {} failed: {reason}", job.attempt, job.max_retries + 1);
        requeue(tx, job, reason, actor).await?;
    } else {
        finish(tx, job, JobStatus::Failed, exit_code, Some(reason), actor).await?;
    }
    Ok(())
}

/// Takes one silent host down. Its agent has stopped the jobs by its own clock, earlier than this.
async fn take_down(tx: &Tx<'_>, id: HostId, before: DateTime<Utc>) -> Result<bool, Fault> {
    let row =
        host::Entity::find_by_id(id.0).lock_exclusive().one(tx.db).await?.ok_or(Fault::NotFound("host"))?;
    let heard = liveness::Entity::find_by_id(id.0).one(tx.db).await?;
    if heard.is_some_and(|heard| heard.last_heartbeat_at >= before) {
        return Ok(false);
    }
    let reason = "its agent was not heard of for longer than its lease".to_owned();
    if !row.down {
        let changes = vec![
            (host::Column::Down, Expr::value(true)),
            (host::Column::DownReason, Expr::value(Some(reason.clone()))),
            (host::Column::UpdatedAt, Expr::value(tx.now)),
        ];
        if let Edit::Updated(row) = edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
            tx.tell_host(&row, ChangeKind::Updated, "reaper");
        }
    }
    lose_attempts(tx, &row).await?;
    Ok(!row.down)
}

async fn lose_attempts(tx: &Tx<'_>, row: &host::Model) -> Result<(), Fault> {
    let open = placement::Entity::find()
        .filter(placement::Column::HostId.eq(row.id))
        .filter(placement::Column::State.is_in(["ASSIGNED", "STARTED"]))
        .all(tx.db)
        .await?;
    for part in open {
        let job = lock_job(tx, Scope::Fleet, JobId(part.job_id)).await?;
        set_part(tx, &part, "LOST", None).await?;
        if job.attempt != part.attempt || !status_of(&job).holds_gpus() {
            continue;
        }
        release(tx, &job, Some(HostId(row.id)), &HashMap::new(), "reaper").await?;
        let others = parts(tx, &job).await?;
        if others.iter().all(|part| matches!(part.state.as_str(), "EXITED" | "LOST")) {
            let reason = format!("the host {} was lost", row.name);
            if status_of(&job) == JobStatus::Stopping {
                conclude(tx, &job, &others, "reaper").await?;
            } else {
                fail(tx, &job, None, reason, "reaper").await?;
            }
        } else if status_of(&job) != JobStatus::Stopping {
            let reason = format!("the host {} was lost", row.name);
            super::jobs::stop(tx, &job, JobStatus::Failed, reason, "reaper").await?;
        }
    }
    Ok(())
}
