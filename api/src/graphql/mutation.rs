//! What people change.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::ids::{GpuId, HostId, JobId, OrganizationId};
use domain::limits::{self, JobSpec};
use domain::requirements::{GpuRequirements, Label as DomainLabel};
use domain::role::Role;

use super::agent_ops::AgentMutation;
use super::allocation::Allocation;
use super::caller::{Caller, store};
use super::failure::Answer;
use super::host::Host;
use super::host_ops::HostMutation;
use super::job::Job;
use super::label::LabelInput;
use super::organization::Organization;
use crate::fault::Fault;
use crate::store::hosts::HostEdit;
use crate::store::jobs::JobEdit;
use crate::store::organizations::{NewOrganization, OrganizationEdit};
use crate::store::placing::ChosenGpu;

/// Jobs in one bulk submission at most.
const BULK: usize = 1000;

/// What a job asks of the fleet.
#[derive(InputObject, Clone)]
pub struct GpuRequirementsInput {
    /// GPUs in all.
    #[graphql(default_with = "Some(1)")]
    pub count: Option<i32>,
    /// Thousandths of one GPU; less than 1000 only with count 1.
    #[graphql(default_with = "Some(1000)")]
    pub milli: Option<i32>,
    /// Any of these types will do; none: any.
    pub gpu_types: Option<Vec<String>>,
    /// Least memory of each GPU, decimal gigabytes.
    pub min_memory_gb: Option<f64>,
    /// True: all on one host.
    #[graphql(default_with = "Some(true)")]
    pub single_host: Option<bool>,
    /// CPU cores in all.
    pub cpus: Option<f64>,
    /// Host memory in all, decimal gigabytes.
    pub memory_gb: Option<f64>,
    /// Labels that each host must have.
    pub labels: Option<Vec<LabelInput>>,
}

impl From<GpuRequirementsInput> for GpuRequirements {
    fn from(input: GpuRequirementsInput) -> Self {
        Self {
            count: input.count.unwrap_or(1),
            milli: input.milli.unwrap_or(1000),
            gpu_types: input.gpu_types.unwrap_or_default(),
            min_memory_gb: input.min_memory_gb,
            single_host: input.single_host.unwrap_or(true),
            cpus: input.cpus,
            memory_gb: input.memory_gb,
            labels: labels(input.labels),
        }
    }
}

fn labels(given: Option<Vec<LabelInput>>) -> Vec<DomainLabel> {
    let given = given.unwrap_or_default();
    given.into_iter().map(|label| DomainLabel { key: label.key, value: label.value }).collect()
}

/// An environment variable; its value can be written, never read.
#[derive(InputObject, Clone)]
pub struct EnvVarInput {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A job to be.
#[derive(InputObject, Clone)]
pub struct SubmitJobInput {
    /// What people call it.
    pub name: String,
    /// The kind of model it works on, for filters and reports.
    pub model_type: Option<String>,
    /// What it asks of the fleet; absent: one whole GPU of any type.
    pub requirements: Option<GpuRequirementsInput>,
    /// Program and arguments; absent: a loan.
    pub command: Option<Vec<String>>,
    /// Environment variables.
    pub env: Option<Vec<EnvVarInput>>,
    /// Where the command starts, an absolute path on its host; absent: the home directory of the user that it runs as.
    pub workdir: Option<String>,
    /// Larger goes first, -1000 to 1000.
    #[graphql(default_with = "Some(0)")]
    pub priority: Option<i32>,
    /// Attempts beyond the first, when one fails or its host is lost.
    #[graphql(default_with = "Some(0)")]
    pub max_retries: Option<i32>,
    /// Longest run of an attempt.
    pub time_limit_seconds: Option<i32>,
    /// Jobs that must succeed first.
    pub depends_on: Option<Vec<ID>>,
    /// True: it waits until somebody lets it go.
    #[graphql(default_with = "Some(false)")]
    pub hold: Option<bool>,
    /// Free labels for filters.
    pub labels: Option<Vec<LabelInput>>,
    /// Same key, same organization: the first submission's job is returned and nothing is created.
    pub idempotency_key: Option<String>,
}

impl SubmitJobInput {
    /// The checked submission; `at` stands before the names of refused fields.
    fn check(self, at: &str) -> Result<JobSpec, Fault> {
        let mut depends_on = Vec::new();
        for (place, id) in self.depends_on.unwrap_or_default().iter().enumerate() {
            let id = id.parse::<JobId>();
            depends_on
                .push(id.map_err(|_| Fault::invalid(format!("{at}dependsOn[{place}]"), "not a job's id"))?);
        }
        let env = self.env.unwrap_or_default().into_iter().map(|variable| (variable.name, variable.value));
        let spec = JobSpec {
            name: self.name,
            model_type: self.model_type,
            requirements: self.requirements.map(GpuRequirements::from).unwrap_or_default(),
            command: self.command,
            env: env.collect(),
            workdir: self.workdir,
            priority: self.priority.unwrap_or(0),
            max_retries: self.max_retries.unwrap_or(0),
            time_limit_seconds: self.time_limit_seconds,
            depends_on,
            hold: self.hold.unwrap_or(false),
            labels: labels(self.labels),
            idempotency_key: self.idempotency_key,
        };
        limits::check(&spec)
            .map_err(|refused| Fault::invalid(format!("{at}{}", refused.field), refused.message))?;
        Ok(spec)
    }
}

/// Several jobs to be.
#[derive(InputObject)]
pub struct SubmitJobsInput {
    /// The jobs, at most 1,000.
    pub jobs: Vec<SubmitJobInput>,
}

/// A job to cancel.
#[derive(InputObject)]
pub struct CancelJobInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: Option<i32>,
    /// Why, for its history.
    pub reason: Option<String>,
}

/// Changes to a waiting job.
#[derive(InputObject)]
pub struct UpdateJobInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: i32,
    /// New priority.
    pub priority: Option<i32>,
    /// New time limit.
    pub time_limit_seconds: Option<i32>,
    /// Hold it back, or let it go.
    pub hold: Option<bool>,
}

/// Given GPUs for one waiting job.
#[derive(InputObject)]
pub struct AllocateGpusInput {
    /// The job.
    pub job_id: ID,
    /// The GPUs, as many as the job asks for.
    pub gpus: Vec<GpuChoiceInput>,
    /// Only if the job still has this version.
    pub expected_job_version: Option<i32>,
}

/// A chosen GPU.
#[derive(InputObject)]
pub struct GpuChoiceInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: Option<i32>,
}

/// A job whose GPUs are to go back.
#[derive(InputObject)]
pub struct ReleaseJobInput {
    /// Which.
    pub job_id: ID,
}

/// Limits of an organization.
#[derive(InputObject, Clone)]
pub struct QuotaInput {
    /// GPUs that are its own whenever it wants them; absent: none.
    pub guaranteed_gpus: Option<f64>,
    /// Never more than this many at once; absent: no ceiling.
    pub max_gpus: Option<f64>,
    /// Waiting jobs accepted at once; absent: no ceiling.
    pub max_queued_jobs: Option<i32>,
}

impl QuotaInput {
    fn check(&self) -> Result<(f64, Option<f64>, Option<i32>), Fault> {
        limits::check_quota(self.guaranteed_gpus, self.max_gpus, self.max_queued_jobs)?;
        Ok((self.guaranteed_gpus.unwrap_or(0.0), self.max_gpus, self.max_queued_jobs))
    }
}

/// An organization to be.
#[derive(InputObject)]
pub struct CreateOrganizationInput {
    /// Its short name: lower-case letters, digits and dashes.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its share of the fleet relative to the others.
    #[graphql(default_with = "Some(1.0)")]
    pub weight: Option<f64>,
    /// Its limits; absent: none.
    pub quota: Option<QuotaInput>,
}

/// Changes to an organization.
#[derive(InputObject)]
pub struct UpdateOrganizationInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: i32,
    /// New name.
    pub name: Option<String>,
    /// New weight.
    pub weight: Option<f64>,
    /// New quota, as a whole.
    pub quota: Option<QuotaInput>,
}

/// Changes to a host.
#[derive(InputObject)]
pub struct UpdateHostInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: i32,
    /// True: nothing new is placed on it; false: it takes work again.
    pub drain: Option<bool>,
    /// Why it is drained.
    pub reason: Option<String>,
    /// Dedicate it to this organization.
    pub organization_id: Option<ID>,
    /// True: share it with all.
    pub shared: Option<bool>,
    /// New labels, as a whole.
    pub labels: Option<Vec<LabelInput>>,
}

/// A job, after a change.
#[derive(SimpleObject)]
pub struct JobPayload {
    /// As the change left it.
    pub job: Job,
}

/// Jobs, after a bulk submission.
#[derive(SimpleObject)]
pub struct JobsPayload {
    /// In the order of the submission.
    pub jobs: Vec<Job>,
}

/// A job and what it was given.
#[derive(SimpleObject)]
pub struct AllocationsPayload {
    /// As the allocation left it.
    pub job: Job,
    /// One for each GPU.
    pub allocations: Vec<Allocation>,
}

/// An organization, after a change.
#[derive(SimpleObject)]
pub struct OrganizationPayload {
    /// As the change left it.
    pub organization: Organization,
}

/// A host, after a change.
#[derive(SimpleObject)]
pub struct HostPayload {
    /// As the change left it.
    pub host: Host,
}

/// Everything that changes something: people's operations and agents'.
#[derive(async_graphql::MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(PeopleMutation, AgentMutation, HostMutation);

/// What people change.
#[derive(Default)]
pub struct PeopleMutation;

fn job_id(id: &ID) -> Result<JobId, Fault> {
    id.parse().map_err(|_| Fault::NotFound("job"))
}

#[Object]
impl PeopleMutation {
    /// Puts a job into the queue of the caller's organization.
    async fn submit_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job.")] input: SubmitJobInput,
    ) -> Answer<JobPayload> {
        let caller = Caller::of(ctx)?;
        let organization = caller.organization(Role::Member)?;
        let spec = input.check("")?;
        let mut made = store(ctx).submit_jobs(organization, vec![spec], false, caller.actor()).await?;
        let job = made.pop().ok_or_else(|| Fault::Internal("a submission made no job".into()))?;
        Ok(JobPayload { job: Job(job) })
    }

    /// Puts several jobs into the queue, all or none; at most 1,000.
    async fn submit_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The jobs.")] input: SubmitJobsInput,
    ) -> Answer<JobsPayload> {
        let caller = Caller::of(ctx)?;
        let organization = caller.organization(Role::Member)?;
        if input.jobs.is_empty() || input.jobs.len() > BULK {
            return Err(Fault::invalid("jobs", format!("between 1 and {BULK} jobs")).into());
        }
        let checked =
            input.jobs.into_iter().enumerate().map(|(place, job)| job.check(&format!("jobs[{place}].")));
        let specs = checked.collect::<Result<Vec<_>, _>>()?;
        let made = store(ctx).submit_jobs(organization, specs, true, caller.actor()).await?;
        Ok(JobsPayload { jobs: made.into_iter().map(Job).collect() })
    }

    /// Cancels a job: at once while it waits, through STOPPING once it has GPUs.
    async fn cancel_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job, and why.")] input: CancelJobInput,
    ) -> Answer<JobPayload> {
        let caller = Caller::of(ctx)?;
        let scope = caller.changes(Role::Member)?;
        limits::check_text("reason", input.reason.as_deref(), limits::REASON_CHARS).map_err(Fault::from)?;
        let id = job_id(&input.id)?;
        let row =
            store(ctx).cancel_job(scope, id, input.expected_version, input.reason, caller.actor()).await?;
        Ok(JobPayload { job: Job(row) })
    }

    /// Edits a waiting job, under its version.
    async fn update_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job, and its changes.")] input: UpdateJobInput,
    ) -> Answer<JobPayload> {
        let caller = Caller::of(ctx)?;
        let scope = caller.changes(Role::Member)?;
        if let Some(priority) = input.priority {
            limits::check_priority(priority).map_err(Fault::from)?;
        }
        limits::check_time_limit(input.time_limit_seconds).map_err(Fault::from)?;
        let what = JobEdit {
            priority: input.priority,
            time_limit_seconds: input.time_limit_seconds,
            hold: input.hold,
        };
        let id = job_id(&input.id)?;
        let row = store(ctx).update_job(scope, id, input.expected_version, what, caller.actor()).await?;
        Ok(JobPayload { job: Job(row) })
    }

    /// Gives chosen GPUs to one waiting job, at once: past the queue's order, never past tenancy, quota or another
    /// allocation.
    async fn allocate_gpus(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job and the GPUs.")] input: AllocateGpusInput,
    ) -> Answer<AllocationsPayload> {
        let caller = Caller::of(ctx)?;
        let scope = caller.changes(Role::Member)?;
        let id = job_id(&input.job_id)?;
        if input.gpus.len() > usize::try_from(limits::GPUS).unwrap_or(usize::MAX) {
            return Err(Fault::invalid("gpus", format!("at most {} GPUs", limits::GPUS)).into());
        }
        let mut chosen = Vec::with_capacity(input.gpus.len());
        for choice in &input.gpus {
            let id: GpuId = choice.id.parse().map_err(|_| Fault::NotFound("gpu"))?;
            chosen.push(ChosenGpu { id, expected_version: choice.expected_version });
        }
        let (row, given) =
            store(ctx).allocate(scope, id, chosen, input.expected_job_version, caller.actor()).await?;
        Ok(AllocationsPayload { job: Job(row), allocations: given.into_iter().map(Allocation).collect() })
    }

    /// A loan's GPUs go back; a job with a command is asked to stop first.
    async fn release_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: ReleaseJobInput,
    ) -> Answer<JobPayload> {
        let caller = Caller::of(ctx)?;
        let scope = caller.changes(Role::Member)?;
        let row = store(ctx).release_job(scope, job_id(&input.job_id)?, caller.actor()).await?;
        Ok(JobPayload { job: Job(row) })
    }

    /// Makes an organization. Operators only.
    async fn create_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization.")] input: CreateOrganizationInput,
    ) -> Answer<OrganizationPayload> {
        let caller = Caller::of(ctx)?;
        caller.needs(Role::Operator)?;
        limits::check_slug(&input.slug).map_err(Fault::from)?;
        limits::check_org_name(&input.name).map_err(Fault::from)?;
        let weight = input.weight.unwrap_or(1.0);
        limits::check_weight(weight).map_err(Fault::from)?;
        let (guaranteed_gpus, max_gpus, max_queued_jobs) = match &input.quota {
            Some(quota) => quota.check()?,
            None => (0.0, None, None),
        };
        let new = NewOrganization {
            slug: input.slug,
            name: input.name,
            weight,
            guaranteed_gpus,
            max_gpus,
            max_queued_jobs,
        };
        let row = store(ctx).create_organization(new, caller.actor()).await?;
        Ok(OrganizationPayload { organization: Organization(row) })
    }

    /// Edits an organization, under its version. Operators only.
    async fn update_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization, and its changes.")] input: UpdateOrganizationInput,
    ) -> Answer<OrganizationPayload> {
        let caller = Caller::of(ctx)?;
        caller.needs(Role::Operator)?;
        if let Some(name) = &input.name {
            limits::check_org_name(name).map_err(Fault::from)?;
        }
        if let Some(weight) = input.weight {
            limits::check_weight(weight).map_err(Fault::from)?;
        }
        let quota = input.quota.as_ref().map(QuotaInput::check).transpose()?;
        let id: OrganizationId = input.id.parse().map_err(|_| Fault::NotFound("organization"))?;
        let what = OrganizationEdit { name: input.name, weight: input.weight, quota };
        let row = store(ctx).update_organization(id, input.expected_version, what, caller.actor()).await?;
        Ok(OrganizationPayload { organization: Organization(row) })
    }

    /// Drains a host, dedicates it, labels it. Operators only.
    async fn update_host(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which host, and its changes.")] input: UpdateHostInput,
    ) -> Answer<HostPayload> {
        let caller = Caller::of(ctx)?;
        caller.needs(Role::Operator)?;
        let id: HostId = input.id.parse().map_err(|_| Fault::NotFound("host"))?;
        let what = host_edit(ctx, &input).await?;
        let row = store(ctx).update_host(id, input.expected_version, what, caller.actor()).await?;
        Ok(HostPayload { host: Host(row) })
    }
}

async fn host_edit(ctx: &Context<'_>, input: &UpdateHostInput) -> Result<HostEdit, Fault> {
    let labels = input.labels.clone().map(|given| labels(Some(given)));
    if let Some(labels) = &labels {
        limits::check_labels("labels", labels)?;
    }
    limits::check_text("reason", input.reason.as_deref(), limits::REASON_CHARS)?;
    let organization = match (&input.organization_id, input.shared) {
        (Some(_), Some(true)) => {
            return Err(Fault::invalid("shared", "a host is dedicated or shared, not both"));
        }
        (Some(id), _) => {
            let id: OrganizationId = id.parse().map_err(|_| Fault::NotFound("organization"))?;
            let known = store(ctx).organizations_by_id(crate::store::Scope::Fleet, &[id]).await?;
            known.contains_key(&id).then_some(Some(Some(id))).ok_or(Fault::NotFound("organization"))?
        }
        (None, Some(true)) => Some(None),
        (None, _) => None,
    };
    Ok(HostEdit { drain: input.drain, reason: input.reason.clone(), organization, labels })
}
