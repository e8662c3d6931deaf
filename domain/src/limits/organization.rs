//! What an organization and a host may be called, and what an organization may be given.

use crate::idle::Policy;

use super::{
    HOST_NAME_CHARS, IDLE_MINUTES, IDLE_PERCENT, InvalidInput, ORG_NAME_CHARS, SLUG_CHARS, WEIGHT,
    check_title, refuse_unless,
};

/// Checks an organization's slug.
pub fn check_slug(slug: &str) -> Result<(), InvalidInput> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends_well = !slug.starts_with('-') && !slug.ends_with('-');
    let fits = (1..=SLUG_CHARS).contains(&slug.len()) && ends_well && slug.bytes().all(allowed);
    refuse_unless(fits, "slug", || {
        format!("must be 1 to {SLUG_CHARS} lower-case letters, digits or dashes, with no dash at either end")
    })
}

/// Checks an organization's name.
pub fn check_org_name(name: &str) -> Result<(), InvalidInput> {
    check_title("name", name, ORG_NAME_CHARS)
}

/// Checks a host's name.
pub fn check_host_name(name: &str) -> Result<(), InvalidInput> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    let fits = (1..=HOST_NAME_CHARS).contains(&name.len()) && name.bytes().all(allowed);
    refuse_unless(fits, "name", || format!("must be 1 to {HOST_NAME_CHARS} letters, digits, dots or dashes"))
}

/// Checks an organization's weight.
pub fn check_weight(weight: f64) -> Result<(), InvalidInput> {
    let fits = weight.is_finite() && weight > 0.0 && weight <= WEIGHT;
    refuse_unless(fits, "weight", || format!("must be more than 0, at most {WEIGHT}"))
}

/// Checks a quota: what an organization is guaranteed, its ceiling, and how many jobs it may have waiting.
pub fn check_quota(
    guaranteed_gpus: Option<f64>,
    max_gpus: Option<f64>,
    max_queued_jobs: Option<i32>,
) -> Result<(), InvalidInput> {
    check_gpus("quota.guaranteedGpus", guaranteed_gpus)?;
    check_gpus("quota.maxGpus", max_gpus)?;
    if let (Some(guaranteed), Some(max)) = (guaranteed_gpus, max_gpus) {
        refuse_unless(max >= guaranteed, "quota.maxGpus", || {
            "must not be less than guaranteedGpus".to_owned()
        })?;
    }
    refuse_unless(max_queued_jobs.is_none_or(|jobs| jobs >= 0), "quota.maxQueuedJobs", || {
        "must not be negative".to_owned()
    })
}

/// Counted in thousandths these must stay exact, hence the bound: a million GPUs.
fn check_gpus(field: &str, gpus: Option<f64>) -> Result<(), InvalidInput> {
    let fits = gpus.is_none_or(|gpus| gpus.is_finite() && (0.0..=1e6).contains(&gpus));
    refuse_unless(fits, field, || "must be 0 to 1000000".to_owned())
}

/// Checks how an organization wants its idle jobs treated.
pub fn check_idle_policy(policy: &Policy) -> Result<(), InvalidInput> {
    for (field, minutes) in [
        ("idlePolicy.windowMinutes", policy.window_minutes),
        ("idlePolicy.graceMinutes", policy.grace_minutes),
    ] {
        refuse_unless((1..=IDLE_MINUTES).contains(&minutes), field, || {
            format!("must be 1 to {IDLE_MINUTES}")
        })?;
    }
    let fits = (1..=IDLE_PERCENT).contains(&policy.utilization_percent);
    refuse_unless(fits, "idlePolicy.utilizationPercent", || format!("must be 1 to {IDLE_PERCENT}"))
}
