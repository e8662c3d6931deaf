//! Arguments of the commands about hosts, GPUs and organizations, and of the demonstration.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::connection::ConnectArgs;
use super::values::duration;
use crate::api::IdleAction;

/// A listing without filters.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet drain`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DrainArgs {
    /// The host: its name or id
    #[arg(value_name = "HOST")]
    pub(crate) host: String,

    /// Why, for whoever wonders
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet undrain`.
#[derive(Debug, Clone, Args)]
pub(crate) struct UndrainArgs {
    /// The host: its name or id
    #[arg(value_name = "HOST")]
    pub(crate) host: String,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet host …`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum HostCommand {
    /// Takes a host out of the fleet and revokes its agent's key; its history stays
    Remove(HostRemoveArgs),
}

/// `gpu-fleet host remove`.
#[derive(Debug, Clone, Args)]
pub(crate) struct HostRemoveArgs {
    /// The host: its name or id
    #[arg(value_name = "HOST")]
    pub(crate) host: String,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet org …`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum OrgCommand {
    /// Creates an organization (operators only)
    Create(OrgCreateArgs),
    /// Changes an organization's name, weight, quota or what becomes of its idle jobs; what is not named stays (operators only)
    Update(OrgUpdateArgs),
}

/// A ceiling, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ceiling(pub(crate) Option<f64>);

fn ceiling(text: &str) -> Result<Ceiling, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Ceiling(None));
    }
    let number: f64 = text.parse().map_err(|_| "not a number; write one, or none".to_owned())?;
    if number.is_finite() && number >= 0.0 {
        Ok(Ceiling(Some(number)))
    } else {
        Err("not a ceiling; write a number from 0 on, or none".to_owned())
    }
}

/// `gpu-fleet org update`.
#[derive(Debug, Clone, Args)]
pub(crate) struct OrgUpdateArgs {
    /// The organization
    #[arg(value_name = "SLUG")]
    pub(crate) slug: String,

    /// Its name for people
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Its share of the fleet relative to the others
    #[arg(long, value_name = "WEIGHT")]
    pub(crate) weight: Option<f64>,

    /// GPUs that are its own whenever it wants them
    #[arg(long, value_name = "GPUS")]
    pub(crate) guaranteed_gpus: Option<f64>,

    /// Never more than so many at once, or none: no ceiling
    #[arg(long, value_name = "GPUS", value_parser = ceiling)]
    pub(crate) max_gpus: Option<Ceiling>,

    /// Waiting jobs at once, or none: no ceiling
    #[arg(long, value_name = "JOBS", value_parser = ceiling)]
    pub(crate) max_queued_jobs: Option<Ceiling>,

    #[command(flatten)]
    pub(crate) idle: IdleArgs,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet org create`.
#[derive(Debug, Clone, Args)]
pub(crate) struct OrgCreateArgs {
    /// Its short name, in addresses and tokens
    #[arg(value_name = "SLUG")]
    pub(crate) slug: String,

    /// Its name for people; without it, the slug
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Its share of the fleet relative to the others
    #[arg(long, value_name = "WEIGHT")]
    pub(crate) weight: Option<f64>,

    /// GPUs that are its own whenever it wants them
    #[arg(long, value_name = "GPUS")]
    pub(crate) guaranteed_gpus: Option<f64>,

    /// Never more than so many at once
    #[arg(long, value_name = "GPUS")]
    pub(crate) max_gpus: Option<f64>,

    #[command(flatten)]
    pub(crate) idle: IdleArgs,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// What becomes of jobs that hold GPUs and do not use them.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct IdleArgs {
    /// What becomes of a job that does not use its GPUs, once it was warned: NOTHING, NOTIFY or STOP (it waits again, twice at most)
    #[arg(long, value_name = "ACTION", ignore_case = true)]
    pub(crate) idle_action: Option<IdleAction>,

    /// How long it does not use them, in whole minutes
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) idle_window: Option<Duration>,

    /// How long after the warning, in whole minutes
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) idle_grace: Option<Duration>,

    /// From which utilization on they count as used
    #[arg(long, value_name = "PERCENT")]
    pub(crate) idle_utilization: Option<i32>,
}

/// `gpu-fleet demo`.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DemoArgs {
    /// Leaves the server running at the end, until Ctrl-C, to look around in the dashboard
    #[arg(long)]
    pub(crate) keep: bool,

    /// Takes about 15 seconds instead of 50
    #[arg(long)]
    pub(crate) fast: bool,
}
