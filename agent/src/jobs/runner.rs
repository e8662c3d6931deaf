//! The life of one attempt, from its start to the server's acknowledgement of its end.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::{oneshot, watch};

use super::book::Shared;
use super::process::{Message, ShimProcess};
use super::report::{Report, ReportKind, Submission, UncleanGpu};
use super::{Context, Wish, launch, leftovers};
use crate::attempt::{AttemptDir, AttemptId, ExitRecord, Spec, Started, read_record};
use crate::devices::{Condition, Devices, Owner, Sample};

const RECORD_CHECKS: Duration = Duration::from_millis(20);
/// A driver needs a moment to take down what a killed process had on the card.
const CLEAN_CHECKS: u32 = 10;
const BETWEEN_CLEAN_CHECKS: Duration = Duration::from_millis(200);

/// How far the attempt had come when this agent met it.
#[derive(Debug)]
pub(super) enum Origin {
    /// It was just ordered.
    New,
    /// Its shim is at work.
    Alive,
    /// It has ended, and nobody was told, or nobody's answer was seen.
    Ended(ExitRecord),
    /// It ran or may have run, and its end was not recorded.
    Lost(&'static str),
}

impl Origin {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Alive => "alive",
            Self::Ended(_) => "ended",
            Self::Lost(_) => "lost",
        }
    }
}

pub(super) struct Runner {
    pub(super) context: Arc<Context>,
    pub(super) book: Shared,
    pub(super) dir: AttemptDir,
    pub(super) id: AttemptId,
    pub(super) spec: Spec,
    pub(super) wish: watch::Receiver<Wish>,
}

impl Runner {
    pub(super) async fn run(mut self, origin: Origin) {
        self.context.logs.follow(self.id.clone(), self.dir.log());
        let record = match origin {
            Origin::New => self.begin().await,
            Origin::Alive => self.rejoin().await,
            Origin::Ended(record) => record,
            Origin::Lost(reason) => self.lost(reason).await,
        };
        self.book.lock().stopped(&self.id);
        self.close(&record).await;
        self.context.logs.forget(self.id.clone());
        if let Err(error) = self.dir.remove() {
            tracing::warn!(attempt = %self.id, %error, "cannot remove an attempt's directory");
        }
        self.book.lock().end(&self.id);
    }

    async fn begin(&mut self) -> ExitRecord {
        if *self.wish.borrow() > Wish::Run {
            return never_ran("it was stopped before it started".to_owned());
        }
        match launch::launch(&self.context, &self.dir, &self.spec) {
            Ok(launched) => {
                let shim = launched.settled().await;
                let started = read_record(&self.dir.started()).ok().flatten();
                self.accompany(&shim, started).await
            }
            Err(error) => never_ran(format!("the agent could not start it: {error}")),
        }
    }

    /// A shim of an earlier agent: it may even be about to start its command at this moment.
    async fn rejoin(&mut self) -> ExitRecord {
        loop {
            if let Ok(Some(started)) = read_record::<Started>(&self.dir.started()) {
                return match open_same(&started) {
                    Some(shim) => self.accompany(&shim, Some(started)).await,
                    None => self.ended_record().await,
                };
            }
            if self.dir.exit().exists() || lock_is_free(&self.dir) {
                return self.ended_record().await;
            }
            tokio::time::sleep(RECORD_CHECKS).await;
        }
    }

    /// Stays with the shim until it ends, passing on what is wished meanwhile.
    async fn accompany(&mut self, shim: &ShimProcess, started: Option<Started>) -> ExitRecord {
        let mut verdict = None;
        if let Some(started) = &started {
            self.book.lock().started(&self.id, started);
            verdict = self.submit(started.started_at, ReportKind::Started).await;
        }
        let mut obeyed = Wish::Run;
        loop {
            let wished = *self.wish.borrow_and_update();
            if wished > obeyed {
                obeyed = wished;
                shim.send(if wished >= Wish::LeaseLost { Message::Kill } else { Message::Stop });
            }
            tokio::select! {
                () = shim.ended() => return self.ended_record().await,
                _ = self.wish.changed() => {}
                accepted = answered(&mut verdict) => {
                    if !accepted {
                        tracing::warn!(attempt = %self.id, "the server refuses this attempt: killing it");
                        self.book.lock().wish(&self.id, Wish::Forget);
                    }
                }
            }
        }
    }

    async fn ended_record(&self) -> ExitRecord {
        match read_record(&self.dir.exit()) {
            Ok(Some(record)) => record,
            _ => self.lost("its process was lost: its shim was killed").await,
        }
    }

    async fn lost(&self, reason: &str) -> ExitRecord {
        let tree_gone = leftovers::kill_all(&self.id).await;
        ExitRecord { tree_gone, ..never_ran(reason.to_owned()) }
    }

    /// Reports the end once the log was sent, unless the attempt is to be forgotten.
    async fn close(&mut self, record: &ExitRecord) {
        let mut wish = self.wish.clone();
        tokio::select! {
            biased;
            _ = wish.wait_for(|wish| *wish == Wish::Forget) => {}
            () = self.report_end(record) => {}
        }
    }

    async fn report_end(&self, record: &ExitRecord) {
        let logs = self.context.logs.finish(self.id.clone());
        let (_, unclean_gpus) = tokio::join!(logs, self.unclean_gpus(record));
        let kind = ReportKind::Exited {
            exit_code: record.shell_code(),
            reason: self.reason(record),
            timed_out: record.timed_out,
            unclean_gpus,
        };
        if let Some(verdict) = self.submit(record.finished_at, kind).await {
            let accepted = verdict.await.unwrap_or(false);
            tracing::debug!(attempt = %self.id, accepted, "reported its end");
        }
    }

    fn reason(&self, record: &ExitRecord) -> Option<String> {
        let lease = matches!(*self.wish.borrow(), Wish::LeaseEnding | Wish::LeaseLost);
        if lease && record.stopped {
            return Some("this host had lost the server for longer than its lease".to_owned());
        }
        record.reason.clone()
    }

    async fn submit(&self, at: chrono::DateTime<Utc>, kind: ReportKind) -> Option<oneshot::Receiver<bool>> {
        let (submission, verdict) = Submission::new(Report { id: self.id.clone(), at, kind });
        self.context.reports.send(submission).await.ok().map(|()| verdict)
    }

    /// The GPUs on which something is left. The card has the last word, not the process table.
    async fn unclean_gpus(&self, record: &ExitRecord) -> Vec<UncleanGpu> {
        if self.spec.gpu_uuids.is_empty() {
            return Vec::new();
        }
        if !record.tree_gone {
            let reason = "processes of the job outlived SIGKILL".to_owned();
            return self
                .spec
                .gpu_uuids
                .iter()
                .map(|uuid| UncleanGpu { uuid: uuid.clone(), reason: reason.clone() })
                .collect();
        }
        for check in 1.. {
            let unclean = self.look_for_unclean().await;
            if unclean.is_empty() || check == CLEAN_CHECKS {
                return unclean;
            }
            tokio::time::sleep(BETWEEN_CLEAN_CHECKS).await;
        }
        Vec::new()
    }

    async fn look_for_unclean(&self) -> Vec<UncleanGpu> {
        if matches!(*self.context.devices, Devices::Simulated(_) | Devices::None) {
            return Vec::new();
        }
        let (devices, live) = (Arc::clone(&self.context.devices), self.book.lock().live());
        let samples = tokio::task::spawn_blocking(move || devices.sample(&live)).await.unwrap_or_default();
        samples
            .iter()
            .filter(|sample| self.spec.gpu_uuids.contains(&sample.uuid))
            .filter_map(unclean)
            .collect()
    }
}

/// What keeps a GPU from being given to the next job. Live attempts that share it do not.
fn unclean(sample: &Sample) -> Option<UncleanGpu> {
    let left: Vec<_> = sample
        .processes
        .iter()
        .filter(|process| !matches!(process.owner, Owner::Job(_)))
        .map(|process| format!("{} ({})", process.pid, process.command.as_deref().unwrap_or("unknown")))
        .collect();
    let reason = match (left.is_empty(), &sample.condition) {
        (false, _) => format!("the card still lists processes: {}", left.join(", ")),
        (true, Condition::Failed(reason)) => reason.clone(),
        (true, _) => return None,
    };
    Some(UncleanGpu { uuid: sample.uuid.clone(), reason })
}

/// The shim that the record names, if it still is that one.
fn open_same(started: &Started) -> Option<ShimProcess> {
    let shim = ShimProcess::open(started.shim_pid).ok()?;
    let stat = crate::procfs::stat(started.shim_pid)?;
    let same = stat.start_time == started.shim_start_time && started.boot_id == crate::procfs::boot_id();
    same.then_some(shim)
}

fn lock_is_free(dir: &AttemptDir) -> bool {
    std::fs::File::open(dir.lock()).is_ok_and(|lock| lock.try_lock().is_ok())
}

/// Waits for an answer once; afterwards for ever, so that a loop may go on asking.
async fn answered(verdict: &mut Option<oneshot::Receiver<bool>>) -> bool {
    let Some(receiver) = verdict else { return std::future::pending().await };
    let answer = receiver.await;
    *verdict = None;
    answer.unwrap_or(true)
}

fn never_ran(reason: String) -> ExitRecord {
    ExitRecord {
        exit_code: None,
        signal: None,
        timed_out: false,
        stopped: false,
        reason: Some(reason),
        tree_gone: true,
        finished_at: Utc::now(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::GpuProcess;

    fn sample(owners: &[Owner], condition: Condition) -> Sample {
        let process = |owner: &Owner| GpuProcess {
            pid: 7,
            memory_used_mib: None,
            command: Some("python".to_owned()),
            owner: owner.clone(),
        };
        Sample {
            uuid: "GPU-1".to_owned(),
            processes: owners.iter().map(process).collect(),
            condition,
            ..Sample::default()
        }
    }

    #[test]
    fn a_card_is_clean_when_only_live_attempts_are_on_it() {
        let other = Owner::Job(AttemptId { job_id: "other".to_owned(), attempt: 1 });
        assert_eq!(unclean(&sample(&[other], Condition::Healthy)), None);
        let reason =
            unclean(&sample(&[Owner::Orphan("job".to_owned())], Condition::Healthy)).map(|gpu| gpu.reason);
        assert_eq!(reason.as_deref(), Some("the card still lists processes: 7 (python)"));
    }

    #[test]
    fn a_failed_card_is_not_clean_and_a_degraded_one_is() {
        assert!(unclean(&sample(&[], Condition::Failed("XID 79".to_owned()))).is_some());
        assert!(unclean(&sample(&[], Condition::Degraded("ECC".to_owned()))).is_none());
    }
}
