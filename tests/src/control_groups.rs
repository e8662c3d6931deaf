//! Control groups that killed agents leave behind: those that end in order remove theirs.

use std::path::Path;

/// Removes the groups that an agent's log names, as far as no process is left in them. An agent that still wants its own makes it
/// anew.
pub(crate) fn remove_empty(log: &str) {
    let named = log.split("cgroup v2 below ").skip(1);
    for base in named.filter_map(|rest| rest.split_whitespace().next()) {
        if base.contains("gpu-fleet-jobs-") {
            remove(Path::new(base));
        }
    }
}

/// From the leaves up; the kernel refuses what is not empty.
fn remove(group: &Path) {
    for entry in std::fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    let _ = std::fs::remove_dir(group);
}
