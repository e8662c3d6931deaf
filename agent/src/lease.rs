//! The lease as a file: until when this host's jobs may run without word from the server.
//!
//! The agent writes it at every renewal, and each shim looks at it once a second: so a lease ends jobs also while the agent is
//! dead, stopped or replaced. Times are of the clock that counts since boot, sleep included; the boot is named beside them.
//! The file has one length and is overwritten in place, which works on a full disk too.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::since_boot;
use crate::procfs;

/// What jobs are left at most to say goodbye before the lease ends.
const LONGEST_GOODBYE: Duration = Duration::from_secs(10);

/// How long a shim waits for a lease that it cannot read.
const UNREADABLE: Duration = Duration::from_secs(10);

/// A lease, by the time since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// From when on jobs are asked to end.
    goodbye_at: Duration,
    /// When nothing may run any more.
    ends_at: Duration,
}

/// Where a lease is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    /// Jobs may run.
    Held,
    /// Jobs are to end: there is time for their goodbye.
    Ending,
    /// Nothing may run.
    Lost,
}

impl Lease {
    /// A lease of this length, counted from `granted_at`, which is before the server was asked for it.
    #[must_use]
    pub fn new(granted_at: Duration, length: Duration) -> Self {
        let ends_at = granted_at.saturating_add(length);
        Self { goodbye_at: ends_at.saturating_sub(LONGEST_GOODBYE.min(length / 4)), ends_at }
    }

    /// Where it is now.
    #[must_use]
    pub fn state(self, now: Duration) -> LeaseState {
        if now >= self.ends_at {
            LeaseState::Lost
        } else if now >= self.goodbye_at {
            LeaseState::Ending
        } else {
            LeaseState::Held
        }
    }

    /// What is left of it.
    #[must_use]
    pub fn left(self, now: Duration) -> Duration {
        self.ends_at.saturating_sub(now)
    }

    /// Reads the file. `None` when there is none, or while it is being overwritten. A lease of an earlier boot is over.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let mut words = text.split_ascii_whitespace();
        let mut number = || words.next()?.parse::<u64>().ok();
        let (goodbye, end, sum) = (number()?, number()?, number()?);
        if goodbye.checked_add(end) != Some(sum) {
            return None;
        }
        let over = Self { goodbye_at: Duration::ZERO, ends_at: Duration::ZERO };
        let lease = Self { goodbye_at: Duration::from_millis(goodbye), ends_at: Duration::from_millis(end) };
        Some(if words.next()? == procfs::boot_id() { lease } else { over })
    }
}

/// The file, held open by the agent.
#[derive(Debug)]
pub(crate) struct LeaseFile {
    file: File,
    boot_id: String,
}

impl LeaseFile {
    /// Opens it for writing, and leaves in it what an earlier agent wrote.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        Ok(Self { file, boot_id: procfs::boot_id() })
    }

    /// Writes a renewed lease. It need not survive the machine: no job would.
    pub(crate) fn write(&self, lease: Lease) -> io::Result<()> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2);
        let (goodbye, end) = (millis(lease.goodbye_at), millis(lease.ends_at));
        let sum = goodbye.saturating_add(end);
        let text = format!("{goodbye:020} {end:020} {sum:020} {}\n", self.boot_id);
        self.file.write_all_at(text.as_bytes(), 0)
    }
}

/// This host's lease, as its agent keeps it: in memory for itself, and in the file for its shims. It is written before anything
/// is started under it.
#[derive(Debug)]
pub(crate) struct LeaseKeeper {
    file: LeaseFile,
    held: Mutex<(Lease, Duration)>,
}

/// Before anything was agreed with the server, and when no earlier agent has left a lease.
const FIRST: Duration = Duration::from_secs(60);

impl LeaseKeeper {
    /// Goes on with the lease that an earlier agent left in the file: a restart renews nothing.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let left = Lease::read(path).unwrap_or_else(|| Lease::new(since_boot(), FIRST));
        Ok(Self { file: LeaseFile::open(path)?, held: Mutex::new((left, FIRST)) })
    }

    /// The server has granted a lease of this length, at `granted_at` or later.
    pub(crate) fn renew(&self, granted_at: Duration, length: Duration) {
        let lease = Lease::new(granted_at, length);
        *self.held() = (lease, length);
        if let Err(error) = self.file.write(lease) {
            tracing::error!(%error, "the lease cannot be written; jobs will end with the one before");
        }
    }

    /// Where it is now.
    pub(crate) fn state(&self) -> LeaseState {
        self.held().0.state(since_boot())
    }

    /// How long a lease is, of late.
    pub(crate) fn length(&self) -> Duration {
        self.held().1
    }

    fn held(&self) -> MutexGuard<'_, (Lease, Duration)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lease of a shim's host, looked at no more often than is asked. What was read last counts until something newer can be
/// read: an agent that vanished with its directory renews nothing.
#[derive(Debug)]
pub(crate) struct LeaseWatch {
    path: Option<std::path::PathBuf>,
    known: Option<Lease>,
}

impl LeaseWatch {
    /// Watches the file at `path`; without one there is no lease to end. A file that can never be read is a lease that ends soon.
    pub(crate) fn new(path: Option<std::path::PathBuf>) -> Self {
        let known = path.as_ref().map(|_| Lease::new(since_boot(), UNREADABLE));
        Self { path, known }
    }

    /// Reads the file again and says where the lease is.
    pub(crate) fn look(&mut self) -> LeaseState {
        self.known = self.path.as_deref().and_then(Lease::read).or(self.known);
        self.known.map_or(LeaseState::Held, |lease| lease.state(since_boot()))
    }

    /// What was left of it at the last look.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.known.map(|lease| lease.left(since_boot()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_lease_ends_with_a_goodbye_before_it_is_lost() {
        let lease = Lease::new(Duration::from_secs(100), Duration::from_secs(20));
        let at = |seconds| lease.state(Duration::from_secs(seconds));
        assert_eq!((at(100), at(114)), (LeaseState::Held, LeaseState::Held));
        assert_eq!((at(115), at(119)), (LeaseState::Ending, LeaseState::Ending));
        assert_eq!(at(120), LeaseState::Lost);
    }

    #[test]
    fn what_is_written_is_read_back_and_a_shorter_one_leaves_nothing_of_a_longer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease");
        let file = LeaseFile::open(&path).unwrap();
        for seconds in [86_400, 1] {
            let lease = Lease::new(Duration::from_secs(seconds), Duration::from_secs(8));
            file.write(lease).unwrap();
            assert_eq!(Lease::read(&path), Some(lease));
        }
    }

    #[test]
    fn an_agents_restart_renews_no_lease() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease");
        LeaseKeeper::open(&path).unwrap().renew(Duration::ZERO, Duration::from_millis(1));
        let next = LeaseKeeper::open(&path).unwrap();
        assert_eq!(next.state(), LeaseState::Lost);
        next.renew(since_boot(), Duration::from_secs(100));
        assert_eq!((next.state(), next.length()), (LeaseState::Held, Duration::from_secs(100)));
        assert_eq!(LeaseWatch::new(Some(path)).look(), LeaseState::Held);
    }

    #[test]
    fn a_torn_file_says_nothing_and_an_earlier_boots_lease_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease");
        std::fs::write(&path, format!("1 2 4 {}\n", procfs::boot_id())).unwrap();
        assert_eq!(Lease::read(&path), None);
        std::fs::write(&path, "18446744073709551615 1 0 x\n").unwrap();
        assert_eq!(Lease::read(&path), None);
        std::fs::write(&path, "100000000 200000000 300000000 another-boot\n").unwrap();
        assert_eq!(Lease::read(&path).unwrap().state(Duration::from_secs(1)), LeaseState::Lost);
    }
}
