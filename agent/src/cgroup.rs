//! Control groups of version 2: a group for each attempt, from which no process of it can slip, whatever its session, parent or
//! environment. Nothing here needs a controller: killing and counting work in hybrid set-ups too.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

/// One attempt's group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// The group at `path`, which need not exist.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Makes the group; that it is there already is fine. So is that somebody has taken the one above it away meanwhile, which
    /// anybody may who tidies up empty groups.
    pub(crate) fn create(&self) -> io::Result<()> {
        match self.make() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let above = self.path.parent().ok_or(error)?;
                Self::at(above).make()?;
                offer_memory_controller(above.parent().unwrap_or(above), above);
                self.make()
            }
            made => made,
        }
    }

    fn make(&self) -> io::Result<()> {
        match fs::create_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// The file through which processes join: whoever writes 0 into it.
    pub(crate) fn open_for_joining(&self) -> io::Result<fs::File> {
        fs::OpenOptions::new().write(true).open(self.path.join("cgroup.procs"))
    }

    /// Kills every process in it and below it, forks under way included.
    pub(crate) fn kill(&self) -> io::Result<()> {
        fs::OpenOptions::new().write(true).open(self.path.join("cgroup.kill"))?.write_all(b"1")
    }

    /// Whether any process is left in it or below it. A group that is gone has none.
    pub(crate) fn is_populated(&self) -> bool {
        let events = fs::read_to_string(self.path.join("cgroup.events")).unwrap_or_default();
        events.lines().any(|line| line == "populated 1")
    }

    /// The processes in it and below it.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let mut found = Vec::new();
        let mut open = vec![self.path.clone()];
        while let Some(group) = open.pop() {
            let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
            found.extend(listed.lines().filter_map(|line| line.parse::<i32>().ok()));
            open.extend(subgroups(&group));
        }
        found
    }

    /// How often the kernel has killed in it because its memory was used up; `None` without the memory controller.
    pub(crate) fn oom_kills(&self) -> Option<u64> {
        oom_kills_in(&fs::read_to_string(self.path.join("memory.events")).ok()?)
    }

    /// Removes it with all groups below it, which must be empty of processes.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let mut groups = vec![self.path.clone()];
        let mut next = 0;
        while let Some(group) = groups.get(next).cloned() {
            groups.extend(subgroups(&group));
            next += 1;
        }
        for group in groups.iter().rev() {
            match fs::remove_dir(group) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn subgroups(group: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

fn oom_kills_in(events: &str) -> Option<u64> {
    events.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// How often the kernel has killed anyone on this host because memory was used up, since its start.
pub(crate) fn oom_kills_of_host() -> Option<u64> {
    oom_kills_in(&fs::read_to_string("/proc/vmstat").ok()?)
}

/// The group of this very process.
pub(crate) fn own() -> Option<PathBuf> {
    of_process("self")
}

/// The group of a process, as a directory.
pub(crate) fn of_process(pid: &str) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let place = place_in(&fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?)?;
    Some(mount_point(&mounts)?.join(place.trim_start_matches('/')))
}

/// The path in the unified hierarchy, whose number is 0.
fn place_in(groups: &str) -> Option<String> {
    groups.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// Where the unified hierarchy is mounted. Fields stand before and behind a lone dash.
fn mount_point(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (before, behind) = line.split_once(" - ")?;
        behind.starts_with("cgroup2 ").then(|| before.split(' ').nth(4).map(PathBuf::from))?
    })
}

/// Makes the group below which attempts get theirs, for an agent that may write where it is: as root, or in a service to which
/// its group was delegated. The error says what is in the way.
pub(crate) fn base(name: &str) -> io::Result<PathBuf> {
    let own = own().ok_or_else(|| io::Error::other("no cgroup2 file system is mounted"))?;
    let base = base_above(&own).join(name);
    Cgroup::at(&base).create()?;
    if !base.join("cgroup.kill").exists() {
        let _ = fs::remove_dir(&base);
        return Err(io::Error::other("this kernel cannot kill a cgroup (5.14 can)"));
    }
    offer_memory_controller(base.parent().unwrap_or(&own), &base);
    Ok(base)
}

/// Takes away what [`base`] has made, if no attempt has a group below it any more: the kernel refuses otherwise.
pub(crate) fn take_away(base: &Path) {
    let _ = fs::remove_dir(base);
}

const AGENTS_GROUP: &str = "gpu-fleet-agent";

/// An agent that moved into its own leaf finds its service's group one above.
fn base_above(own: &Path) -> PathBuf {
    let moved = own.file_name().is_some_and(|name| name == AGENTS_GROUP);
    own.parent().filter(|_| moved).unwrap_or(own).to_owned()
}

/// Counting out-of-memory kills for each attempt needs the memory controller below `top`, which the kernel only gives to groups
/// without processes of their own: so this one moves into a leaf, if it is alone. Without success things work as they are.
fn offer_memory_controller(top: &Path, base: &Path) {
    let available = fs::read_to_string(top.join("cgroup.controllers")).unwrap_or_default();
    if !available.split_whitespace().any(|controller| controller == "memory") {
        return;
    }
    let offer = |group: &Path| fs::write(group.join("cgroup.subtree_control"), "+memory");
    if offer(top).is_err() && is_alone_in(top) {
        let leaf = top.join(AGENTS_GROUP);
        let moved = Cgroup::at(&leaf).create().and_then(|()| fs::write(leaf.join("cgroup.procs"), "0"));
        let _ = moved.and_then(|()| offer(top));
    }
    let _ = offer(base);
}

fn is_alone_in(group: &Path) -> bool {
    fs::read_to_string(group.join("cgroup.procs")).is_ok_and(|pids| pids.trim() == process::id().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unified_hierarchy_is_found_among_others() {
        let mounts = "31 30 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      32 30 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(mounts), Some(PathBuf::from("/sys/fs/cgroup/unified")));
        assert_eq!(
            place_in("4:memory:/x\n0::/system.slice/a.service\n").as_deref(),
            Some("/system.slice/a.service")
        );
        assert_eq!(mount_point("1 1 0:1 / / rw - ext4 /dev/sda rw\n"), None);
    }

    #[test]
    fn kills_for_memory_are_counted_where_the_kernel_tells_of_them() {
        assert_eq!(oom_kills_in("low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n"), Some(2));
        assert_eq!(oom_kills_in("nr_free_pages 1\n"), None);
        assert!(oom_kills_of_host().is_some());
    }

    #[test]
    fn an_agent_in_its_leaf_makes_groups_beside_it() {
        let service = Path::new("/sys/fs/cgroup/system.slice/fleet.service");
        assert_eq!(base_above(service), service);
        assert_eq!(base_above(&service.join(AGENTS_GROUP)), service);
    }
}
