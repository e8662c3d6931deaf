//! Arguments of every client command: which server, whose token, what kind of output.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use super::server::DEFAULT_DATA_DIR;

/// Which server, as whom, and what to print.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectArgs {
    #[command(flatten)]
    pub(crate) to: ServerArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// In which form.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// Prints JSON: one document, or one a line where output streams
    #[arg(long, env = "GPU_FLEET_JSON", help_heading = "Output")]
    pub(crate) json: bool,

    /// Prints ids only, and of a followed job its own output only; --json goes before it
    #[arg(long, short, env = "GPU_FLEET_QUIET", help_heading = "Output")]
    pub(crate) quiet: bool,
}

/// Which server, as whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerOptions {
    /// The fleet's server; without it, the profile's, else the one that was started in the data directory, else
    /// http://127.0.0.1:4600
    #[arg(long, value_name = "URL", env = "GPU_FLEET_SERVER", help_heading = "Connection")]
    pub(crate) server: Option<String>,

    /// A file whose only line is a token; GPU_FLEET_TOKEN may hold the token itself
    #[arg(long, value_name = "FILE", env = "GPU_FLEET_TOKEN_FILE", help_heading = "Connection")]
    pub(crate) token_file: Option<PathBuf>,

    /// Server and token as gpu-fleet login has kept them under this name; without it, those that are in use
    #[arg(long, value_name = "NAME", env = "GPU_FLEET_PROFILE", help_heading = "Connection")]
    pub(crate) profile: Option<String>,

    /// Where a server on this machine keeps its address and the local user's token
    #[arg(long, value_name = "DIR", env = "GPU_FLEET_DATA_DIR", default_value = DEFAULT_DATA_DIR, help_heading = "Connection")]
    pub(crate) data_dir: PathBuf,
}

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// Nobody set it.
    Nowhere,
    /// The environment, or the file `.env`.
    Environment,
    /// The command line.
    Line,
}

/// The same, with where each of them came from: the command line goes before the environment, and that before what was
/// kept.
#[derive(Debug, Clone)]
pub(crate) struct ServerArgs {
    pub(crate) options: ServerOptions,
    pub(crate) server: Told,
    pub(crate) token_file: Told,
    pub(crate) profile: Told,
    pub(crate) data_dir: Told,
}

impl FromArgMatches for ServerArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        let told = |name| match matches.value_source(name) {
            Some(ValueSource::CommandLine) => Told::Line,
            Some(ValueSource::EnvVariable) => Told::Environment,
            _ => Told::Nowhere,
        };
        let (server, token_file) = (told("server"), told("token_file"));
        let (profile, data_dir) = (told("profile"), told("data_dir"));
        let options = ServerOptions::from_arg_matches_mut(matches)?;
        Ok(Self { options, server, token_file, profile, data_dir })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ServerArgs {
    fn augment_args(command: Command) -> Command {
        ServerOptions::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        ServerOptions::augment_args_for_update(command)
    }
}
