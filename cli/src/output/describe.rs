//! Jobs in words: what they ask for, where they are, why they wait or how they ended.

use crate::api::{GpuRequirements, JobDetail, JobGpu, JobRow, JobStatus, PendingExplanation};

/// What stands beside every GPU that does not exist.
pub(crate) const SIMULATED: &str = "(simulated)";

/// A GPU's type, marked when no such card exists.
pub(crate) fn gpu_type(name: &str, simulated: bool) -> String {
    if simulated && !name.contains(SIMULATED) { format!("{name} {SIMULATED}") } else { name.to_owned() }
}

/// The same as short as a table needs it: what every card has in common is left out, and the mark stands where it is not
/// cut.
pub(crate) fn card(name: &str, simulated: bool) -> String {
    let short = name.strip_prefix("NVIDIA ").unwrap_or(name).replace(SIMULATED, "");
    let mark = if simulated { "sim " } else { "" };
    format!("{mark}{}", short.trim())
}

/// How many GPUs: `2`, or `0.25` of one.
pub(crate) fn gpus_wanted(requirements: &GpuRequirements) -> String {
    if requirements.milli == 1000 { requirements.count.to_string() } else { share(requirements.milli) }
}

fn share(milli: i32) -> String {
    let text = format!("{:.3}", f64::from(milli) / 1000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Everything asked for, in one line.
pub(crate) fn requirements(wanted: &GpuRequirements) -> String {
    let mut parts = vec![match wanted.milli {
        1000 if wanted.count == 1 => "1 GPU".to_owned(),
        1000 => format!("{} GPUs", wanted.count),
        milli => format!("{} of a GPU", share(milli)),
    }];
    if !wanted.gpu_types.is_empty() {
        parts.push(wanted.gpu_types.join(" or "));
    }
    parts.extend(wanted.min_memory_gb.map(|gb| format!("at least {gb} GB each")));
    if wanted.count > 1 {
        parts.push(if wanted.single_host { "on one host" } else { "on any hosts" }.to_owned());
    }
    parts.extend(wanted.cpus.map(|cpus| format!("{cpus} CPU cores")));
    parts.extend(wanted.memory_gb.map(|gb| format!("{gb} GB of host memory")));
    parts.extend(wanted.labels.iter().map(|label| format!("host label {}={}", label.key, label.value)));
    parts.join(", ")
}

/// Where a job's GPUs are: `gpu-a01/0,1 gpu-a02/3`, marked when they are simulated.
pub(crate) fn places(gpus: &[JobGpu]) -> String {
    let mut sorted: Vec<&JobGpu> = gpus.iter().collect();
    sorted.sort_by(|a, b| (&a.host.name, a.index).cmp(&(&b.host.name, b.index)));
    let hosts = sorted.chunk_by(|a, b| a.host.name == b.host.name).map(|cards| {
        let indexes: Vec<String> = cards.iter().map(|gpu| gpu.index.to_string()).collect();
        format!("{}/{}", cards[0].host.name, indexes.join(","))
    });
    let mut text = hosts.collect::<Vec<_>>().join(" ");
    if gpus.iter().any(|gpu| gpu.simulated) {
        text.push(' ');
        text.push_str(SIMULATED);
    }
    text
}

/// All that a job waits for, in one line.
pub(crate) fn blockers(pending: &PendingExplanation) -> String {
    let messages: Vec<&str> = pending.blockers.iter().map(|blocker| blocker.message.as_str()).collect();
    messages.join("; ")
}

/// Where a job is, why it waits, or how it ended.
pub(crate) fn where_or_why(job: &JobRow) -> String {
    if let Some(pending) = job.pending.as_ref().filter(|_| job.status.is_waiting()) {
        return blockers(pending);
    }
    if job.status.is_final() {
        return ending(job);
    }
    let places = places(&job.gpus);
    match &job.status_reason {
        Some(reason) if places.is_empty() => reason.clone(),
        Some(reason) => format!("{places}: {reason}"),
        None => places,
    }
}

fn ending(job: &JobRow) -> String {
    let told = job.status_reason.as_ref().is_some_and(|reason| reason.contains("exit code"));
    let exit = job.exit_code.filter(|code| *code != 0 && !told).map(|code| match code {
        129..=192 => format!("exit {code} (signal {})", code - 128),
        _ => format!("exit {code}"),
    });
    [exit, job.status_reason.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One line about a job's present state, as `run` and `wait` print it.
pub(crate) fn state(job: &JobRow) -> String {
    let why = where_or_why(job);
    let verb = match job.status {
        JobStatus::Queued | JobStatus::Held => "waits",
        JobStatus::Allocated | JobStatus::Running | JobStatus::Stopping => "on",
        _ => "",
    };
    match (verb, why.as_str()) {
        (_, "") => job.status.as_str().to_owned(),
        ("on", why) => format!("{} on {why}", job.status.as_str()),
        (_, why) => format!("{}: {why}", job.status.as_str()),
    }
}

/// A job's command as one would type it.
pub(crate) fn command(job: &JobDetail) -> String {
    match &job.command {
        Some(words) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        None => "none: a loan".to_owned(),
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
    use super::*;

    fn card(host: &str, index: i32, simulated: bool) -> JobGpu {
        serde_json::from_value(serde_json::json!({
            "id": "gpu_1", "uuid": "GPU-1", "index": index, "gpuType": "NVIDIA H100", "simulated": simulated,
            "host": { "name": host }
        }))
        .unwrap()
    }

    #[test]
    fn places_are_grouped_by_host_and_simulated_cards_are_marked() {
        let gpus = [card("b", 1, false), card("a", 3, false), card("a", 0, false)];
        assert_eq!(places(&gpus), "a/0,3 b/1");
        assert_eq!(places(&[card("a", 0, true)]), "a/0 (simulated)");
        assert_eq!(places(&[]), "");
    }

    #[test]
    fn shares_are_parts_of_one() {
        assert_eq!(share(250), "0.25");
        assert_eq!(share(125), "0.125");
        assert_eq!(share(1000), "1");
    }

    #[test]
    fn words_are_quoted_only_where_a_shell_would_need_it() {
        assert_eq!(quoted("train.py"), "train.py");
        assert_eq!(quoted("echo it's"), "'echo it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
