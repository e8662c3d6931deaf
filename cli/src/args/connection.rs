//! Arguments of every client command: which server, whose token, what kind of output.

use std::path::PathBuf;

use clap::Args;

use super::server::DEFAULT_DATA_DIR;

/// Which server, as whom, and what to print.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectArgs {
    /// The fleet's server; without it, the one that was started in the data directory, else http://127.0.0.1:4600
    #[arg(long, value_name = "URL", env = "GPU_FLEET_SERVER", help_heading = "Connection")]
    pub(crate) server: Option<String>,

    /// A file whose only line is a token; GPU_FLEET_TOKEN may hold the token itself
    #[arg(long, value_name = "FILE", env = "GPU_FLEET_TOKEN_FILE", help_heading = "Connection")]
    pub(crate) token_file: Option<PathBuf>,

    /// Where a server on this machine keeps its address and the local user's token
    #[arg(long, value_name = "DIR", env = "GPU_FLEET_DATA_DIR", default_value = DEFAULT_DATA_DIR, help_heading = "Connection")]
    pub(crate) data_dir: PathBuf,

    /// Prints JSON: one document, or one a line where output streams
    #[arg(long, env = "GPU_FLEET_JSON", help_heading = "Output")]
    pub(crate) json: bool,

    /// Prints ids only, and of a followed job its own output only; --json goes before it
    #[arg(long, short, env = "GPU_FLEET_QUIET", help_heading = "Output")]
    pub(crate) quiet: bool,
}
