//! The data directory: private to its owner, and one server's at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::client::Failure;

/// Makes the directory, readable by its owner alone.
pub(super) fn make(dir: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| Failure::Other(format!("cannot use the data directory {}: {error}", dir.display())))
}

/// Takes the directory for this process; the lock goes with the process, however it ends.
pub(super) fn lock(dir: &Path) -> Result<File, Failure> {
    make(dir)?;
    let path = dir.join("server.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(
        |error| Failure::Other(format!("cannot write to the data directory {}: {error}", dir.display())),
    )?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::Other(format!(
            "another gpu-fleet server is running in the data directory {}",
            dir.display()
        ))),
        Err(TryLockError::Error(error)) => {
            Err(Failure::Other(format!("cannot lock {}: {error}", path.display())))
        }
    }
}

/// Writes a secret to a file that was not there before, readable by its owner alone.
pub(super) fn write_new_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|error| Failure::Other(format!("cannot write {}: {error}", path.display())))
}

/// Replaces a secret's file, readable by its owner alone at every moment.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> std::io::Result<()> {
        let new = path.with_extension("new");
        let _ = std::fs::remove_file(&new);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&new, path)
    };
    write().map_err(|error| Failure::Other(format!("cannot write {}: {error}", path.display())))
}
