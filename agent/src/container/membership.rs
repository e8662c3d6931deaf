//! Who is inside a container, as its host sees it. Clients and monitors of a runtime descend from the shim too, and are not to be
//! disturbed while the job says goodbye: they carry its file system, its network and its exit code.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::procfs;

/// What a process is to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Membership {
    /// It serves the container from outside.
    Outside,
    /// It is the first process inside, which may be an init that passes signals on.
    First,
    /// It is another process inside.
    Inside,
}

impl Membership {
    /// What a process is to a container that was started from here: those inside are numbered in a space of their own.
    pub(crate) fn of(pid: i32) -> Self {
        let own = numbers("self").map_or(1, |numbers| numbers.len());
        numbers(&pid.to_string()).map_or(Self::Outside, |numbers| judge(&numbers, own))
    }
}

fn judge(numbers: &[i32], own_depth: usize) -> Membership {
    match numbers.last() {
        Some(1) if numbers.len() > own_depth => Membership::First,
        Some(_) if numbers.len() > own_depth => Membership::Inside,
        _ => Membership::Outside,
    }
}

/// A process's number in each space that it is in, from the outside inwards.
fn numbers(pid: &str) -> Option<Vec<i32>> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_ascii_whitespace().map(|number| number.parse().ok()).collect()
}

/// Whether a process runs in the control group of a container whose id a runtime has written to this file: so those are found
/// that descend from a daemon.
pub(crate) fn runs_in(pid: i32, id_file: &Path) -> bool {
    id_in(id_file).is_some_and(|id| is_in_group_of(pid, &id))
}

/// The processes in the control group of a container whose id stands in this file.
pub(crate) fn members(id_file: &Path) -> Vec<procfs::ProcessStat> {
    let Some(id) = id_in(id_file) else { return Vec::new() };
    let all = procfs::all_processes().unwrap_or_default();
    all.into_iter().filter(|process| process.is_alive() && is_in_group_of(process.pid, &id)).collect()
}

/// Takes hold of the first process inside a container whose id stands in this file, if there is one: the container ends with it.
pub(crate) fn hold_first(id_file: &Path) -> Option<OwnedFd> {
    let (id, depth) = (id_in(id_file)?, 1 + numbers("self")?.len());
    let first = procfs::all_processes().ok()?.into_iter().find(|process| is_first(process, &id, depth))?;
    let descriptor = pidfd_open(Pid::from_raw(first.pid)?, PidfdFlags::empty()).ok()?;
    // By now its number could be another process's.
    procfs::stat(first.pid).is_some_and(|now| now.start_time == first.start_time).then_some(descriptor)
}

/// Whoever serves a container is told its id, and is the parent of its first process. What else is first in a space of numbers
/// serves something itself, or is the job's own.
fn is_first(process: &procfs::ProcessStat, id: &str, depth: usize) -> bool {
    let numbers = numbers(&process.pid.to_string()).unwrap_or_default();
    let words = || fs::read(format!("/proc/{}/cmdline", process.parent)).unwrap_or_default();
    let served = || words().windows(id.len()).any(|word| word == id.as_bytes());
    // Words can be anybody's. Those of a daemon are in the container's group, all others descend from here.
    let own = || {
        procfs::descends_from(process.pid, std::process::id().cast_signed())
            || is_in_group_of(process.pid, id)
    };
    numbers.len() == depth && numbers.last() == Some(&1) && process.is_alive() && served() && own()
}

fn id_in(file: &Path) -> Option<String> {
    let id = fs::read_to_string(file).ok()?.trim().to_owned();
    // Runtimes write 64 digits; anything shorter could be part of another group's name.
    (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

fn is_in_group_of(pid: i32, id: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|groups| groups.contains(id))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn those_inside_have_one_number_more() {
        assert_eq!(judge(&[4711], 1), Membership::Outside);
        assert_eq!(judge(&[4711, 1], 1), Membership::First);
        assert_eq!(judge(&[4711, 7], 1), Membership::Inside);
        assert_eq!(judge(&[4711, 7], 2), Membership::Outside, "an agent that is in a container itself");
        assert_eq!(Membership::of(std::process::id().cast_signed()), Membership::Outside);
    }

    #[test]
    fn a_file_without_a_whole_id_has_no_members() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("container");
        assert!(members(&file).is_empty());
        for text in ["", "/", "abc", &"x".repeat(64)] {
            std::fs::write(&file, text).unwrap();
            assert!(members(&file).is_empty() && !runs_in(std::process::id().cast_signed(), &file));
        }
    }
}
