//! Arguments of `top`.

use clap::{Args, ValueEnum};

use super::connection::ServerArgs;

/// How much the pane of GPUs shows of each host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum GpuView {
    /// A line for each GPU where all of them fit, else a line for each host
    #[default]
    Auto,
    /// A line for each host
    Compact,
    /// A line for each GPU
    Full,
}

/// `gpu-fleet top`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TopArgs {
    /// Changes nothing: keys that cancel are dead
    #[arg(long)]
    pub(crate) readonly: bool,

    /// Draws with plain ASCII, as it does anyway where the locale is not of UTF-8
    #[arg(long)]
    pub(crate) no_unicode: bool,

    /// How much to show of each host; the key v changes it
    #[arg(long, value_name = "VIEW", value_enum, default_value_t)]
    pub(crate) view: GpuView,

    #[command(flatten)]
    pub(crate) to: ServerArgs,
}
