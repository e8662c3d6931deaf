//! Who this machine is to the server, kept in the data directory for its owner alone.

use std::path::{Path, PathBuf};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::AgentError;
use crate::attempt::{Durability, read_record, write_record};

/// The machine's name for itself and the key that it was given.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// Random, made once: tells this machine from another one with the same name.
    pub(crate) machine_id: String,
    /// Given when the machine joined; until then `None`.
    pub(crate) agent_key: Option<String>,
    /// The server that knows this key, as the agent was told its address; `None`: an agent noted it that did not keep that.
    #[serde(default)]
    pub(crate) server: Option<String>,
    #[serde(skip)]
    path: PathBuf,
}

impl Credentials {
    /// Reads those in `dir`, or makes new ones. They are written before the server first hears of them: a machine that
    /// joined and then forgot who it was could never come back.
    pub(crate) fn load(dir: &Path) -> Result<Self, AgentError> {
        let path = dir.join("credentials.json");
        if let Some(known) = read_record::<Self>(&path).map_err(AgentError::directory(&path))? {
            return Ok(Self { path, ..known });
        }
        let machine_id = format!("{:032x}", rand::rng().random::<u128>());
        let new = Self { machine_id, agent_key: None, server: None, path };
        new.save()?;
        Ok(new)
    }

    /// Keeps the key that a server gave, if it gave one, and which server knows it. Without a new key nothing depends on it: on
    /// a full disk jobs go on.
    pub(crate) fn keep(&mut self, key: Option<String>, server: &str) -> Result<(), AgentError> {
        if key.is_none() && self.server.as_deref() == Some(server) {
            return Ok(());
        }
        let new_key = key.is_some();
        self.agent_key = key.or(self.agent_key.take());
        self.server = Some(server.to_owned());
        match self.save() {
            Err(error) if !new_key => {
                tracing::warn!(%error, "which server knows this host's key could not be noted");
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn save(&self) -> Result<(), AgentError> {
        write_record(&self.path, self, Durability::Machine).map_err(AgentError::directory(&self.path))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_a_new_key_must_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut known = Credentials::load(dir.path()).unwrap();
        known.keep(Some("secret".to_owned()), "http://fleet").unwrap();
        std::fs::remove_dir_all(dir.path()).unwrap();
        known.keep(None, "http://moved").unwrap();
        known.keep(Some("other".to_owned()), "http://moved").unwrap_err();
    }

    #[test]
    fn a_machine_stays_the_same_and_its_key_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = Credentials::load(dir.path()).unwrap();
        first.keep(Some("secret".to_owned()), "http://fleet").unwrap();
        first.keep(None, "http://moved").unwrap();
        let second = Credentials::load(dir.path()).unwrap();
        assert_eq!((first.machine_id, Some("secret")), (second.machine_id, second.agent_key.as_deref()));
        assert_eq!(second.server.as_deref(), Some("http://moved"));
        let mode = std::fs::metadata(dir.path().join("credentials.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("credentials.json"), "").unwrap();
        let error = Credentials::load(dir.path()).err().unwrap().to_string();
        assert!(error.contains("credentials.json"), "{error}");
    }
}
