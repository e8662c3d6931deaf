//! What `/proc` knows about processes: identity, parentage, command lines.
//!
//! A PID alone names nobody, since the kernel uses it again. A process is named here by its PID, its start time and the
//! boot in which both were read. Zombies count as ended: they hold no memory and no GPU, and some hosts never reap them.

use std::collections::HashMap;
use std::fs;
use std::io;

pub use rustix::process::Signal;
use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};

/// The fields of `/proc/PID/stat` that the agent uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// The process.
    pub pid: i32,
    /// Its parent.
    pub parent: i32,
    /// Its session, named by the process that began it.
    pub session: i32,
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
    parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The command name may hold spaces, parentheses and, since it is cut after 15 bytes, half a character: so it is passed over as
/// bytes, and fields are counted from the last closing parenthesis.
fn parse_stat(bytes: &[u8]) -> Option<ProcessStat> {
    let (before, after) =
        (bytes.iter().position(|byte| *byte == b' ')?, bytes.iter().rposition(|byte| *byte == b')')?);
    let pid = std::str::from_utf8(bytes.get(..before)?).ok()?.parse().ok()?;
    let mut fields = std::str::from_utf8(bytes.get(after + 1..)?).ok()?.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    let parent = fields.next()?.parse().ok()?;
    fields.next();
    let session = fields.next()?.parse().ok()?;
    let start_time = fields.nth(15)?.parse().ok()?;
    Some(ProcessStat { pid, parent, session, state, start_time })
}

/// Sends a signal to the very process that was read, not to another that has its number by now. False: it is gone.
pub fn signal(process: &ProcessStat, signal: Signal) -> bool {
    let Some(pid) = Pid::from_raw(process.pid) else { return false };
    let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    // From here on the descriptor means one process; whether it is the one that was meant, its start time tells.
    let same = stat(process.pid).is_some_and(|now| now.start_time == process.start_time);
    same && pidfd_send_signal(&descriptor, signal).is_ok()
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
        let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
        return Some(String::from_utf8_lossy(&name).trim().to_owned());
    }
    Some(words.join(" ").chars().take(256).collect())
}

/// One variable of the environment that the process was started with. `None` also when it may not be read.
pub fn environment_variable(pid: i32, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn process(pid: i32, parent: i32, state: u8) -> ProcessStat {
        ProcessStat { pid, parent, session: 1, state, start_time: 1 }
    }

    #[test]
    fn a_command_name_with_parentheses_does_not_shift_the_fields() {
        let text = "42 (a) b (c)) S 7 42 43 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 10";
        assert_eq!(
            parse_stat(text.as_bytes()),
            Some(ProcessStat { pid: 42, parent: 7, session: 43, state: b'S', start_time: 98765 })
        );
    }

    #[test]
    fn a_name_that_was_cut_inside_a_character_hides_no_process() {
        let mut bytes = b"42 (\xd0\xbe\xd0\xb1\xd1".to_vec();
        bytes.extend_from_slice(b") S 7 42 43 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 10");
        assert_eq!(parse_stat(&bytes).map(|process| (process.pid, process.start_time)), Some((42, 98765)));
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
