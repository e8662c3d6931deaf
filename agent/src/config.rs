//! What an agent must be told.

use std::path::PathBuf;
use std::time::Duration;

use crate::container::ContainerChoice;
use crate::devices::Devices;
use crate::jobs::JobUsers;

/// What an agent must be told. It reads nothing from the environment.
#[derive(Debug)]
pub struct AgentConfig {
    /// The address that people open: `https://fleet.example.com`.
    pub server_url: String,
    /// Everything it keeps is below `agent/` in here.
    pub data_dir: PathBuf,
    /// The host's name in the fleet.
    pub name: String,
    /// Needed until the host has joined; afterwards its own key serves.
    pub join_token: Option<String>,
    /// Labels that jobs may ask for.
    pub labels: Vec<(String, String)>,
    /// The GPUs to offer, from [`crate::detect`].
    pub devices: Devices,
    /// The program that is run as `PROGRAM shim DIRECTORY`; none: this very program, even after its file was replaced.
    pub shim_program: Option<PathBuf>,
    /// Whom jobs run as.
    pub users: JobUsers,
    /// What may run containers; found when the agent begins.
    pub containers: ContainerChoice,
    /// How often the cards are looked at.
    pub sample_every: Duration,
    /// What people should know of this host.
    pub warnings: Vec<String>,
    /// A card that its job does not use for so long counts as idle.
    pub idle_window: Duration,
}

impl AgentConfig {
    /// A configuration with everything that has a sensible value left at it: no token, no labels, this very program as the
    /// shim, jobs that run as the agent does and in no container, a look at the cards each second, five minutes until one counts as idle.
    pub fn new(
        server_url: impl Into<String>,
        data_dir: impl Into<PathBuf>,
        name: impl Into<String>,
        devices: Devices,
    ) -> Self {
        Self {
            server_url: server_url.into(),
            data_dir: data_dir.into(),
            name: name.into(),
            join_token: None,
            labels: Vec::new(),
            devices,
            shim_program: None,
            users: JobUsers::default(),
            containers: ContainerChoice::None,
            sample_every: Duration::from_secs(1),
            warnings: Vec::new(),
            idle_window: Duration::from_secs(300),
        }
    }
}
