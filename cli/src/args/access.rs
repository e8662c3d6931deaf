//! Arguments of the commands about API keys, the audit trail and usage.

use std::time::Duration;

use clap::{ArgAction, Args, Subcommand};

use super::connection::ConnectArgs;
use super::values::duration;
use crate::api::{AuditAction, Role, UsageDimension};

/// `gpu-fleet keys …`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum KeysCommand {
    /// Lists an organization's keys, revoked and expired ones too
    List(KeysListArgs),
    /// Makes a key and prints its secret on the last line; it is shown this once
    Create(KeysCreateArgs),
    /// Takes a key back: what uses it is refused within seconds, open sockets included
    Revoke(KeysRevokeArgs),
}

/// `gpu-fleet keys list`.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeysListArgs {
    /// The organization; without it, the caller's own
    #[arg(long, value_name = "SLUG")]
    pub(crate) org: Option<String>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet keys create`.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeysCreateArgs {
    /// What it is for
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// What its holder may do; never more than the one who makes it
    #[arg(long, value_name = "ROLE", ignore_case = true)]
    pub(crate) role: Role,

    /// The organization; without it, the caller's own
    #[arg(long, value_name = "SLUG")]
    pub(crate) org: Option<String>,

    /// Ends it after so long: 12h, 90d; without it, it lives until it is revoked
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) ttl: Option<Duration>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet keys revoke`.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeysRevokeArgs {
    /// The key: its id, or its prefix as `keys list` shows it
    #[arg(value_name = "KEY")]
    pub(crate) key: String,

    /// The organization whose key it is; without it, the caller's own
    #[arg(long, value_name = "SLUG")]
    pub(crate) org: Option<String>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet audit`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AuditArgs {
    /// Only what this subject did
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) actor: Option<String>,

    /// Only such actions; may be repeated
    #[arg(long = "action", value_name = "ACTION", action = ArgAction::Append, ignore_case = true)]
    pub(crate) actions: Vec<AuditAction>,

    /// Only what was done to this object: its whole id
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Option<String>,

    /// Only what was done to this organization's objects
    #[arg(long, value_name = "SLUG")]
    pub(crate) org: Option<String>,

    /// Only the last so long: 90m, 24h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) since: Option<Duration>,

    /// So many lines at most, the newest
    #[arg(long, value_name = "LINES", default_value_t = 50)]
    pub(crate) limit: usize,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet usage`.
#[derive(Debug, Clone, Args)]
pub(crate) struct UsageArgs {
    /// The organization; without it, the caller's own, and for operators each
    #[arg(long, value_name = "SLUG")]
    pub(crate) org: Option<String>,

    /// The last so long: 24h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "7d")]
    pub(crate) since: Duration,

    /// By this instead, with what of it was used, in whole hours; may be repeated
    #[arg(long, value_name = "DIMENSION", value_enum, action = ArgAction::Append, conflicts_with = "org")]
    pub(crate) by: Vec<UsageDimension>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}
