//! What `/proc` knows about processes: identity, parentage, command lines.
//!
//! A PID alone names nobody, since the kernel uses it again. A process is named here by its PID, its start time and the
//! boot in which both were read. Zombies count as ended: they hold no memory and no GPU, and some hosts never reap them.

use std::collections::HashMap;
use std::fs;
use std::io;

/// The fields of `/proc/PID/stat` that the agent uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// The process.
    pub pid: i32,
    /// Its parent.
    pub parent: i32,
    /// One letter: R, S, D, Z and so on.
    pub state: u8,
    /// When it started, in clock ticks since boot.
    pub start_time: u64,
}

impl ProcessStat {
    /// Whether the process still exists as more than an entry that waits to be reaped.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X')
    }
}

/// Reads one process, or `None` when there is no such process (any more).
pub fn stat(pid: i32) -> Option<ProcessStat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The command name may hold spaces and parentheses, so fields are counted from the last closing one.
fn parse_stat(text: &str) -> Option<ProcessStat> {
    let pid = text.split_once(' ')?.0.parse().ok()?;
    let rest = text.rsplit_once(')')?.1;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    let parent = fields.next()?.parse().ok()?;
    let start_time = fields.nth(17)?.parse().ok()?;
    Some(ProcessStat { pid, parent, state, start_time })
}

/// Every process that can be read now.
pub fn all_processes() -> io::Result<Vec<ProcessStat>> {
    let entries = fs::read_dir("/proc")?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .collect())
}

/// The living descendants of `root`, without `root` itself.
pub fn descendants(root: i32) -> io::Result<Vec<ProcessStat>> {
    Ok(descendants_among(root, &all_processes()?))
}

fn descendants_among(root: i32, processes: &[ProcessStat]) -> Vec<ProcessStat> {
    let mut children: HashMap<i32, Vec<&ProcessStat>> = HashMap::new();
    for process in processes {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            open.push(child.pid);
            if child.is_alive() {
                found.push(*child);
            }
        }
    }
    found
}

/// Whether `pid` is `ancestor` or descends from it.
pub fn descends_from(pid: i32, ancestor: i32) -> bool {
    let mut current = pid;
    // The bound guards against a chain that changes while it is walked.
    for _ in 0..1024 {
        if current == ancestor {
            return true;
        }
        match stat(current) {
            Some(process) if process.parent > 0 => current = process.parent,
            _ => return false,
        }
    }
    false
}

/// The identity of this boot, so that PIDs of an earlier one match nobody.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// The command line for people, words parted by spaces; the bare name when the line is empty, as of kernel threads.
pub fn command(pid: i32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> =
        line.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
    if words.is_empty() {
        return fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim().to_owned());
    }
    Some(words.join(" ").chars().take(256).collect())
}

/// One variable of the environment that the process was started with. `None` also when it may not be read.
pub fn environment_variable(pid: i32, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|entry| {
        let (key, value) = std::str::from_utf8(entry).ok()?.split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn process(pid: i32, parent: i32, state: u8) -> ProcessStat {
        ProcessStat { pid, parent, state, start_time: 1 }
    }

    #[test]
    fn a_command_name_with_parentheses_does_not_shift_the_fields() {
        let text = "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 10";
        assert_eq!(
            parse_stat(text),
            Some(ProcessStat { pid: 42, parent: 7, state: b'S', start_time: 98765 })
        );
    }

    #[test]
    fn descendants_are_found_through_zombies_and_strangers_are_not() {
        let all = [process(10, 1, b'S'), process(11, 10, b'Z'), process(12, 11, b'S'), process(13, 1, b'S')];
        let pids: Vec<_> = descendants_among(10, &all).iter().map(|found| found.pid).collect();
        assert_eq!(pids, [12]);
    }

    #[test]
    fn this_process_is_alive_and_descends_from_its_parent() {
        let own = stat(std::process::id() as i32).unwrap();
        assert!(own.is_alive());
        assert!(descends_from(own.pid, own.parent));
        assert!(!boot_id().is_empty());
    }
}
