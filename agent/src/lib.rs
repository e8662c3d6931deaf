//! The agent of one GPU host: knows its devices, runs the attempts that the server assigns, and reports.
//!
//! It is a client of the public API and of nothing else. Its state is on disk, in one directory per attempt, and each
//! attempt has a process of its own, the [`shim`]: so the agent may be killed, upgraded and started again while jobs run.
//! It never opens a database, and it never decides which job runs where.

pub mod attempt;
mod cgroup;
mod clock;
mod config;
pub mod container;
pub mod decide;
pub mod devices;
pub mod doctor;
mod error;
mod host;
mod jobs;
mod lease;
mod logs;
pub mod mps;
mod pages;
pub mod procfs;
mod run;
pub mod shim;
mod uplink;

pub use config::AgentConfig;
pub use container::{ContainerChoice, InvalidContainerChoice};
pub use devices::{Detected, Devices, GpuSpec, detect};
pub use error::AgentError;
pub use jobs::{InvalidJobUser, JobUserRule, JobUsers};
pub use run::run;
