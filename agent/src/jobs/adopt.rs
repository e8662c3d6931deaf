//! What an earlier agent left behind: reads each attempt's directory and says how far it had come.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::runner::Origin;
use crate::attempt::{AttemptDir, Spec, read_record};
use crate::decide::{Found, Left, found};
use crate::procfs;

/// Every attempt in `jobs_dir` that was begun. Directories of attempts that never began are removed: the server will order
/// them again if it still wants them. What does not look like an attempt's directory was put there by somebody else, and stays.
pub(super) fn find(jobs_dir: &Path) -> io::Result<Vec<(Spec, Origin)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(jobs_dir)? {
        let entry = entry?;
        let dir = AttemptDir::at(entry.path());
        if !is_attempts(&entry) {
            tracing::warn!(path = %entry.path().display(), "not a job's directory: left alone");
            continue;
        }
        let spec = read_record::<Spec>(&dir.spec()).ok().flatten();
        match spec.map(|spec| (inspect(&dir, &spec), spec)) {
            Some((Some(origin), spec)) => found.push((spec, origin)),
            Some((None, spec)) if !abandon(&dir)? => found.push((spec, Origin::Alive)),
            _ => dir.remove()?,
        }
    }
    Ok(found)
}

/// Named as attempts are, and holding nothing but what agent and shim put there.
fn is_attempts(entry: &fs::DirEntry) -> bool {
    const OWN: [&str; 8] = ["spec", "lock", "started", "log", "exit", "trial", "environment", "container"];
    let name = entry.file_name();
    let numbered = name
        .to_str()
        .and_then(|name| name.rsplit_once('-'))
        .is_some_and(|(_, number)| number.parse::<i32>().is_ok());
    let Ok(files) = fs::read_dir(entry.path()) else { return false };
    let own = |file: fs::DirEntry| {
        Path::new(&file.file_name()).file_stem().is_some_and(|stem| OWN.iter().any(|own| stem == *own))
    };
    numbered && files.flatten().all(own)
}

/// How far the attempt has come; `None` when its command was certainly never started.
fn inspect(dir: &AttemptDir, spec: &Spec) -> Option<Origin> {
    // The lock is asked first: a shim that ends in between has written its record by then.
    let (held, marked) = lock_state(dir);
    let record = read_record(&dir.exit()).ok().flatten();
    let left = Left {
        held,
        marked,
        started: dir.started().exists(),
        ended: record.is_some(),
        of_this_boot: spec.boot_id == procfs::boot_id(),
    };
    match found(left) {
        Found::NeverBegan => None,
        Found::Alive => Some(Origin::Alive),
        Found::Ended => record.map(Origin::Ended),
        Found::Lost(reason, cause) => Some(Origin::Lost(reason, cause)),
    }
}

/// Makes sure that no shim takes the attempt up any more; `false` when one has just done so.
fn abandon(dir: &AttemptDir) -> io::Result<bool> {
    let mut lock = OpenOptions::new().create(true).append(true).open(dir.lock())?;
    if lock.try_lock().is_err() {
        return Ok(false);
    }
    lock.write_all(b"abandoned\n")?;
    Ok(true)
}

/// Whether a shim holds the lock, and whether one has ever been about to start the command.
fn lock_state(dir: &AttemptDir) -> (bool, bool) {
    let Ok(lock) = File::open(dir.lock()) else { return (false, false) };
    let marked = lock.metadata().is_ok_and(|metadata| metadata.len() > 0);
    (matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)), marked)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::attempt::{AttemptId, Durability, write_record};

    struct Left {
        root: tempfile::TempDir,
        dir: AttemptDir,
    }

    /// An attempt's directory with an order in it, written in the boot named.
    fn left(boot_id: &str) -> Left {
        let root = tempfile::tempdir().unwrap();
        let dir = AttemptDir::of(root.path(), &AttemptId { job_id: "job".to_owned(), attempt: 1 });
        dir.create().unwrap();
        let spec = Spec {
            job_id: "job".to_owned(),
            attempt: 1,
            job_name: String::new(),
            organization: String::new(),
            command: Vec::new(),
            env: Vec::new(),
            workdir: None,
            image: None,
            container: None,
            share: None,
            gpu_uuids: Vec::new(),
            gpu_milli: 1000,
            time_limit_seconds: None,
            grace_seconds: 1,
            node_rank: 0,
            node_count: 1,
            boot_id: boot_id.to_owned(),
            lease: None,
            cgroup: None,
            in_scope: false,
            user: None,
        };
        write_record(&dir.spec(), &spec, Durability::Process).unwrap();
        Left { root, dir }
    }

    fn names(left: &Left) -> Vec<&'static str> {
        find(left.root.path()).unwrap().iter().map(|(_, origin)| origin.name()).collect()
    }

    #[test]
    fn an_order_that_no_shim_took_up_is_removed() {
        let left = left(&procfs::boot_id());
        assert!(names(&left).is_empty());
        assert!(!left.dir.path().exists());
    }

    #[test]
    fn a_lock_that_is_held_means_alive() {
        let left = left(&procfs::boot_id());
        let lock = File::create(left.dir.lock()).unwrap();
        lock.lock().unwrap();
        assert_eq!(names(&left), ["alive"]);
    }

    #[test]
    fn a_mark_without_a_record_means_lost() {
        let left = left(&procfs::boot_id());
        fs::write(left.dir.lock(), "starting\n").unwrap();
        assert_eq!(names(&left), ["lost"]);
    }

    #[test]
    fn nobody_knows_what_ran_before_a_reboot() {
        let left = left("another boot");
        assert_eq!(names(&left), ["lost"]);
    }

    #[test]
    fn what_is_not_an_attempts_is_left_alone() {
        let left = left("another boot");
        fs::write(left.root.path().join(".DS_Store"), "").unwrap();
        let foreign = left.root.path().join("lost+found");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("precious"), "").unwrap();
        assert_eq!(names(&left), ["lost"]);
        assert!(foreign.join("precious").exists());
    }

    #[test]
    fn a_directory_without_an_order_is_removed() {
        let left = left(&procfs::boot_id());
        fs::remove_file(left.dir.spec()).unwrap();
        assert!(names(&left).is_empty());
    }
}
