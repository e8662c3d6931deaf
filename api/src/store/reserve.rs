//! Room that is set aside on the database's disk, for a server that has run out of it: a full disk refuses deletions too, so
//! something must be given up before jobs can end and be cancelled again.
//!
//! While the room is given up, nothing that makes the database grow on a user's behalf is taken: see [`Store::has_room`].

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Store;
use super::write::Writer;
use crate::fault::Fault;

/// Enough for the ends of thousands of jobs.
const BYTES: usize = 8 << 20;
const RETRY: Duration = Duration::from_secs(30);

/// A file that is there to be deleted.
pub(crate) struct Reserve {
    /// None: a disk that it would be set aside on does not exist.
    path: Option<PathBuf>,
    /// When setting the room aside failed last.
    missing_since: Mutex<Option<Instant>>,
}

impl Reserve {
    /// Sets the room aside beside the database. Where there is none, the server starts all the same, and says so.
    pub(crate) fn beside(database: &std::path::Path) -> Self {
        let reserve = Self {
            path: Some(database.with_extension("reserve")),
            missing_since: Mutex::new(Some(Instant::now())),
        };
        reserve.set_aside();
        reserve
    }

    /// For a database that is on no disk.
    pub(crate) fn not_needed() -> Self {
        Self { path: None, missing_since: Mutex::new(None) }
    }

    /// Gives the room up.
    pub(crate) fn give_up(&self) {
        let Some(path) = &self.path else { return };
        let removed = fs::remove_file(path);
        tracing::error!(
            path = %path.display(), freed = removed.is_ok(),
            "the disk is full: nothing new is taken until there is room again"
        );
        *self.missing() = Some(Instant::now());
    }

    /// Sets the room aside again, if it was given up and some time has passed.
    pub(crate) fn restore(&self) {
        let due = self.missing().is_some_and(|since| since.elapsed() >= RETRY);
        if due {
            self.set_aside();
        }
    }

    /// Whether the room is there.
    pub(crate) fn is_there(&self) -> bool {
        self.missing().is_none()
    }

    fn set_aside(&self) {
        let Some(path) = &self.path else { return };
        let outcome = fill(path);
        if let Err(error) = &outcome {
            // Half of it would be in the way.
            let _ = fs::remove_file(path);
            tracing::warn!(%error, path = %path.display(), "no room can be set aside for a full disk");
        }
        *self.missing() = outcome.is_err().then(Instant::now);
    }

    fn missing(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.missing_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fill(path: &std::path::Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() == BYTES as u64) {
        return Ok(());
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // Written, not only declared: a file with holes sets nothing aside.
    file.write_all(&vec![0xff; BYTES])?;
    file.sync_all()
}

impl Store {
    /// Whether what makes the database grow can be taken.
    ///
    /// # Errors
    /// [`Fault::DiskFull`].
    pub(crate) fn has_room(&self) -> Result<(), Fault> {
        match self.writer() {
            Writer::Sqlite(writer) if !writer.reserve().is_there() => {
                Err(Fault::DiskFull("the server's disk is full".into()))
            }
            _ => Ok(()),
        }
    }
}
