//! What the agent has to say about an attempt, and the server's answer to it.

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::attempt::AttemptId;

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// Which attempt.
    pub(crate) id: AttemptId,
    /// When, by this host's wall clock.
    pub(crate) at: DateTime<Utc>,
    /// What happened.
    pub(crate) kind: ReportKind,
}

/// What happened to an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReportKind {
    /// Its process runs.
    Started,
    /// Its processes are gone and its log was sent.
    Exited {
        /// As shells tell it.
        exit_code: Option<i32>,
        /// Why, when the code does not say it.
        reason: Option<String>,
        /// The time limit ended it.
        timed_out: bool,
        /// GPUs that are not free again in spite of it.
        unclean_gpus: Vec<UncleanGpu>,
    },
}

/// A GPU that cannot be given to another job yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UncleanGpu {
    /// Which GPU.
    pub(crate) uuid: String,
    /// What is still on it, or wrong with it.
    pub(crate) reason: String,
}

/// A report on its way, and where to tell whether the server took it: `false` says that the attempt is not this host's.
#[derive(Debug)]
pub(crate) struct Submission {
    /// What is reported.
    pub(crate) report: Report,
    /// Told once the server has answered.
    pub(crate) verdict: oneshot::Sender<bool>,
}

impl Submission {
    /// A report with the place to wait for its answer.
    pub(crate) fn new(report: Report) -> (Self, oneshot::Receiver<bool>) {
        let (verdict, answer) = oneshot::channel();
        (Self { report, verdict }, answer)
    }
}
