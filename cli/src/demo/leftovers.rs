//! Processes that a server has left behind: those that mention its directory, or stand in it.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The processes, other than this one, that belong to the directory.
pub(super) fn of(dir: &Path) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| u32::try_from(*pid).is_ok_and(|pid| pid != std::process::id()))
        .filter(|pid| belongs(*pid, dir))
        .collect()
}

/// Ends them at once.
pub(super) fn kill_all(pids: &[i32]) {
    for pid in pids {
        // One that ended meanwhile needs no signal.
        kill(Pid::from_raw(*pid), Signal::SIGKILL).ok();
    }
}

fn belongs(pid: i32, dir: &Path) -> bool {
    let about = Path::new("/proc").join(pid.to_string());
    let stands_in = std::fs::read_link(about.join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir));
    let mentions = || {
        let words = std::fs::read(about.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).contains(&*dir.to_string_lossy())
    };
    // A zombie has neither, and holds nothing.
    stands_in || mentions()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_that_stands_in_the_directory_is_found_and_ended() {
        let dir = tempfile::tempdir().unwrap();
        assert!(of(dir.path()).is_empty());
        let mut child =
            Command::new("sleep").arg("60").current_dir(dir.path()).stdin(Stdio::null()).spawn().unwrap();
        let found = of(dir.path());
        assert_eq!(found, [i32::try_from(child.id()).unwrap()]);
        kill_all(&found);
        assert!(!child.wait().unwrap().success());
        assert!(of(dir.path()).is_empty());
    }
}
