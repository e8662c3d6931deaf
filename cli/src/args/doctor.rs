//! Arguments of `gpu-fleet doctor`.

use std::path::PathBuf;

use agent::ContainerChoice;
use clap::Args;

use super::server::DataDirArgs;

/// `gpu-fleet doctor`: what is wrong on this host, and how to mend it.
#[derive(Debug, Clone, Args)]
pub(crate) struct DoctorArgs {
    /// The fleet's server, to be reached and asked whether it knows this host
    #[arg(long, value_name = "URL", env = "GPU_FLEET_SERVER")]
    pub(crate) server: Option<String>,

    #[command(flatten)]
    pub(crate) data: DataDirArgs,

    /// A file with a join token, to be tried for a host that has no key yet
    #[arg(long, value_name = "FILE", env = "GPU_FLEET_JOIN_TOKEN_FILE")]
    pub(crate) join_token_file: Option<PathBuf>,

    /// Path of libnvidia-ml.so.1, when it is not where the system looks
    #[arg(long, value_name = "PATH", env = "GPU_FLEET_NVML_LIBRARY")]
    pub(crate) nvml_library: Option<PathBuf>,

    /// What is to run containers: auto, podman, apptainer, docker or none
    #[arg(long, value_name = "RUNTIME", env = "GPU_FLEET_CONTAINER_RUNTIME", default_value = "auto")]
    pub(crate) container_runtime: ContainerChoice,

    /// Prints JSON: a list of findings
    #[arg(long, env = "GPU_FLEET_JSON")]
    pub(crate) json: bool,
}
