//! Room for a record, taken before there is anything to write: so that a full disk keeps a job from starting, and never its exit
//! code from being kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use nix::fcntl::posix_fallocate;
use serde::Serialize;

use super::{Durability, create_private, sync_parent};

/// More than any record of a start or an end needs; longer reasons are cut.
const ROOM: usize = 4096;

/// A file with room for one record, beside the place where it will stand.
#[derive(Debug)]
pub(crate) struct Reserved {
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl Reserved {
    /// Takes the room; fails where there is none.
    pub(crate) fn take(path: PathBuf) -> io::Result<Self> {
        let beside = path.with_extension("reserved");
        let file = create_private(&beside)?;
        posix_fallocate(&file, 0, ROOM as i64).map_err(io::Error::from)?;
        Ok(Self { file, beside, path })
    }

    /// Writes the record over the room that was taken, padded with blanks so that the file neither grows nor shrinks.
    pub(crate) fn fill<T: Serialize>(mut self, record: &T, durability: Durability) -> io::Result<()> {
        let mut text = serde_json::to_vec(record)?;
        if text.len() > ROOM {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the record is longer than the room for it",
            ));
        }
        text.resize(ROOM, b' ');
        self.file.write_all(&text)?;
        if durability == Durability::Machine {
            self.file.sync_all()?;
        }
        fs::rename(&self.beside, &self.path)?;
        // The record is there; that its name lasts is not worth losing it for.
        if durability == Durability::Machine {
            let _ = sync_parent(&self.path);
        }
        Ok(())
    }
}

/// Cuts a reason so that its record fits.
pub(crate) fn brief(reason: &str) -> String {
    reason.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::read_record;
    use super::*;

    #[test]
    fn what_fills_the_room_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("exit.json");
        Reserved::take(path.clone()).unwrap().fill(&vec!["a", "b"], Durability::Machine).unwrap();
        assert_eq!(read_record::<Vec<String>>(&path).unwrap(), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert!(!path.with_extension("reserved").exists());
    }

    #[test]
    fn an_unfilled_room_is_no_record() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("exit.json");
        let reserved = Reserved::take(path.clone()).unwrap();
        assert!(read_record::<Vec<String>>(&path).unwrap().is_none());
        assert!(reserved.fill(&"x".repeat(ROOM), Durability::Process).is_err());
    }
}
