//! What people change of jobs.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::ids::{GpuId, JobId};
use domain::limits::{self, JobSpec};
use domain::requirements::{GpuRequirements, Label};

use super::labels;
use crate::fault::Fault;
use crate::graphql::allocation::Allocation;
use crate::graphql::caller::{permit, store};
use crate::graphql::failure::Answer;
use crate::graphql::job::Job;
use crate::graphql::label::LabelInput;
use crate::store::jobs::JobEdit;
use crate::store::placing::ChosenGpu;

/// Jobs in one bulk submission at most.
const BULK: usize = 1000;
/// Where a job of an array finds its number, and how many there are.
const ARRAY_INDEX: &str = "GPU_FLEET_ARRAY_INDEX";
const ARRAY_SIZE: &str = "GPU_FLEET_ARRAY_SIZE";
const ARRAY_LABEL: &str = "array-index";
/// Seconds before the second attempt, unless the job says otherwise.
const RETRY_PAUSE: i32 = 10;
/// As large as the body of a request may be unless told otherwise.
const ARRAY_BYTES: usize = 8 << 20;

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
    /// A container image of a registry in which the command runs, [host[:port]/]name[:tag][@sha256:digest]; absent: what is
    /// installed on its host. The command takes the place of the image's own entry point.
    pub image: Option<String>,
    /// Larger goes first, -1000 to 1000.
    #[graphql(default_with = "Some(0)")]
    pub priority: Option<i32>,
    /// Attempts beyond the first, when one fails or its host is lost.
    #[graphql(default_with = "Some(0)")]
    pub max_retries: Option<i32>,
    /// Seconds between a failed attempt and the next one, 0 to 86,400; twice as long after each further one, up to an hour.
    #[graphql(default_with = "Some(RETRY_PAUSE)")]
    pub retry_pause_seconds: Option<i32>,
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
    pub(in crate::graphql) fn check(self, at: &str) -> Result<JobSpec, Fault> {
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
            image: self.image,
            priority: self.priority.unwrap_or(0),
            max_retries: self.max_retries.unwrap_or(0),
            retry_pause_seconds: self.retry_pause_seconds.unwrap_or(RETRY_PAUSE),
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
    /// The jobs, at most 1,000 with all of their copies.
    pub jobs: Vec<SubmitJobInput>,
    /// How often each is submitted, as an array of jobs. Each copy finds its number, from 0, in its environment as
    /// GPU_FLEET_ARRAY_INDEX and their count as GPU_FLEET_ARRAY_SIZE, and has the number as its label array-index.
    pub times: Option<i32>,
}

/// An array may not be larger than a submission could be that names each of its jobs.
fn check_array(specs: &[JobSpec], times: usize) -> Result<(), Fault> {
    let bytes: usize = specs.iter().map(bytes_of).sum();
    if bytes.saturating_mul(times) > ARRAY_BYTES {
        return Err(Fault::invalid(
            "times",
            format!("all copies together are larger than {ARRAY_BYTES} bytes"),
        ));
    }
    let taken = |spec: &JobSpec| {
        spec.labels.len() >= limits::LABELS || spec.labels.iter().any(|label| label.key == ARRAY_LABEL)
    };
    match specs.iter().position(taken) {
        Some(place) => {
            let message = format!("an array needs room for its own label, {ARRAY_LABEL}");
            Err(Fault::invalid(format!("jobs[{place}].labels"), message))
        }
        None => Ok(()),
    }
}

/// What a job's texts take, roughly.
fn bytes_of(spec: &JobSpec) -> usize {
    let command = spec.command.iter().flatten().map(String::len).sum::<usize>();
    let env = spec.env.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let labels = spec.labels.iter().map(|label| label.key.len() + label.value.len()).sum::<usize>();
    let image = spec.image.as_ref().map_or(0, String::len);
    512 + image + spec.name.len() + command + env + labels + spec.depends_on.len() * 16
}

/// An array of jobs, each of which knows its number.
fn array(spec: &JobSpec, size: usize) -> impl Iterator<Item = JobSpec> {
    (0..size).map(move |index| {
        let mut copy = spec.clone();
        copy.env.push((ARRAY_INDEX.to_owned(), index.to_string()));
        copy.env.push((ARRAY_SIZE.to_owned(), size.to_string()));
        copy.labels.push(Label { key: ARRAY_LABEL.to_owned(), value: index.to_string() });
        // The same submission again finds each of its jobs.
        copy.idempotency_key = spec.idempotency_key.as_ref().map(|key| format!("{key}/{index}"));
        copy
    })
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
    /// Hold it back, or let it go, also from its rest before it is tried again.
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

/// A job that has ended, to be submitted anew.
#[derive(InputObject)]
pub struct RetryJobInput {
    /// Which.
    pub id: ID,
}

/// A job whose GPUs are to go back.
#[derive(InputObject)]
pub struct ReleaseJobInput {
    /// Which.
    pub job_id: ID,
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

/// What people change of jobs.
#[derive(Default)]
pub struct JobMutation;

fn job_id(id: &ID) -> Result<JobId, Fault> {
    id.parse().map_err(|_| Fault::NotFound("job"))
}

#[Object]
impl JobMutation {
    /// Puts a job into the queue of the caller's organization.
    async fn submit_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job.")] input: SubmitJobInput,
    ) -> Answer<JobPayload> {
        let permit = permit(ctx)?;
        let organization = permit.organization()?;
        let spec = input.check("")?;
        let mut made = store(ctx).submit_jobs(organization, vec![spec], false, &permit.actor()).await?;
        let job = made.pop().ok_or_else(|| Fault::Internal("a submission made no job".into()))?;
        Ok(JobPayload { job: Job(job) })
    }

    /// Puts several jobs into the queue, all or none; at most 1,000.
    async fn submit_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The jobs.")] input: SubmitJobsInput,
    ) -> Answer<JobsPayload> {
        let permit = permit(ctx)?;
        let organization = permit.organization()?;
        if input.jobs.is_empty() || input.jobs.len() > BULK {
            return Err(Fault::invalid("jobs", format!("between 1 and {BULK} jobs")).into());
        }
        let most = BULK / input.jobs.len();
        let times = input.times.map(|times| usize::try_from(times).unwrap_or(0));
        if times.is_some_and(|times| !(1..=most).contains(&times)) {
            return Err(
                Fault::invalid("times", format!("between 1 and {most}, for {BULK} jobs in all")).into()
            );
        }
        let checked =
            input.jobs.into_iter().enumerate().map(|(place, job)| job.check(&format!("jobs[{place}].")));
        let mut specs = checked.collect::<Result<Vec<_>, _>>()?;
        if let Some(times) = times {
            check_array(&specs, times)?;
            specs = specs.iter().flat_map(|spec| array(spec, times)).collect();
        }
        let made = store(ctx).submit_jobs(organization, specs, true, &permit.actor()).await?;
        Ok(JobsPayload { jobs: made.into_iter().map(Job).collect() })
    }

    /// Cancels a job: at once while it waits, through STOPPING once it has GPUs.
    async fn cancel_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job, and why.")] input: CancelJobInput,
    ) -> Answer<JobPayload> {
        let permit = permit(ctx)?;
        limits::check_text("reason", input.reason.as_deref(), limits::REASON_CHARS).map_err(Fault::from)?;
        let id = job_id(&input.id)?;
        let row = store(ctx)
            .cancel_job(permit.scope(), id, input.expected_version, input.reason, &permit.actor())
            .await?;
        Ok(JobPayload { job: Job(row) })
    }

    /// Submits anew what a job that has ended had submitted: a job of its own, whose retryOf is that one.
    async fn retry_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: RetryJobInput,
    ) -> Answer<JobPayload> {
        let permit = permit(ctx)?;
        let row = store(ctx).retry_job(permit.scope(), job_id(&input.id)?, &permit.actor()).await?;
        Ok(JobPayload { job: Job(row) })
    }

    /// Edits a waiting job, under its version.
    async fn update_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job, and its changes.")] input: UpdateJobInput,
    ) -> Answer<JobPayload> {
        let permit = permit(ctx)?;
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
        let row =
            store(ctx).update_job(permit.scope(), id, input.expected_version, what, &permit.actor()).await?;
        Ok(JobPayload { job: Job(row) })
    }

    /// Gives chosen GPUs to one waiting job, at once: past the queue's order, never past tenancy, quota or another
    /// allocation.
    async fn allocate_gpus(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job and the GPUs.")] input: AllocateGpusInput,
    ) -> Answer<AllocationsPayload> {
        let permit = permit(ctx)?;
        let id = job_id(&input.job_id)?;
        if input.gpus.len() > usize::try_from(limits::GPUS).unwrap_or(usize::MAX) {
            return Err(Fault::invalid("gpus", format!("at most {} GPUs", limits::GPUS)).into());
        }
        let mut chosen = Vec::with_capacity(input.gpus.len());
        for choice in &input.gpus {
            let id: GpuId = choice.id.parse().map_err(|_| Fault::NotFound("gpu"))?;
            chosen.push(ChosenGpu { id, expected_version: choice.expected_version });
        }
        let (row, given) = store(ctx)
            .allocate(permit.scope(), id, chosen, input.expected_job_version, &permit.actor())
            .await?;
        Ok(AllocationsPayload { job: Job(row), allocations: given.into_iter().map(Allocation).collect() })
    }

    /// A loan's GPUs go back; a job with a command is asked to stop first.
    async fn release_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: ReleaseJobInput,
    ) -> Answer<JobPayload> {
        let permit = permit(ctx)?;
        let row = store(ctx).release_job(permit.scope(), job_id(&input.job_id)?, &permit.actor()).await?;
        Ok(JobPayload { job: Job(row) })
    }
}
