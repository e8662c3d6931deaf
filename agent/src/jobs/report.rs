//! What the agent has to say about an attempt, and the server's answer to it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::attempt::AttemptId;
use crate::clock::since_boot;
use crate::decide::Ending;

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// Which attempt.
    pub(crate) id: AttemptId,
    /// When, by this host's wall clock.
    pub(crate) at: DateTime<Utc>,
    /// The same by the time since boot; `None` when it was in another boot.
    pub(crate) after_boot: Option<Duration>,
    /// What happened.
    pub(crate) kind: ReportKind,
}

/// What happened to an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReportKind {
    /// Its process runs.
    Started,
    /// Something happened to it that people should know.
    Noted(String),
    /// Its processes are gone, or will not go.
    Exited {
        /// How.
        end: Ending,
        /// GPUs that are not free again in spite of it.
        unclean_gpus: Vec<UncleanGpu>,
    },
}

impl Report {
    /// The same without what older servers do not know; none: there is nothing of that in it.
    pub(crate) fn for_older_servers(&self) -> Option<Self> {
        let mut plain = self.clone();
        match &mut plain.kind {
            ReportKind::Exited { end, .. } => end.asked.take()?,
            ReportKind::Started | ReportKind::Noted(_) => return None,
        };
        Some(plain)
    }

    /// How long ago it happened.
    pub(crate) fn ago(&self) -> Option<Duration> {
        self.after_boot.map(|at| since_boot().saturating_sub(at))
    }
}

/// A GPU that cannot be given to another job yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncleanGpu {
    /// Which GPU.
    pub uuid: String,
    /// What is still on it, or wrong with it.
    pub reason: String,
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
