//! GPUs: what the book says of each, and what the card says.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{GpuId, HostId, JobId};
use entity::{gpu, host, telemetry};

use super::allocation::Allocation;
use super::caller::{Caller, store};
use super::enums::{GpuHealth, GpuProcessOwner, GpuStatus, GpuUse};
use super::failure::Answer;
use super::host::Host;
use super::job::Job;
use super::lists::at_most;
use super::loaders::{LiveOn, TakenOf, TelemetryOf, load};
use crate::fault::Fault;
use crate::store::Scope;
use crate::store::telemetry::MOST_STEPS;

/// One GPU.
pub struct Gpu(pub gpu::Model);

/// A sample of a GPU.
#[derive(SimpleObject)]
pub struct GpuTelemetry {
    /// When it was taken; the beginning of a step of history.
    pub at: DateTime<Utc>,
    /// Share of time in which a kernel ran; null: not reported. Over a step of history, its mean.
    pub utilization_percent: Option<f64>,
    /// Memory in use, MiB; over a step of history, the most.
    pub memory_used_mib: Option<i32>,
    /// Temperature, degrees Celsius; over a step of history, the highest.
    pub temperature_celsius: Option<i32>,
    /// Power, watts; over a step of history, its mean.
    pub power_watts: Option<f64>,
    /// The highest utilization of a step of history, percent; null in the newest sample.
    pub peak_utilization_percent: Option<f64>,
    /// Clock of the processors, MHz; null in history.
    pub clock_mhz: Option<i32>,
    /// Clock of the memory, MHz; null in history.
    pub memory_clock_mhz: Option<i32>,
    /// Memory errors that could not be corrected, since the driver was loaded; null in history.
    pub uncorrected_errors: Option<i32>,
}

/// A process that the card lists.
pub struct GpuProcess {
    pid: i32,
    memory_used_mib: Option<i32>,
    command: Option<String>,
    owner: GpuProcessOwner,
    job: Option<JobId>,
}

/// A process that the card lists.
#[Object]
impl GpuProcess {
    /// Its number on the host.
    async fn pid(&self) -> i32 {
        self.pid
    }

    /// Memory that it holds, MiB, where the caller may see it.
    async fn memory_used_mib(&self) -> Option<i32> {
        self.memory_used_mib
    }

    /// Its command line, where the caller may see it.
    async fn command(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Whose it is.
    async fn owner(&self) -> GpuProcessOwner {
        self.owner
    }

    /// Its job, where the caller may see it.
    async fn job(&self, ctx: &Context<'_>) -> Answer<Option<Job>> {
        match self.job {
            Some(id) => Ok(load(ctx, id).await?.map(Job)),
            None => Ok(None),
        }
    }
}

impl Gpu {
    fn gpu_id(&self) -> GpuId {
        GpuId(self.0.id)
    }

    async fn host_row(&self, ctx: &Context<'_>) -> Result<host::Model, Fault> {
        load(ctx, HostId(self.0.host_id)).await?.ok_or(Fault::NotFound("host"))
    }

    async fn sample(&self, ctx: &Context<'_>) -> Result<Option<telemetry::Model>, Fault> {
        load(ctx, TelemetryOf(self.gpu_id())).await
    }

    /// The newest sample, if it tells of the present, and if the caller may know what goes on on the card: of others' use no more
    /// is told than that it is taken, and of a card that is gone, or whose host is down, nothing is known.
    async fn sample_in_sight(&self, ctx: &Context<'_>) -> Result<Option<telemetry::Model>, Fault> {
        let known = self.0.present && !self.host_row(ctx).await?.down;
        if known && self.is_in_sight(ctx).await? { self.sample(ctx).await } else { Ok(None) }
    }

    async fn is_in_sight(&self, ctx: &Context<'_>) -> Result<bool, Fault> {
        let scope = scope_of(ctx);
        if scope == Scope::Fleet {
            return Ok(true);
        }
        let own = load(ctx, LiveOn(self.gpu_id())).await?.is_some_and(|live| !live.is_empty());
        if own || self.taken(ctx).await? > 0 {
            return Ok(own);
        }
        // Nobody's now: it is told to those who might have it.
        Ok(scope.includes_host_of(self.host_row(ctx).await?.organization_id.map(Into::into)))
    }

    async fn taken(&self, ctx: &Context<'_>) -> Result<i32, Fault> {
        Ok(load(ctx, TakenOf(self.gpu_id())).await?.unwrap_or(0))
    }
}

/// How much of the fleet this request may see.
fn scope_of(ctx: &Context<'_>) -> Scope {
    ctx.data_opt::<Caller>().map_or(Scope::Nothing, Caller::scope)
}

/// A GPU's status, from its row, its host and what is allocated of it.
pub(super) fn status(card: &gpu::Model, host: &host::Model, taken: i32) -> GpuStatus {
    if host.down || !card.present {
        GpuStatus::Unavailable
    } else if card.quarantined || card.health == "FAILED" {
        GpuStatus::Quarantined
    } else if taken > 0 {
        GpuStatus::Allocated
    } else if host.drain || host.unfit_reason.is_some() {
        GpuStatus::Unavailable
    } else {
        GpuStatus::Available
    }
}

/// Why it cannot be had. What was found on the card may name other organizations' commands: those are for operators.
fn reason(card: &gpu::Model, host: &host::Model, status: GpuStatus, scope: Scope) -> Option<String> {
    match status {
        GpuStatus::Quarantined if card.quarantined && scope != Scope::Fleet => {
            Some("processes or a fault were found on it after its last use".to_owned())
        }
        GpuStatus::Available | GpuStatus::Allocated => None,
        GpuStatus::Quarantined => card.quarantine_reason.clone().or_else(|| card.health_reason.clone()),
        GpuStatus::Unavailable if !card.present => Some("its host no longer reports it".to_owned()),
        GpuStatus::Unavailable if host.down => Some(format!("its host {} is down", host.name)),
        GpuStatus::Unavailable => Some(match &host.unfit_reason {
            Some(reason) => format!("its host {} takes no jobs: {reason}", host.name),
            None => format!("its host {} is drained", host.name),
        }),
    }
}

/// The step that was asked for, or the smallest that is allowed.
fn step_minutes(since: DateTime<Utc>, until: DateTime<Utc>, asked: Option<i32>) -> Result<i64, Fault> {
    let minutes = (until - since).num_minutes();
    if minutes < 0 {
        return Err(Fault::invalid("until", "before since"));
    }
    let least = minutes.div_euclid(MOST_STEPS) + 1;
    match asked.map(i64::from) {
        None => Ok(least),
        Some(seconds) if seconds < 60 || seconds % 60 != 0 => {
            Err(Fault::invalid("stepSeconds", "a multiple of 60"))
        }
        Some(seconds) if seconds / 60 < least => {
            Err(Fault::invalid("stepSeconds", format!("at least {} for so long a time", least * 60)))
        }
        Some(seconds) => Ok(seconds / 60),
    }
}

/// A process as the agent told of it, without what only its own organization and operators may see.
async fn process(ctx: &Context<'_>, scope: Scope, told: &serde_json::Value) -> Result<GpuProcess, Fault> {
    let number = |field: &str| told[field].as_i64().and_then(|number| i32::try_from(number).ok());
    let job: Option<JobId> = told["jobId"].as_str().and_then(|id| id.parse().ok());
    let visible = match job {
        _ if scope == Scope::Fleet => true,
        Some(id) => load(ctx, id).await?.is_some(),
        None => false,
    };
    Ok(GpuProcess {
        pid: number("pid").unwrap_or(0),
        memory_used_mib: number("memoryUsedMib").filter(|_| visible),
        command: told["command"].as_str().filter(|_| visible).map(str::to_owned),
        owner: told["owner"].as_str().and_then(GpuProcessOwner::parse).unwrap_or(GpuProcessOwner::Foreign),
        job: job.filter(|_| visible),
    })
}

/// One GPU.
#[Object]
impl Gpu {
    /// Its global id.
    pub async fn id(&self) -> ID {
        ID(self.gpu_id().to_string())
    }

    /// As NVML reports it.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// Its number on the host.
    async fn index(&self) -> i32 {
        self.0.device_index
    }

    /// As NVML names it.
    async fn gpu_type(&self) -> &str {
        &self.0.gpu_type
    }

    /// Its memory, MiB.
    async fn memory_mib(&self) -> i32 {
        self.0.memory_mib
    }

    /// True: no such card exists; the agent plays it, for laptops, tests and demonstrations.
    async fn simulated(&self) -> bool {
        self.0.simulated
    }

    /// Whether it can be had.
    async fn status(&self, ctx: &Context<'_>) -> Answer<GpuStatus> {
        Ok(status(&self.0, &self.host_row(ctx).await?, self.taken(ctx).await?))
    }

    /// Why it is quarantined or unavailable.
    async fn status_reason(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        let host = self.host_row(ctx).await?;
        let status = status(&self.0, &host, self.taken(ctx).await?);
        Ok(reason(&self.0, &host, status, scope_of(ctx)))
    }

    /// How well it is.
    async fn health(&self) -> GpuHealth {
        GpuHealth::parse(&self.0.health).unwrap_or(GpuHealth::Failed)
    }

    /// What the card says of its use; null until its host has reported, while nobody can tell, and while only others have it.
    #[graphql(name = "use")]
    async fn gpu_use(&self, ctx: &Context<'_>) -> Answer<Option<GpuUse>> {
        Ok(self.sample_in_sight(ctx).await?.and_then(|sample| GpuUse::parse(sample.gpu_use.as_deref()?)))
    }

    /// The processes that the card lists; none while only others have it, and of others' that share it no more than that
    /// they are there.
    async fn processes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<GpuProcess>> {
        let first = at_most(first)?;
        let scope = scope_of(ctx);
        let Some(sample) = self.sample_in_sight(ctx).await? else { return Ok(Vec::new()) };
        let listed = sample.processes.as_array().cloned().unwrap_or_default();
        let processes = listed.iter().take(first).map(|one| process(ctx, scope, one));
        Ok(futures_util::future::try_join_all(processes).await?)
    }

    /// Thousandths of this GPU now allocated, 0 to 1000.
    async fn allocated_milli(&self, ctx: &Context<'_>) -> Answer<i32> {
        Ok(self.taken(ctx).await?)
    }

    /// The host that carries it.
    async fn host(&self, ctx: &Context<'_>) -> Answer<Host> {
        Ok(Host(self.host_row(ctx).await?))
    }

    /// The live ones of organizations that the caller may see.
    async fn allocations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Allocation>> {
        let first = at_most(first)?;
        let live = load(ctx, LiveOn(self.gpu_id())).await?.unwrap_or_default();
        Ok(live.into_iter().take(first).map(Allocation).collect())
    }

    /// Its newest sample; null until its host has reported, while the host is down or the card is gone, and while only others
    /// have it.
    async fn telemetry(&self, ctx: &Context<'_>) -> Answer<Option<GpuTelemetry>> {
        Ok(self.sample_in_sight(ctx).await?.map(|sample| GpuTelemetry {
            at: sample.at,
            utilization_percent: sample.utilization_percent,
            memory_used_mib: sample.memory_used_mib,
            temperature_celsius: sample.temperature_celsius,
            power_watts: sample.power_watts,
            peak_utilization_percent: None,
            clock_mhz: sample.clock_mhz,
            memory_clock_mhz: sample.memory_clock_mhz,
            uncorrected_errors: sample.uncorrected_errors,
        }))
    }

    /// What it told over time, rolled up into minutes, or into steps of several, oldest first; steps in which nothing was told are
    /// left out, and so are the times in which only others had it. Kept for 30 days; a minute is there some seconds after it is over.
    async fn telemetry_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From this minute on.")] since: DateTime<Utc>,
        #[graphql(desc = "Up to this minute; null: now.")] until: Option<DateTime<Utc>>,
        #[graphql(desc = "A multiple of 60; null: the smallest that makes at most 1,440 steps.")]
        step_seconds: Option<i32>,
        #[graphql(desc = "At most so many steps, the oldest; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<GpuTelemetry>> {
        let first = at_most(first)?;
        let until = until.unwrap_or_else(Utc::now);
        let step = step_minutes(since, until, step_seconds)?;
        let told = store(ctx).telemetry_history(scope_of(ctx), self.gpu_id(), since, until, step).await?;
        let steps = told.into_iter().take(first).map(|(at, sum)| GpuTelemetry {
            at,
            utilization_percent: sum.utilization_percent,
            memory_used_mib: sum.memory_used_mib,
            temperature_celsius: sum.temperature_celsius,
            power_watts: sum.power_watts,
            peak_utilization_percent: sum.peak_percent,
            clock_mhz: None,
            memory_clock_mhz: None,
            uncorrected_errors: None,
        });
        Ok(steps.collect())
    }

    /// The NUMA node of its host that it hangs on; null: not known.
    async fn numa_node(&self) -> Option<i32> {
        self.0.numa_node
    }

    /// Whether the share of it that a job asks for is enforced, in memory and threads, by NVIDIA's MPS; false: shares are counted
    /// alone. Null: its agent has not said.
    async fn shares_enforced(&self) -> Option<bool> {
        self.0.shares_enforced
    }

    /// UUIDs of its host's other GPUs that it reaches by NVLink.
    async fn nvlink_peers(&self) -> &[String] {
        &self.0.nvlink_peers.0
    }

    /// Its version, for optimistic locking.
    async fn version(&self) -> i32 {
        self.0.version
    }
}
