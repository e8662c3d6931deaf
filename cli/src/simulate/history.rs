//! A server's own history as a trace: what it was given in a time, on the hosts that it has now.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cynic::QueryBuilder;
use domain::ids::{GpuId, HostId};
use domain::requirements::{GpuRequirements, Label};
use domain::simulate::World;
use domain::snapshot::{GpuState, HostState};
use uuid::Uuid;

use super::jobs::{self, Read};
use super::tenants::Tenants;
use super::{Case, fleet};
use crate::api::{
    self, GpuHealth, HostStatus, OrganizationRow, PastJob, PastJobPage, PastJobs, PastJobsVariables,
};
use crate::api::{WholeHost, WholeHosts, WholeHostsVariables};
use crate::args::simulate::SimulateArgs;
use crate::client::{Client, Failure, all_organizations, next};
use crate::output::progress;

/// Jobs of one history at most.
const MOST_JOBS: usize = 500_000;
/// Jobs and hosts of a page: small enough for every server's limit on a query's cost.
const JOBS: i32 = 250;
const HOSTS: i32 = 50;
/// How often a page is asked for again.
const PATIENCE: usize = 20;

/// Reads what the server that the arguments name was given in so long a time.
pub(super) async fn read(args: &SimulateArgs, long: Duration) -> Result<Case, Failure> {
    let client = Client::from_args(&args.connect.to)?;
    let now = Utc::now();
    let since = TimeDelta::from_std(long).ok().and_then(|long| now.checked_sub_signed(long));
    let since = since.ok_or_else(|| Failure::Usage("--history is too long ago".to_owned()))?;
    let past = past_jobs(&client, since).await?;
    let mut tenants = Tenants::default();
    for organization in organizations(&client).await? {
        add(&mut tenants, &organization);
    }
    let given = past.len();
    let (jobs, names) = jobs::made(past.into_iter().filter_map(|job| run(job, now)).collect(), &mut tenants);
    if jobs.is_empty() {
        let message = format!("none of {given} jobs since {since} has started: there is nothing to simulate");
        return Err(Failure::NotFound(message));
    }
    let mut hosts = match (&args.hosts, &args.nodes, args.pool) {
        (None, None, None) => own_hosts(&client, &mut tenants).await?,
        _ => fleet::hosts(args)?,
    };
    hosts.sort_by(|a, b| a.name.cmp(&b.name));
    let organizations = tenants.organizations.clone();
    Ok(Case { world: World { hosts, organizations, jobs }, names, tenants })
}

async fn past_jobs(client: &Client, since: DateTime<Utc>) -> Result<Vec<PastJob>, Failure> {
    let (mut jobs, mut after) = (Vec::new(), None);
    let bar = progress::bar(0, "{wide_bar} {pos} of {len} jobs read, {eta} left");
    loop {
        let page = past_page(client, PastJobsVariables { since: Some(since), first: JOBS, after }).await?;
        bar.set_length(u64::try_from(page.total_count).unwrap_or(0));
        bar.inc(page.nodes.len() as u64);
        jobs.extend(page.nodes);
        after = next(page.page_info);
        if jobs.len() > MOST_JOBS {
            let message = format!("more than {MOST_JOBS} jobs were submitted: ask for a shorter --history");
            return Err(Failure::Usage(message));
        }
        if after.is_none() {
            bar.finish_and_clear();
            return Ok(jobs);
        }
    }
}

/// A page, asked for again as often as a server that is asked for much says when.
async fn past_page(client: &Client, ask: PastJobsVariables) -> Result<PastJobPage, Failure> {
    for _ in 0..PATIENCE {
        match client.run(PastJobs::build(ask.clone())).await {
            Ok(page) => return Ok(page.jobs),
            Err(failure) => match failure.ask_again_after() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failure),
            },
        }
    }
    Ok(client.run(PastJobs::build(ask)).await?.jobs)
}

/// An operator's history is everyone's; others see their own.
async fn organizations(client: &Client) -> Result<Vec<OrganizationRow>, Failure> {
    let viewer = client.run(api::WhoAmI::build(())).await?.viewer;
    if viewer.role == api::Role::Operator { all_organizations(client).await } else { Ok(Vec::new()) }
}

fn add(tenants: &mut Tenants, row: &OrganizationRow) {
    let id = tenants.id(&row.slug);
    let milli = |gpus: f64| (gpus * 1000.0).round() as i64;
    if let Some(state) = tenants.organizations.iter_mut().find(|state| state.id == id) {
        state.weight = row.weight;
        state.guaranteed_milli = milli(row.quota.guaranteed_gpus);
        state.max_gpus_milli = row.quota.max_gpus.map(milli);
    }
}

/// A job as it ran, up to now if it still does; none if it never did: nobody knows how long it would run.
fn run(job: PastJob, now: DateTime<Utc>) -> Option<Read> {
    let run = job.finished_at.unwrap_or(now) - job.started_at?;
    Some(Read {
        name: job.id.into_inner(),
        organization: job.organization.slug,
        series: Some(format!("{}/{}", job.submitted_by, job.name)),
        submit_secs: job.submitted_at.timestamp(),
        run_secs: run.num_seconds().max(1),
        estimate_secs: job.time_limit_seconds.map(i64::from),
        priority: job.priority,
        requirements: requirements(job.requirements),
        needs_container: job.image.is_some(),
    })
}

fn requirements(asked: api::GpuRequirements) -> GpuRequirements {
    GpuRequirements {
        count: asked.count,
        milli: asked.milli,
        gpu_types: asked.gpu_types,
        min_memory_gb: asked.min_memory_gb,
        single_host: asked.single_host,
        cpus: asked.cpus,
        memory_gb: asked.memory_gb,
        labels: labels(asked.labels),
    }
}

fn labels(labels: Vec<api::Label>) -> Vec<Label> {
    labels.into_iter().map(|label| Label { key: label.key, value: label.value }).collect()
}

async fn own_hosts(client: &Client, tenants: &mut Tenants) -> Result<Vec<HostState>, Failure> {
    let (mut hosts, mut after) = (Vec::new(), None);
    loop {
        let page = client.run(WholeHosts::build(WholeHostsVariables { first: HOSTS, after })).await?.hosts;
        let up = page.nodes.into_iter().filter(|host| host.status != HostStatus::Down);
        for row in up {
            let number = hosts.len();
            hosts.push(host(number, row, tenants));
        }
        after = next(page.page_info);
        if after.is_none() {
            return Ok(hosts);
        }
    }
}

/// A host as if nothing ran on it.
fn host(number: usize, row: WholeHost, tenants: &mut Tenants) -> HostState {
    let gpu = |(place, gpu): (usize, api::WholeGpu)| GpuState {
        id: GpuId(Uuid::from_u128((number as u128) << 32 | place as u128)),
        version: 1,
        index: gpu.index,
        gpu_type: gpu.gpu_type,
        memory_mib: gpu.memory_mib,
        usable: gpu.health != GpuHealth::Failed,
        allocated_milli: 0,
        numa_node: None,
        nvlink_peers: Vec::new(),
    };
    HostState {
        id: HostId(Uuid::from_u128(number as u128)),
        name: row.name,
        organization: row.organization.map(|owner| tenants.id(&owner.slug)),
        schedulable: true,
        labels: labels(row.labels),
        runs_containers: row.container_runtime.is_some(),
        cpus: row.cpus,
        memory_mib: row.memory_mib,
        cpus_allocated: 0.0,
        memory_gb_allocated: 0.0,
        gpus: row.gpus.into_iter().enumerate().map(gpu).collect(),
    }
}
