//! Whose a process is: by its control group, its container or its descent from a live attempt's shim, else by the mark that every job's
//! environment carries.

use super::{GpuProcess, LiveAttempt, Owner, Sample};
use crate::shim::environment::{ATTEMPT_VARIABLE, JOB_ID_VARIABLE};
use crate::{cgroup, container, procfs};

/// Says whose `pid` is, that was found on the card `uuid`. The environment is read as the process was started with it, so a job
/// may shed its mark, but its descent and its group it cannot shed while it lives.
pub(super) fn owner_of(pid: i32, uuid: &str, live: &[LiveAttempt]) -> Owner {
    let group = cgroup::of_process(&pid.to_string());
    let belongs = |attempt: &&LiveAttempt| {
        let grouped =
            attempt.cgroup.as_ref().zip(group.as_ref()).is_some_and(|(own, group)| group.starts_with(own));
        let contained = || attempt.container.as_ref().is_some_and(|file| container::runs_in(pid, file));
        grouped || descends_from_shim(pid, attempt) || contained()
    };
    if let Some(attempt) = live.iter().filter(|attempt| attempt.is_alive()).find(belongs) {
        return of_attempt(attempt, uuid);
    }
    let Some(job_id) = procfs::environment_variable(pid, JOB_ID_VARIABLE) else { return Owner::Foreign };
    let number =
        procfs::environment_variable(pid, ATTEMPT_VARIABLE).and_then(|text| text.parse::<i32>().ok());
    let marked = |attempt: &&LiveAttempt| attempt.id.job_id == job_id && Some(attempt.id.attempt) == number;
    match live.iter().filter(|attempt| attempt.is_alive()).find(marked) {
        // Just launched, or just found again: its shim is not known yet.
        Some(attempt) => of_attempt(attempt, uuid),
        None => Owner::Orphan(job_id),
    }
}

/// CUDA_VISIBLE_DEVICES is a convention and no wall: a job may compute on a card that it was not given.
fn of_attempt(attempt: &LiveAttempt, uuid: &str) -> Owner {
    let given = attempt.gpu_uuids.iter().any(|own| own == uuid);
    if given { Owner::Job(attempt.id.clone()) } else { Owner::Trespasser(attempt.id.clone()) }
}

fn descends_from_shim(pid: i32, attempt: &LiveAttempt) -> bool {
    attempt.shim_pid.is_some_and(|shim| {
        procfs::stat(shim).is_some_and(|stat| stat.start_time == attempt.shim_start_time)
            && procfs::descends_from(pid, shim)
    })
}

/// Processes that outlived SIGKILL count as being on their job's cards, whether or not those list them.
pub(super) fn add_survivors(sample: &mut Sample, live: &[LiveAttempt]) {
    for attempt in live.iter().filter(|attempt| attempt.gpu_uuids.contains(&sample.uuid)) {
        for pid in attempt.survivors.iter().flatten() {
            let listed = sample.processes.get_or_insert_default();
            if !listed.iter().any(|process| process.pid == *pid) {
                listed.push(GpuProcess {
                    pid: *pid,
                    memory_used_mib: None,
                    command: procfs::command(*pid),
                    owner: Owner::Orphan(attempt.id.job_id.clone()),
                });
            }
        }
    }
}
