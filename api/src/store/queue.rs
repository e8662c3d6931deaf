//! What the scheduler plans from: the fleet and the waiting jobs, with the versions read.

use std::collections::HashMap;

use chrono::Duration;
use domain::ids::{GpuId, HostId, JobId, OrganizationId};
use domain::job::JobStatus;
use domain::snapshot::{GpuState, HostState, OrganizationState, RunningJob, SeenJobs, Snapshot, WaitingJob};
use entity::{allocation, gpu, host, job, job_dependency, organization};
use sea_orm::prelude::{DateTimeUtc, Uuid};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait as _};

use super::Store;
use crate::fault::Fault;

/// What a job's run time is learned by: jobs of one organization, user and name are thought to be alike.
#[derive(Debug, Clone)]
pub struct Series {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its user and name.
    pub name: String,
    /// Its time limit in seconds.
    pub limit: Option<i64>,
}

/// A waiting job, and what its run time is learned by.
#[derive(Debug, Clone)]
pub struct Queued {
    /// As it is planned.
    pub job: WaitingJob,
    /// What it is like.
    pub series: Series,
}

/// A job that has run to its end.
#[derive(Debug, Clone)]
pub struct PastRun {
    /// What it was like.
    pub series: Series,
    /// How long it ran, in seconds.
    pub secs: i64,
}

/// A waiting job's row, as far as planning needs it.
#[derive(sea_orm::FromQueryResult)]
struct Waiting {
    id: Uuid,
    version: i32,
    organization_id: Uuid,
    submitted_by: String,
    name: String,
    priority: i32,
    submitted_at: DateTimeUtc,
    requirements: entity::json::Requirements,
    image: Option<String>,
    status: String,
    held: bool,
    time_limit_seconds: Option<i32>,
    retry_at: Option<DateTimeUtc>,
}

impl Store {
    /// The fleet as it is now, without the waiting jobs.
    ///
    /// # Errors
    /// Database faults.
    pub async fn fleet_snapshot(&self) -> Result<Snapshot, Fault> {
        let hosts = host::Entity::find()
            .filter(host::Column::RemovedAt.is_null())
            .order_by_asc(host::Column::Id)
            .all(self.db())
            .await?;
        let cards = gpu::Entity::find().order_by_asc(gpu::Column::DeviceIndex).all(self.db()).await?;
        // Read after the GPUs: what was allocated in between has bumped its GPU's version, so a plan that used the older
        // version is refused.
        let live = allocation::Entity::find()
            .filter(allocation::Column::ReleasedAt.is_null())
            .all(self.db())
            .await?;
        let running = self.running_jobs(&live).await?;
        let organizations = self.organization_states(&live).await?;
        let hosts = host_states(hosts, cards, &live);
        Ok(Snapshot { hosts, waiting: Vec::new(), running, organizations, seen: Vec::new() })
    }

    /// Waiting jobs: all of them, or those of `only`.
    ///
    /// # Errors
    /// Database faults.
    pub async fn waiting_jobs(&self, only: Option<&[JobId]>) -> Result<Vec<Queued>, Fault> {
        let mut find = job::Entity::find()
            .select_only()
            .columns([
                job::Column::Id,
                job::Column::Version,
                job::Column::OrganizationId,
                job::Column::SubmittedBy,
                job::Column::Name,
                job::Column::Priority,
                job::Column::SubmittedAt,
                job::Column::Requirements,
                job::Column::Image,
                job::Column::Status,
                job::Column::Held,
                job::Column::TimeLimitSeconds,
                job::Column::RetryAt,
            ])
            .filter(job::Column::FinishedAt.is_null())
            .filter(job::Column::Status.is_in(["QUEUED", "HELD"]));
        if let Some(only) = only {
            find = find.filter(job::Column::Id.is_in(only.iter().map(|id| id.0)));
        }
        let rows = find.into_model::<Waiting>().all(self.db()).await?;
        let held: Vec<Uuid> = rows.iter().filter(|row| row.status == "HELD").map(|row| row.id).collect();
        let open = self.open_dependencies(held).await?;
        Ok(rows.into_iter().map(|row| waiting_job(row, &open)).collect())
    }

    /// What the run times of the jobs that hold GPUs are learned by.
    ///
    /// # Errors
    /// Database faults.
    pub async fn running_series(&self) -> Result<HashMap<JobId, Series>, Fault> {
        type Row = (Uuid, Uuid, String, String, Option<i32>);
        let rows: Vec<Row> = job::Entity::find()
            .select_only()
            .columns([
                job::Column::Id,
                job::Column::OrganizationId,
                job::Column::SubmittedBy,
                job::Column::Name,
                job::Column::TimeLimitSeconds,
            ])
            .filter(job::Column::FinishedAt.is_null())
            .filter(job::Column::Status.is_in(["ALLOCATED", "RUNNING", "STOPPING"]))
            .into_tuple()
            .all(self.db())
            .await?;
        let series = |(id, of, by, name, limit): Row| (JobId(id), series(of, &by, &name, limit));
        Ok(rows.into_iter().map(series).collect())
    }

    /// The newest runs that came to their own end, at most so many, oldest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn past_runs(&self, most: u64) -> Result<Vec<PastRun>, Fault> {
        type Row = (Uuid, String, String, Option<i32>, Option<DateTimeUtc>, Option<DateTimeUtc>);
        let rows: Vec<Row> = job::Entity::find()
            .select_only()
            .columns([
                job::Column::OrganizationId,
                job::Column::SubmittedBy,
                job::Column::Name,
                job::Column::TimeLimitSeconds,
                job::Column::StartedAt,
                job::Column::FinishedAt,
            ])
            .filter(job::Column::FinishedAt.is_not_null())
            .filter(job::Column::Status.is_in(["SUCCEEDED", "TIMED_OUT"]))
            .order_by_desc(job::Column::FinishedAt)
            .limit(most)
            .into_tuple()
            .all(self.db())
            .await?;
        let run = |(of, by, name, limit, started, finished): Row| {
            let secs = (finished? - started?).num_seconds();
            Some(PastRun { series: series(of, &by, &name, limit), secs })
        };
        Ok(rows.into_iter().rev().filter_map(run).collect())
    }

    /// What the jobs submitted last asked for, whatever has become of them: at most so many of them.
    ///
    /// # Errors
    /// Database faults.
    pub async fn seen_jobs(&self, most: u64) -> Result<Vec<SeenJobs>, Fault> {
        type Row = (Uuid, entity::json::Requirements, Option<String>);
        // Ids are in the order of submission.
        let rows: Vec<Row> = job::Entity::find()
            .select_only()
            .columns([job::Column::OrganizationId, job::Column::Requirements, job::Column::Image])
            .order_by_desc(job::Column::Id)
            .limit(most)
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(alike(rows.into_iter().map(|(organization, requirements, image)| SeenJobs {
            organization: OrganizationId(organization),
            requirements: requirements.0,
            needs_container: image.is_some(),
            jobs: 1,
        })))
    }

    async fn open_dependencies(&self, of: Vec<Uuid>) -> Result<HashMap<Uuid, Vec<JobId>>, Fault> {
        let mut open: HashMap<Uuid, Vec<JobId>> = HashMap::new();
        for some in of.chunks(1000) {
            let links: Vec<(Uuid, Uuid)> = job_dependency::Entity::find()
                .select_only()
                .columns([job_dependency::Column::JobId, job_dependency::Column::DependsOn])
                .join(JoinType::InnerJoin, job_dependency::Relation::DependsOn.def())
                .filter(job_dependency::Column::JobId.is_in(some.iter().copied()))
                .filter(job::Column::Status.ne(JobStatus::Succeeded.as_str()))
                .into_tuple()
                .all(self.db())
                .await?;
            for (job, on) in links {
                open.entry(job).or_default().push(JobId(on));
            }
        }
        Ok(open)
    }

    async fn running_jobs(&self, live: &[allocation::Model]) -> Result<Vec<RunningJob>, Fault> {
        type Row = (Uuid, Uuid, Option<DateTimeUtc>, Option<i32>, Option<DateTimeUtc>, i32, String, i32);
        let rows: Vec<Row> = job::Entity::find()
            .select_only()
            .columns([
                job::Column::Id,
                job::Column::OrganizationId,
                job::Column::StartedAt,
                job::Column::TimeLimitSeconds,
                job::Column::AllocatedAt,
                job::Column::Priority,
                job::Column::Status,
                job::Column::Version,
            ])
            .filter(job::Column::FinishedAt.is_null())
            .filter(job::Column::Status.is_in(["ALLOCATED", "RUNNING", "STOPPING"]))
            .into_tuple()
            .all(self.db())
            .await?;
        let mut gpus: HashMap<Uuid, Vec<(GpuId, i32)>> = HashMap::new();
        let mut room: HashMap<Uuid, (f64, f64)> = HashMap::new();
        for one in live {
            gpus.entry(one.job_id).or_default().push((GpuId(one.gpu_id), one.milli));
            let room = room.entry(one.job_id).or_default();
            (room.0, room.1) = (room.0 + one.cpus, room.1 + one.memory_gb);
        }
        let now = self.clock().now();
        Ok(rows
            .into_iter()
            .map(|(id, organization, started, limit, allocated, priority, status, version)| {
                let (cpus, memory_gb) = room.get(&id).copied().unwrap_or_default();
                RunningJob {
                    id: JobId(id),
                    version,
                    organization: OrganizationId(organization),
                    ends_by: limit.map(|limit| started.unwrap_or(now) + Duration::seconds(limit.into())),
                    gpus: gpus.remove(&id).unwrap_or_default(),
                    cpus,
                    memory_gb,
                    started_at: started.or(allocated),
                    priority,
                    stopping: status == JobStatus::Stopping.as_str(),
                }
            })
            .collect())
    }

    async fn organization_states(&self, live: &[allocation::Model]) -> Result<Vec<OrganizationState>, Fault> {
        let mut held: HashMap<Uuid, i64> = HashMap::new();
        for one in live {
            *held.entry(one.organization_id).or_default() += i64::from(one.milli);
        }
        let rows = organization::Entity::find().all(self.db()).await?;
        Ok(rows
            .into_iter()
            .map(|row| OrganizationState {
                id: OrganizationId(row.id),
                max_gpus_milli: row.max_gpus.map(|gpus| (gpus * 1000.0).round() as i64),
                allocated_milli: held.get(&row.id).copied().unwrap_or(0),
                weight: row.weight,
                guaranteed_milli: (row.guaranteed_gpus * 1000.0).round() as i64,
                lately_milli: 0.0,
            })
            .collect())
    }
}

/// Those that asked for the same are counted together.
fn alike(jobs: impl Iterator<Item = SeenJobs>) -> Vec<SeenJobs> {
    let mut kinds: Vec<SeenJobs> = Vec::new();
    let mut places: HashMap<(OrganizationId, bool, String), usize> = HashMap::new();
    for job in jobs {
        let asked = serde_json::to_string(&job.requirements).unwrap_or_default();
        let place = *places.entry((job.organization, job.needs_container, asked)).or_insert(kinds.len());
        match kinds.get_mut(place) {
            Some(kind) => kind.jobs += 1,
            None => kinds.push(job),
        }
    }
    kinds
}

fn series(organization: Uuid, user: &str, name: &str, limit: Option<i32>) -> Series {
    let organization = OrganizationId(organization);
    Series { organization, name: format!("{user}/{name}"), limit: limit.map(i64::from) }
}

fn waiting_job(row: Waiting, open: &HashMap<Uuid, Vec<JobId>>) -> Queued {
    let series = series(row.organization_id, &row.submitted_by, &row.name, row.time_limit_seconds);
    let job = WaitingJob {
        id: JobId(row.id),
        version: row.version,
        organization: OrganizationId(row.organization_id),
        priority: row.priority,
        submitted_at: row.submitted_at,
        requirements: row.requirements.0,
        needs_container: row.image.is_some(),
        held: row.held,
        unfinished_dependencies: open.get(&row.id).cloned().unwrap_or_default(),
        rests_until: row.retry_at,
        estimate_secs: row.time_limit_seconds.map(i64::from),
    };
    Queued { job, series }
}

fn host_states(
    hosts: Vec<host::Model>,
    cards: Vec<gpu::Model>,
    live: &[allocation::Model],
) -> Vec<HostState> {
    let mut taken: HashMap<Uuid, i32> = HashMap::new();
    let mut promised: HashMap<Uuid, (f64, f64)> = HashMap::new();
    for one in live {
        *taken.entry(one.gpu_id).or_default() += one.milli;
        let promised = promised.entry(one.host_id).or_default();
        promised.0 += one.cpus;
        promised.1 += one.memory_gb;
    }
    let ids: HashMap<String, GpuId> = cards.iter().map(|card| (card.uuid.clone(), GpuId(card.id))).collect();
    let mut of_host: HashMap<Uuid, Vec<GpuState>> = HashMap::new();
    for card in cards.into_iter().filter(|card| card.present) {
        of_host.entry(card.host_id).or_default().push(GpuState {
            id: GpuId(card.id),
            version: card.version,
            index: card.device_index,
            usable: !card.quarantined && card.health != "FAILED",
            allocated_milli: taken.get(&card.id).copied().unwrap_or(0),
            numa_node: card.numa_node,
            nvlink_peers: card.nvlink_peers.0.iter().filter_map(|peer| ids.get(peer).copied()).collect(),
            gpu_type: card.gpu_type,
            memory_mib: card.memory_mib,
        });
    }
    hosts
        .into_iter()
        .map(|row| {
            let (cpus_allocated, memory_gb_allocated) = promised.get(&row.id).copied().unwrap_or_default();
            HostState {
                schedulable: super::hosts::takes_work(&row),
                id: HostId(row.id),
                name: row.name,
                organization: row.organization_id.map(OrganizationId),
                labels: row.labels.0,
                runs_containers: row.container_runtime.is_some(),
                cpus: row.cpus,
                memory_mib: row.memory_mib,
                cpus_allocated,
                memory_gb_allocated,
                gpus: of_host.remove(&row.id).unwrap_or_default(),
            }
        })
        .collect()
}
