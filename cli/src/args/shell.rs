//! Arguments of the commands that help the shell and the reader: completions and manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `gpu-fleet completions`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

/// `gpu-fleet man`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ManArgs {
    /// The page of this command, two words for one of a group; without it, the program's own
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub(crate) command: Vec<String>,

    /// Writes every page to this directory instead, gpu-fleet.1 and the others
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
