//! The proof that a job's cards are free again: asked of the cards, after its processes are gone.

use std::time::Duration;

use super::report::UncleanGpu;
use crate::attempt::{AttemptId, ExitRecord};
use crate::devices::{GpuProcess, Owner, Sample, Watcher};

/// A driver needs a moment to take down what a killed process had on the card.
const CHECKS: u32 = 10;
const BETWEEN_CHECKS: Duration = Duration::from_millis(200);

/// The GPUs on which something is left. The card has the last word, not the process table.
pub(super) async fn unclean_gpus(
    devices: &Watcher,
    uuids: &[String],
    record: &ExitRecord,
) -> Vec<UncleanGpu> {
    if uuids.is_empty() {
        return Vec::new();
    }
    if !record.tree_gone {
        return all(uuids, "processes of the job outlived SIGKILL");
    }
    if !devices.are_real() {
        return Vec::new();
    }
    let mut unclean = Vec::new();
    for check in 1..=CHECKS {
        let Some(samples) = devices.fresh().await else { return all(uuids, "NVML does not answer") };
        let own = samples.iter().filter(|sample| uuids.contains(&sample.uuid));
        unclean = own.filter_map(judge_card).collect();
        if unclean.is_empty() || check == CHECKS {
            break;
        }
        tokio::time::sleep(BETWEEN_CHECKS).await;
    }
    unclean
}

fn all(uuids: &[String], reason: &str) -> Vec<UncleanGpu> {
    uuids.iter().map(|uuid| UncleanGpu { uuid: uuid.clone(), reason: reason.to_owned() }).collect()
}

/// What keeps a GPU from being given to the next job. Live attempts that share it do not.
#[must_use]
pub fn judge_card(sample: &Sample) -> Option<UncleanGpu> {
    let unclean = |reason| Some(UncleanGpu { uuid: sample.uuid.clone(), reason });
    let Some(listed) = &sample.processes else {
        let why = sample.condition.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
        return unclean(format!("the card did not list its processes{why}"));
    };
    let left: Vec<_> =
        listed.iter().filter(|process| !matches!(process.owner, Owner::Job(_))).map(name).collect();
    if !left.is_empty() {
        return unclean(format!("the card still lists processes: {}", left.join(", ")));
    }
    let reason = sample.condition.reason().filter(|_| sample.condition.keeps_jobs_off())?;
    unclean(reason.to_owned())
}

fn name(process: &GpuProcess) -> String {
    let command = process.command.as_deref().unwrap_or("unknown");
    match &process.owner {
        Owner::Trespasser(AttemptId { job_id, .. }) => {
            format!("{} ({command}) of {job_id}, which was not given this card", process.pid)
        }
        _ => format!("{} ({command})", process.pid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::Condition;

    fn sample(owners: &[Owner], condition: Condition) -> Sample {
        let process = |owner: &Owner| GpuProcess {
            pid: 7,
            memory_used_mib: None,
            command: Some("python".to_owned()),
            owner: owner.clone(),
        };
        Sample {
            uuid: "GPU-1".to_owned(),
            processes: Some(owners.iter().map(process).collect()),
            condition,
            ..Sample::default()
        }
    }

    fn reason(owners: &[Owner], condition: Condition) -> Option<String> {
        judge_card(&sample(owners, condition)).map(|gpu| gpu.reason)
    }

    #[test]
    fn a_card_is_clean_when_only_live_attempts_that_were_given_it_are_on_it() {
        let other = AttemptId { job_id: "other".to_owned(), attempt: 1 };
        assert_eq!(reason(&[Owner::Job(other.clone())], Condition::Healthy), None);
        let left = reason(&[Owner::Orphan("job".to_owned())], Condition::Healthy);
        assert_eq!(left.as_deref(), Some("the card still lists processes: 7 (python)"));
        let thief = reason(&[Owner::Trespasser(other)], Condition::Healthy);
        assert!(thief.is_some_and(|reason| reason.contains("of other, which was not given this card")));
    }

    #[test]
    fn a_failed_card_is_not_clean_and_a_degraded_one_is() {
        assert!(reason(&[], Condition::Failed("XID 79".to_owned())).is_some());
        assert!(reason(&[], Condition::Degraded("ECC".to_owned())).is_none());
    }

    #[test]
    fn a_card_that_does_not_list_its_processes_is_not_clean() {
        let silent = Sample { processes: None, ..sample(&[], Condition::Degraded("busy".to_owned())) };
        let reason = judge_card(&silent).map(|gpu| gpu.reason);
        assert_eq!(reason.as_deref(), Some("the card did not list its processes: busy"));
    }
}
