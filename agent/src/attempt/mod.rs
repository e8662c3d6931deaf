//! The directory of one attempt: all that the agent and the shim tell each other about it, in files.
//!
//! The two share nothing else. An agent may therefore die, be upgraded and come back while the shim goes on, and either
//! side can be read by a person with `cat`. Files that carry a decision are written beside their place and renamed, so that
//! a reader finds all of a record or none of it.

pub mod frame;
mod record;
mod reserve;

pub use record::{ExitRecord, JobUser, Spec, Started};
pub(crate) use reserve::{Reserved, brief};

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Names one attempt of one job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId {
    /// The job's opaque id, as the server names it.
    pub job_id: String,
    /// Which try of the job this is.
    pub attempt: i32,
}

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.job_id, self.attempt)
    }
}

impl AttemptId {
    /// A name for files and groups that no id can turn into a path: what is not a letter, digit, dash or underscore is written as %XX.
    pub(crate) fn directory_name(&self) -> String {
        let mut name = String::new();
        for byte in self.job_id.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
                other => name.push_str(&format!("%{other:02X}")),
            }
        }
        format!("{name}-{}", self.attempt)
    }
}

/// The directory of one attempt and its files.
#[derive(Debug, Clone)]
pub struct AttemptDir {
    path: PathBuf,
}

impl AttemptDir {
    /// The directory at `path`, which need not exist.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the attempt's directory lies among those of `jobs`.
    pub fn of(jobs: &Path, id: &AttemptId) -> Self {
        Self::at(jobs.join(id.directory_name()))
    }

    /// Creates the directory for its owner alone; an error of kind `AlreadyExists` says that this attempt was begun before.
    pub fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(&self.path)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What to run: environment values are in it, so only its owner may read it.
    pub fn spec(&self) -> PathBuf {
        self.path.join("spec.json")
    }

    /// Held by flock(2) for as long as the shim lives; no longer empty once the command may have been started.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// That the command was started, and as which process.
    pub fn started(&self) -> PathBuf {
        self.path.join("started.json")
    }

    /// The output, in lines of [`frame`].
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// How it ended: written last, once the whole process tree is gone.
    pub fn exit(&self) -> PathBuf {
        self.path.join("exit.json")
    }

    /// The job's variables for a container, where there is one: values are in it, so only its owner may read it.
    pub fn environment(&self) -> PathBuf {
        self.path.join("environment")
    }

    /// The id of its container, written by what runs containers once there is one.
    pub fn container(&self) -> PathBuf {
        self.path.join("container")
    }

    /// Removes all that is left of the attempt; that it is gone already is fine.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Reads a record; `None` when there is none.
pub fn read_record<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a record must survive the machine, or only the process that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives a crash of the process: the rename alone.
    Process,
    /// Survives a loss of power: fsync before the rename, and of the directory after it.
    Machine,
}

/// Writes a record so that readers see all of it or nothing.
pub fn write_record<T: Serialize>(path: &Path, record: &T, durability: Durability) -> io::Result<()> {
    let text = serde_json::to_vec(record)?;
    let beside = path.with_extension("new");
    let mut file = create_private(&beside)?;
    file.write_all(&text)?;
    if durability == Durability::Machine {
        file.sync_all()?;
    }
    fs::rename(&beside, path)?;
    if durability == Durability::Machine { sync_parent(path) } else { Ok(()) }
}

/// Makes a new name in a directory last: a rename alone may be undone by a loss of power.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_slashes_stays_inside_the_directory() {
        let id = AttemptId { job_id: "../Sm9i=".to_owned(), attempt: 2 };
        assert_eq!(AttemptDir::of(Path::new("/jobs"), &id).path(), Path::new("/jobs/%2E%2E%2FSm9i%3D-2"));
    }
}
