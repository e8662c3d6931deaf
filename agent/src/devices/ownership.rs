//! Whose a process is: by descent from a live attempt's shim, else by the mark that every job's environment carries.

use super::{LiveAttempt, Owner};
use crate::procfs;
use crate::shim::environment::JOB_ID_VARIABLE;

/// Says whose `pid` is. The environment is read as the process was started with it, so a job may shed its mark, but its
/// descent it cannot shed while it lives.
pub(super) fn owner_of(pid: i32, live: &[LiveAttempt]) -> Owner {
    let descends =
        |attempt: &&LiveAttempt| attempt.shim_pid.is_some_and(|shim| procfs::descends_from(pid, shim));
    if let Some(attempt) = live.iter().find(descends) {
        return Owner::Job(attempt.id.clone());
    }
    procfs::environment_variable(pid, JOB_ID_VARIABLE).map_or(Owner::Foreign, Owner::Orphan)
}
