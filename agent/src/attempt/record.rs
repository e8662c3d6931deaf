//! The records in an attempt's directory: what to run, that it was started, how it ended.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::AttemptId;
use crate::clock::millis_since_boot;
use crate::container::Container;
use crate::mps::Share;

/// What the shim is to run. Written once by the agent, before the shim is started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    /// The job's opaque id.
    pub job_id: String,
    /// Which try of the job this is.
    pub attempt: i32,
    /// The job's name, for its environment.
    pub job_name: String,
    /// The slug of the organization that it belongs to.
    pub organization: String,
    /// Program and arguments, never passed through a shell.
    pub command: Vec<String>,
    /// The job's own variables.
    pub env: Vec<(String, String)>,
    /// Where it runs; null: the home directory of whom it runs as.
    pub workdir: Option<String>,
    /// The image that it runs in; null: what is installed here.
    #[serde(default)]
    pub image: Option<String>,
    /// The container that the command runs in; null: none.
    #[serde(default)]
    pub container: Option<Container>,
    /// How its share of a card is bounded; null: the card is its own, or nothing here bounds shares.
    #[serde(default)]
    pub share: Option<Share>,
    /// The cards that it may use.
    pub gpu_uuids: Vec<String>,
    /// Thousandths of the card, when it is shared.
    pub gpu_milli: i32,
    /// Longest time that it may run, counted by the shim's monotonic clock.
    pub time_limit_seconds: Option<u64>,
    /// Time between SIGTERM and SIGKILL.
    pub grace_seconds: u64,
    /// This host's place among the attempt's hosts.
    pub node_rank: i32,
    /// How many hosts the attempt has.
    pub node_count: i32,
    /// The boot in which the agent wrote this: after a reboot nobody can tell whether the command ran.
    pub boot_id: String,
    /// The file that says until when this host may run jobs; null: without end.
    #[serde(default)]
    pub lease: Option<PathBuf>,
    /// The control group that the command is to run in; null: none.
    #[serde(default)]
    pub cgroup: Option<PathBuf>,
    /// True: the shim runs in a scope that systemd made for it, and makes the command's group there.
    #[serde(default)]
    pub in_scope: bool,
    /// Who the command runs as; null: whoever the agent is.
    #[serde(default)]
    pub user: Option<JobUser>,
}

/// Whom a command runs as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobUser {
    /// The login name.
    pub name: String,
    /// The user's number.
    pub uid: u32,
    /// The number of the user's own group.
    pub gid: u32,
    /// All groups that the user belongs to.
    pub groups: Vec<u32>,
    /// The home directory, whether it exists or not.
    pub home: PathBuf,
}

impl Spec {
    /// The attempt that this is the order for.
    pub fn id(&self) -> AttemptId {
        AttemptId { job_id: self.job_id.clone(), attempt: self.attempt }
    }
}

/// That the command runs, and who to look for after the agent was away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The command's process.
    pub pid: i32,
    /// Its start time in clock ticks since boot.
    pub start_time: u64,
    /// The boot that these numbers belong to.
    pub boot_id: String,
    /// Which try of the job this is.
    pub attempt: i32,
    /// The shim's process.
    pub shim_pid: i32,
    /// The shim's start time in clock ticks since boot.
    pub shim_start_time: u64,
    /// When the command was started, by the wall clock.
    pub started_at: DateTime<Utc>,
    /// The same by the time since boot, in milliseconds.
    #[serde(default)]
    pub started_after_boot: Option<u64>,
    /// The control group that it runs in; null: none.
    #[serde(default)]
    pub cgroup: Option<PathBuf>,
}

/// How the attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// The exit code; null when a signal ended it or its end was never seen.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The time limit ended it.
    pub timed_out: bool,
    /// It was asked to stop, by a signal, while its command ran.
    pub stopped: bool,
    /// It was asked to stop when its command had ended already, as far as its shim could see. Older shims do not look: a stop of
    /// theirs may have come early or late.
    #[serde(default)]
    pub stopped_late: Option<bool>,
    /// Why, when the code does not say it.
    pub reason: Option<String>,
    /// False: processes of the attempt outlived SIGKILL.
    pub tree_gone: bool,
    /// When all of it was over, by the wall clock.
    pub finished_at: DateTime<Utc>,
    /// The same by the time since boot, in milliseconds; null: not known, or of another boot.
    #[serde(default)]
    pub finished_after_boot: Option<u64>,
    /// The host's lease ended it.
    #[serde(default)]
    pub lease_lost: bool,
    /// The command certainly never ran, through the host's fault.
    #[serde(default)]
    pub never_started: bool,
    /// It never ran because a registry has answered that there is no such image: trying it again is of no use.
    #[serde(default)]
    pub image_refused: bool,
    /// Nobody saw its end: it may have run, and it may not.
    #[serde(default)]
    pub lost: bool,
}

impl ExitRecord {
    /// The end of something that nobody saw end, just now.
    pub fn unseen(reason: String) -> Self {
        Self {
            exit_code: None,
            signal: None,
            timed_out: false,
            stopped: false,
            stopped_late: Some(false),
            reason: Some(reason),
            tree_gone: true,
            finished_at: Utc::now(),
            finished_after_boot: Some(millis_since_boot()),
            lease_lost: false,
            never_started: false,
            image_refused: false,
            lost: false,
        }
    }

    /// Whether its command had been asked to end, by whomever, before it ended; none: its shim did not look.
    pub fn was_asked(&self) -> Option<bool> {
        if self.timed_out || self.lease_lost {
            return Some(true);
        }
        self.stopped_late.map(|_| self.stopped).or((!self.stopped).then_some(false))
    }

    /// The code as shells tell it: 128 + N for signal N.
    pub fn shell_code(&self) -> Option<i32> {
        self.exit_code.or(self.signal.map(|signal| 128 + signal))
    }
}
