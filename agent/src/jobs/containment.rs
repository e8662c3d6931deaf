//! What holds an attempt's processes together on this host, the strongest that can be had: a control group that the agent makes,
//! a scope that systemd makes, or the shim's parentage alone.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::children;
use crate::attempt::AttemptId;
use crate::cgroup;

/// What holds attempts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Containment {
    /// A control group for each attempt, below this one.
    Cgroup(PathBuf),
    /// A scope for each attempt, of the user's own systemd or of the system's.
    Scope {
        /// Whether it is the user's own.
        of_user: bool,
    },
    /// The shim is the subreaper of all that descends from its command, and nothing more. Why there is nothing more.
    Plain(String),
}

impl fmt::Display for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cgroup(base) => write!(f, "cgroup v2 below {}", base.display()),
            Self::Scope { of_user: true } => write!(f, "scopes of the user's systemd"),
            Self::Scope { of_user: false } => write!(f, "scopes of systemd"),
            Self::Plain(why) => write!(f, "process parentage alone ({why})"),
        }
    }
}

impl Containment {
    /// The strongest that works here. Two agents on one machine, each with its own directory, get different groups.
    pub(crate) fn detect(agent_dir: &Path) -> Self {
        let digest = Sha256::digest(agent_dir.as_os_str().as_encoded_bytes());
        let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let why = match cgroup::base(&format!("gpu-fleet-jobs-{mark}")) {
            Ok(base) => return Self::Cgroup(base),
            Err(error) => format!("no control group: {error}"),
        };
        if !Path::new("/run/systemd/system").exists() {
            return Self::Plain(format!("{why}; no systemd"));
        }
        let of_user = !nix::unistd::geteuid().is_root();
        if scope_works(of_user) {
            Self::Scope { of_user }
        } else {
            Self::Plain(format!("{why}; no scope of systemd"))
        }
    }

    /// Leaves nothing behind, where no attempt needs it any more. The next agent makes it anew.
    pub(crate) fn let_go(&self) {
        if let Self::Cgroup(base) = self {
            cgroup::take_away(base);
        }
    }

    /// As the public API names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Cgroup(_) => "cgroup",
            Self::Scope { .. } => "systemd scope",
            Self::Plain(_) => "plain",
        }
    }

    /// The group that the agent makes for an attempt, if it does.
    pub(crate) fn group_of(&self, id: &AttemptId) -> Option<PathBuf> {
        match self {
            Self::Cgroup(base) => Some(base.join(id.directory_name())),
            _ => None,
        }
    }

    /// The words that stand before a command that is to run in a scope of its own.
    pub(crate) fn scope_of(&self, id: &AttemptId) -> Option<Command> {
        let Self::Scope { of_user } = self else { return None };
        let mut command = scope(*of_user);
        command.arg(format!("--unit=gpu-fleet-{}", id.directory_name().replace('%', "_")));
        Some(command)
    }
}

fn scope(of_user: bool) -> Command {
    let mut command = Command::new("systemd-run");
    if of_user {
        command.arg("--user");
    }
    command.args(["--scope", "--quiet", "--collect", "--property=Delegate=yes"]);
    command
}

fn scope_works(of_user: bool) -> bool {
    let mut command = scope(of_user);
    command.args(["--", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    children::spawn(&mut command).and_then(|mut child| child.wait()).is_ok_and(|status| status.success())
}
