//! Arguments of the commands that sign in and out.

use clap::Args;

use super::connection::OutputArgs;

/// `gpu-fleet login`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoginArgs {
    /// The fleet's server
    #[arg(value_name = "URL")]
    pub(crate) server: String,

    /// What to call it; there can be one for each fleet, or for each role
    #[arg(long, value_name = "NAME", env = "GPU_FLEET_PROFILE", default_value = "default")]
    pub(crate) profile: String,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `gpu-fleet logout`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogoutArgs {
    /// Which profile to forget; without it, the one in use
    #[arg(long, value_name = "NAME", env = "GPU_FLEET_PROFILE")]
    pub(crate) profile: Option<String>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `gpu-fleet profiles`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProfilesArgs {
    /// Uses this one from now on
    #[arg(long = "use", value_name = "NAME")]
    pub(crate) chosen: Option<String>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
