//! Jobs that run in a container: which program of this host runs it, and how that program is told.
//!
//! A container is no second way of running jobs. The shim runs the runtime's client where it would run the command, and all else
//! stays as it is: session, control group, output, exit code, records. What is special about the client is here and in the shim's
//! `tree`: who is inside, who only serves those, and how the container itself is taken away.

mod cdi;
mod choice;
mod find;
mod invoke;
mod membership;
mod outcome;
mod run;

pub use choice::{ContainerChoice, InvalidContainerChoice};
pub use find::{Found, find};
pub(crate) use invoke::{Invocation, environment_file, invocation};
pub(crate) use membership::{Membership, hold_first, members, runs_in};
pub(crate) use outcome::{Outcome, outcome};
pub use run::Ran;
pub(crate) use run::{remove, run};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::attempt::AttemptId;

/// The command that describes a host's GPUs for containers.
pub(crate) fn cdi_command() -> &'static str {
    cdi::HOW
}

/// Those of these cards that are not described for containers.
pub(crate) fn without_cdi(uuids: &[String]) -> Vec<String> {
    cdi::missing(&cdi::DIRECTORIES, uuids).into_iter().map(str::to_owned).collect()
}

/// The programs that can run a container, the first that works being taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Podman: no daemon, its containers descend from its client.
    Podman,
    /// Apptainer, which once was Singularity: no daemon, and its containers are its client's own process.
    Apptainer,
    /// Docker: its containers descend from its daemon.
    Docker,
}

impl Kind {
    /// In the order of preference.
    pub const ALL: [Self; 3] = [Self::Podman, Self::Apptainer, Self::Docker];

    /// The program's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Apptainer => "apptainer",
            Self::Docker => "docker",
        }
    }
}

/// How a runtime gives a container its GPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GpuAccess {
    /// There is no real GPU to give.
    None,
    /// By the names of the Container Device Interface.
    Cdi,
    /// By the runtime's own option.
    Own,
}

/// A program that runs containers on this host, and what was found out about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// Which one.
    pub kind: Kind,
    /// Where it is.
    pub program: PathBuf,
    /// Its version.
    pub version: String,
    /// Its containers live in a user namespace of the agent's own user.
    pub rootless: bool,
    /// It can put an init in front of the command, which else would be the first process and deaf to SIGTERM.
    pub init: bool,
    /// Its containers can stay in the control group of its client.
    pub in_group: bool,
    /// How it gives GPUs.
    pub gpus: GpuAccess,
    /// What of the agent's environment its client needs.
    pub env: Vec<(String, String)>,
}

impl Runtime {
    /// As the public API names it.
    pub fn title(&self) -> String {
        let rootless = if self.rootless { ", rootless" } else { "" };
        format!("{} {}{rootless}", self.kind.name(), self.version)
    }
}

/// The container of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// What runs it.
    pub runtime: Runtime,
    /// Its name, made of the attempt: it can be taken away by it whoever has started it.
    pub name: String,
    /// The image.
    pub image: String,
}

impl Container {
    /// The container of an attempt that has an image.
    pub fn of(id: &AttemptId, runtime: Runtime, image: String) -> Self {
        let name = format!("gpu-fleet-{}", id.directory_name().replace('%', "_"));
        Self { runtime, name, image }
    }
}
