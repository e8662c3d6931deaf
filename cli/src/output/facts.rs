//! All there is to know of one job, as names and values.

use super::describe::{self, gpu_type};
use super::time::{absolute, ago, between, span};
use crate::api::{IdleAction, IdleWarning, Instant, JobDetail, Label};

/// What is known of a job, name and value; what is unset is left out.
pub(crate) fn facts(job: &JobDetail, now: Instant) -> Vec<(&'static str, String)> {
    let row = &job.row;
    let labels = |labels: &[Label]| {
        labels.iter().map(|label| format!("{}={}", label.key, label.value)).collect::<Vec<_>>().join(" ")
    };
    let mut facts = vec![
        ("organization", row.organization.slug.clone()),
        (
            "submitted",
            format!(
                "{}, {}, by {}",
                absolute(row.submitted_at),
                ago(row.submitted_at, now),
                row.submitted_by
            ),
        ),
        ("command", describe::command(job)),
        ("asks for", describe::requirements(&row.requirements)),
    ];
    for gpu in &row.gpus {
        let place = format!("{}/{}", gpu.host.name, gpu.index);
        facts.push(("GPU", format!("{place}  {}  {}", gpu_type(&gpu.gpu_type, gpu.simulated), gpu.uuid)));
    }
    let mut add = |name: &'static str, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add("model type", row.model_type.clone());
    add("priority", Some(row.priority.to_string()));
    add("attempt", Some(format!("{} of at most {}", row.attempt, job.max_retries + 1)));
    add("time limit", job.time_limit_seconds.map(|secs| span(i64::from(secs))));
    add("directory", job.workdir.clone());
    add("image", job.image.clone());
    add("environment", filled(job.env_names.join(" ")));
    add("labels", filled(labels(&job.labels)));
    for dependency in &job.depends_on {
        add(
            "after",
            Some(format!("{} {} {}", dependency.id.inner(), dependency.name, dependency.status.as_str())),
        );
    }
    add("started", row.started_at.map(absolute));
    add("ended", row.finished_at.map(absolute));
    add("ran for", row.started_at.map(|from| between(from, row.finished_at, now)));
    add("idle", job.idle_warning.as_ref().map(|warning| idle(job, warning, now)));
    add("exit code", row.exit_code.map(|code| code.to_string()));
    add("version", Some(row.version.to_string()));
    facts
}

/// That its GPUs are not used, and what follows when.
fn idle(job: &JobDetail, warning: &IdleWarning, now: Instant) -> String {
    let since = job.idle_since.map(|at| format!(" since {}", absolute(at))).unwrap_or_default();
    let then = match warning.action {
        IdleAction::Nothing => "nothing follows",
        IdleAction::Notify => "its history tells of it again",
        IdleAction::Stop => "it is stopped and, the first two times, waits again",
    };
    let at = warning.acts_at;
    let when = if at > now {
        format!("{} (in {})", absolute(at), between(now, Some(at), now))
    } else {
        absolute(at)
    };
    format!("its GPUs were not used{since}; unless they are, {then} at {when}")
}

fn filled(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(text) }
}
