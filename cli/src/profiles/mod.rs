//! What `login` keeps: for each name a server and a token, in the configuration folder of whoever runs this. A secret is
//! here and nowhere else: it is never printed, and a file that others can read is refused rather than used.

mod file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use crate::api::Instant;
use crate::client::Failure;

/// The folder's name within the platform's configuration folder.
const FOLDER: &str = "gpu-fleet";
const FILE: &str = "profiles.toml";
const LONGEST_NAME: usize = 64;

/// A server, and as whom to speak to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) server: String,
    pub(crate) token: String,
    /// As the server told it at the sign-in; for people, nothing is decided by these.
    pub(crate) subject: String,
    pub(crate) role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Instant>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile")
            .field("server", &self.server)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// All that is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profiles {
    /// The one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

impl Profiles {
    /// The profile of this name.
    pub(crate) fn named(&self, name: &str) -> Result<(&str, &Profile), Failure> {
        let found = self.profiles.get_key_value(name);
        found.map(|(name, profile)| (name.as_str(), profile)).ok_or_else(|| {
            Failure::NotFound(format!(
                "there is no profile {name}; gpu-fleet profiles lists them, gpu-fleet login URL --profile {name} makes it"
            ))
        })
    }

    /// The one in use, if there is one.
    pub(crate) fn in_use(&self) -> Option<(&str, &Profile)> {
        let (name, profile) = self.profiles.get_key_value(self.current.as_deref()?)?;
        Some((name, profile))
    }

    /// Keeps a profile, and uses it from now on.
    pub(crate) fn keep(&mut self, name: &str, profile: Profile) {
        self.profiles.insert(name.to_owned(), profile);
        self.current = Some(name.to_owned());
    }

    /// Forgets a profile; that it was in use leaves none in use.
    pub(crate) fn forget(&mut self, name: &str) -> Option<Profile> {
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
        self.profiles.remove(name)
    }
}

/// Where they are kept.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    /// The user's.
    pub(crate) fn of_user() -> Result<Self, Failure> {
        let base = etcetera::choose_base_strategy().map_err(|error| {
            Failure::Other(format!(
                "there is no configuration folder, for there is no home directory: {error}; set HOME or XDG_CONFIG_HOME"
            ))
        })?;
        Ok(Self { folder: base.config_dir().join(FOLDER) })
    }

    /// The file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// What is kept there; nothing when there is no such file.
    pub(crate) fn read(&self) -> Result<Profiles, Failure> {
        file::read(&self.folder, &self.path())
    }

    /// Changes what is kept there. Two that change at once come one after the other.
    pub(crate) fn change<Answer>(
        &self,
        change: impl FnOnce(&mut Profiles) -> Result<Answer, Failure>,
    ) -> Result<Answer, Failure> {
        let _lock = file::lock(&self.folder)?;
        let mut profiles = self.read()?;
        let answer = change(&mut profiles)?;
        file::write(&self.folder, &self.path(), &profiles)?;
        Ok(answer)
    }
}

impl From<&Path> for Place {
    fn from(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }
}

/// Whether a profile may be called so.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "a profile's name has letters, digits, dots, dashes and underscores, {LONGEST_NAME} at most"
    )))
}

#[cfg(test)]
mod tests;
