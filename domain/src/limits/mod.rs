//! What a submission may contain: every bound in one place, and the one check that applies them.
//!
//! [`check`] is for jobs; the other functions are for organizations and hosts. Each names the field that it refuses as
//! the public schema spells it, with the place in a list (`command[2]`), and says what would be accepted. Texts that
//! come from outside are never repeated in a message: they may be long, or hold anything.

mod image;
mod labels;
mod organization;
mod process;
mod requirements;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::JobId;
use crate::requirements::{GpuRequirements, Label};

pub use labels::check_labels;
pub use organization::{
    check_host_name, check_idle_policy, check_org_name, check_quota, check_slug, check_weight,
};

/// Characters in a job's name.
pub const NAME_CHARS: usize = 200;
/// Characters of a reason that people give.
pub const REASON_CHARS: usize = 500;
/// Characters in the name of an API key.
pub const API_KEY_NAME_CHARS: usize = 100;
/// Characters in a model type.
pub const MODEL_TYPE_CHARS: usize = 100;
/// GPUs of one job.
pub const GPUS: i32 = 4096;
/// Types of GPU that a job may name.
pub const GPU_TYPES: usize = 16;
/// Characters in the name of a type.
pub const GPU_TYPE_CHARS: usize = 100;
/// CPU cores, or decimal gigabytes of host memory, that a job may ask for.
pub const HOST_AMOUNT: f64 = 1e6;
/// Decimal gigabytes that a job may want of a GPU.
pub const GPU_MEMORY_GB: f64 = 10_000.0;
/// Labels of one job, host or requirement.
pub const LABELS: usize = 64;
/// Characters in a label's key.
pub const LABEL_KEY_CHARS: usize = 63;
/// Characters in a label's value.
pub const LABEL_VALUE_CHARS: usize = 255;
/// Arguments of a command, its program included.
pub const ARGUMENTS: usize = 1024;
/// Bytes of a command in all.
pub const COMMAND_BYTES: usize = 64 * 1024;
/// Environment variables of one job.
pub const ENV_VARS: usize = 256;
/// Bytes of the environment in all, names and values.
pub const ENV_BYTES: usize = 64 * 1024;
/// Bytes of one variable of a job with an image, name and value: container runtimes read no longer lines.
pub const IMAGE_ENV_BYTES: usize = 60_000;
/// Bytes of a working directory.
pub const WORKDIR_BYTES: usize = 4096;
/// Bytes of a reference to an image.
pub const IMAGE_BYTES: usize = 512;
/// The largest priority; the smallest is its negative.
pub const PRIORITY: i32 = 1000;
/// Retries of one job.
pub const RETRIES: i32 = 100;
/// The longest pause before the first retry, in seconds: a day.
pub const RETRY_PAUSE_SECONDS: i32 = 86_400;
/// The longest time limit: a year.
pub const TIME_LIMIT_SECONDS: i32 = 31_536_000;
/// Jobs that one job may depend on.
pub const DEPENDENCIES: usize = 64;
/// Characters in an idempotency key.
pub const IDEMPOTENCY_KEY_CHARS: usize = 200;
/// Characters in an organization's slug.
pub const SLUG_CHARS: usize = 40;
/// Characters in an organization's name.
pub const ORG_NAME_CHARS: usize = 200;
/// Characters in a host's name.
pub const HOST_NAME_CHARS: usize = 253;
/// The largest weight of an organization.
pub const WEIGHT: f64 = 1000.0;

/// The longest window and the longest grace of a policy for idle jobs, in minutes: a day.
pub const IDLE_MINUTES: i32 = 1440;
/// The highest utilization that such a policy may take for idle, in percent.
pub const IDLE_PERCENT: i32 = 50;

/// An input that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct InvalidInput {
    /// The field, as the public schema spells it: `requirements.count`, `command[2]`.
    pub field: String,
    /// What would be accepted.
    pub message: String,
}

impl InvalidInput {
    /// Refuses a field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A job as submitted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobSpec {
    /// What people call it.
    pub name: String,
    /// The kind of model that it trains or serves.
    pub model_type: Option<String>,
    /// What it asks of the fleet.
    pub requirements: GpuRequirements,
    /// The program and its arguments; None: a loan.
    pub command: Option<Vec<String>>,
    /// Names and values added to its environment.
    pub env: Vec<(String, String)>,
    /// Where its processes start.
    pub workdir: Option<String>,
    /// The container image that the command runs in; None: what is installed on its host.
    // Left out where there is none: idempotency keys are compared by this form, also across an upgrade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Larger goes first.
    pub priority: i32,
    /// How often it is tried again after it has failed.
    pub max_retries: i32,
    /// Seconds between a failed attempt and the next one; twice as long after each further one.
    pub retry_pause_seconds: i32,
    /// How long it may run.
    pub time_limit_seconds: Option<i32>,
    /// Jobs that must end before it.
    pub depends_on: Vec<JobId>,
    /// True: it waits until somebody releases it.
    pub hold: bool,
    /// Its labels.
    pub labels: Vec<Label>,
    /// The same key from the same organization gives the same job.
    pub idempotency_key: Option<String>,
}

/// Checks a submission against every bound. The first field that breaks one is refused.
pub fn check(spec: &JobSpec) -> Result<(), InvalidInput> {
    check_job_name(&spec.name)?;
    check_model_type(spec.model_type.as_deref())?;
    requirements::check(&spec.requirements)?;
    if let Some(command) = &spec.command {
        process::check_command(command)?;
    }
    process::check_env(&spec.env)?;
    process::check_workdir(spec.workdir.as_deref())?;
    image::check(spec)?;
    check_priority(spec.priority)?;
    refuse_unless((0..=RETRIES).contains(&spec.max_retries), "maxRetries", || {
        format!("must be 0 to {RETRIES}")
    })?;
    refuse_unless(
        (0..=RETRY_PAUSE_SECONDS).contains(&spec.retry_pause_seconds),
        "retryPauseSeconds",
        || format!("must be 0 to {RETRY_PAUSE_SECONDS}"),
    )?;
    check_time_limit(spec.time_limit_seconds)?;
    check_dependencies(&spec.depends_on)?;
    check_labels("labels", &spec.labels)?;
    check_idempotency_key(spec.idempotency_key.as_deref())
}

/// Checks a priority, as submitted or as changed later.
pub fn check_priority(priority: i32) -> Result<(), InvalidInput> {
    let range = -PRIORITY..=PRIORITY;
    refuse_unless(range.contains(&priority), "priority", || format!("must be -{PRIORITY} to {PRIORITY}"))
}

/// Checks a time limit, as submitted or as changed later.
pub fn check_time_limit(seconds: Option<i32>) -> Result<(), InvalidInput> {
    let fits = seconds.is_none_or(|seconds| (1..=TIME_LIMIT_SECONDS).contains(&seconds));
    refuse_unless(fits, "timeLimitSeconds", || format!("must be 1 to {TIME_LIMIT_SECONDS} (a year)"))
}

fn check_job_name(name: &str) -> Result<(), InvalidInput> {
    check_title("name", name, NAME_CHARS)
}

/// A text for people to read: not blank, not too long, no control characters.
fn check_title(field: &str, text: &str, longest: usize) -> Result<(), InvalidInput> {
    refuse_unless(!text.trim().is_empty(), field, || "must not be blank".to_owned())?;
    refuse_unless(is_at_most(text, longest), field, || format!("must have at most {longest} characters"))?;
    refuse_unless(!text.chars().any(char::is_control), field, || {
        "must not hold control characters".to_owned()
    })
}

fn check_model_type(model_type: Option<&str>) -> Result<(), InvalidInput> {
    model_type.map_or(Ok(()), |text| check_title("modelType", text, MODEL_TYPE_CHARS))
}

fn check_dependencies(depends_on: &[JobId]) -> Result<(), InvalidInput> {
    let few = depends_on.len() <= DEPENDENCIES;
    refuse_unless(few, "dependsOn", || format!("must name at most {DEPENDENCIES} jobs"))?;
    no_duplicates("dependsOn", depends_on.iter())
}

fn check_idempotency_key(key: Option<&str>) -> Result<(), InvalidInput> {
    let Some(key) = key else { return Ok(()) };
    let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let fits = (1..=IDEMPOTENCY_KEY_CHARS).contains(&key.len()) && printable;
    refuse_unless(fits, "idempotencyKey", || {
        format!("must be 1 to {IDEMPOTENCY_KEY_CHARS} printable ASCII characters")
    })
}

/// Checks the name of an API key.
pub fn check_api_key_name(name: &str) -> Result<(), InvalidInput> {
    check_title("name", name, API_KEY_NAME_CHARS)
}

/// Checks a text that is put before people, such as a reason, or that rows are searched for.
pub fn check_text(field: &str, text: Option<&str>, longest: usize) -> Result<(), InvalidInput> {
    let Some(text) = text else { return Ok(()) };
    refuse_unless(is_at_most(text, longest), field, || format!("must have at most {longest} characters"))?;
    refuse_unless(!text.contains('\0'), field, || "must not hold a NUL character".to_owned())
}

/// Checks an instant: both databases keep those of the years 1 to 9999.
pub fn check_instant(field: &str, at: Option<DateTime<Utc>>) -> Result<(), InvalidInput> {
    let known = at.is_none_or(|at| (1..=9999).contains(&at.year()));
    refuse_unless(known, field, || "must lie in the years 1 to 9999".to_owned())
}

/// Whether a text has at most so many characters, without counting all of a very long one.
fn is_at_most(text: &str, longest: usize) -> bool {
    text.chars().nth(longest).is_none()
}

/// Refuses what stands in a list for the second time.
fn no_duplicates<T: Ord>(field: &str, items: impl Iterator<Item = T>) -> Result<(), InvalidInput> {
    let mut seen = std::collections::BTreeSet::new();
    for (place, item) in items.enumerate() {
        refuse_unless(seen.insert(item), format_args!("{field}[{place}]"), || {
            "is in the list twice".to_owned()
        })?;
    }
    Ok(())
}

fn refuse_unless(
    accepted: bool,
    field: impl std::fmt::Display,
    message: impl FnOnce() -> String,
) -> Result<(), InvalidInput> {
    if accepted { Ok(()) } else { Err(InvalidInput::new(field.to_string(), message())) }
}
