//! The life of one attempt, from its start to the server's acknowledgement of its end.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::book::Shared;
use super::launch::Launched;
use super::leftovers::Leftovers;
use super::process::{Message, ShimProcess};
use super::report::{Report, ReportKind, Submission};
use super::{Context, clean, launch};
use crate::attempt::{AttemptDir, AttemptId, ExitRecord, Spec, Started, read_record};
use crate::cgroup::Cgroup;
use crate::clock::millis_since_boot;
use crate::decide::{EndCause, Unrecorded, Wish, ending, unrecorded};
use crate::mps::{self, Mps, Share};
use crate::procfs;

/// Thousandths of a card that is nobody else's.
const WHOLE: i32 = 1000;
const RECORD_CHECKS: Duration = Duration::from_millis(20);
/// How long a shim may take beyond the grace that a stop gives its job: it tries for ten seconds to kill what is left then.
const STOP_PATIENCE: Duration = Duration::from_secs(15);
/// How long it may take to kill. What comes after it must be over before the server gives the GPUs away.
const KILL_PATIENCE: Duration = Duration::from_secs(5);
/// How long a shim that is starting is left alone when its end is wanted.
const START_PATIENCE: Duration = Duration::from_secs(1);
/// A killed shim that does not go hangs in the kernel.
const LONGEST_DYING: Duration = Duration::from_secs(5);
/// The log of an attempt that is not this host's any more is still sent for so long.
const LAST_LINES: Duration = Duration::from_secs(60);
/// How long the report of an end waits for the log.
const SHORT_LOG: Duration = Duration::from_millis(300);
/// How often processes that outlived SIGKILL are looked at.
const HAUNT_CHECKS: Duration = Duration::from_secs(1);

/// How far the attempt had come when this agent met it.
#[derive(Debug)]
pub(super) enum Origin {
    /// It was just ordered.
    New,
    /// Its shim is at work.
    Alive,
    /// It has ended, and nobody was told, or nobody's answer was seen.
    Ended(ExitRecord),
    /// It ran or may have run, and its end was not recorded: why, and whether that was this host's doing.
    Lost(&'static str, EndCause),
}

impl Origin {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Alive => "alive",
            Self::Ended(_) => "ended",
            Self::Lost(..) => "lost",
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
    /// A wish was passed on to the shim.
    pub(super) passed_on: bool,
}

impl Runner {
    pub(super) async fn run(mut self, origin: Origin) {
        self.context.logs.follow(self.id.clone(), self.dir.log());
        let record = match origin {
            Origin::New => self.begin().await,
            Origin::Alive => self.rejoin().await,
            Origin::Ended(record) => record,
            Origin::Lost(reason, cause) => self.lost(reason, cause).await,
        };
        tracing::info!(
            attempt = %self.id, exit_code = record.shell_code(), reason = record.reason, tree_gone = record.tree_gone, "ended"
        );
        if record.tree_gone {
            self.book.lock().stopped(&self.id);
        } else {
            self.look_at_survivors();
        }
        self.close(&record).await;
        if !record.tree_gone {
            self.outlast_survivors().await;
        }
        self.clean_up();
        self.book.lock().end(&self.id);
    }

    async fn begin(&mut self) -> ExitRecord {
        if *self.wish.borrow() > Wish::Run {
            return ExitRecord::unseen("it was stopped before it started".to_owned());
        }
        let unenforced = self.bound_share().await;
        match launch::launch(&self.context, &self.dir, &mut self.spec) {
            Ok(launched) => {
                if let Some(note) = unenforced {
                    self.submit(Utc::now(), Some(millis_since_boot()), ReportKind::Noted(note)).await;
                }
                self.book.lock().launched(&self.id, launched.process.pid(), self.spec.cgroup.clone());
                let Launched { process, mut output } = launched;
                tokio::select! {
                    () = output.settled() => {}
                    // Its job may have stopped it before it could say a word.
                    () = self.wished_to_end() => {}
                }
                let started = read_record(&self.dir.started()).ok().flatten();
                self.accompany(&process, started).await
            }
            Err(error) => self.never_started(format!("this host could not start it: {error}")),
        }
    }

    /// Bounds the job's share of a real card by what does that here, and answers what to tell people when nothing does.
    async fn bound_share(&mut self) -> Option<String> {
        if self.spec.gpu_milli >= WHOLE || !self.context.devices.are_real() {
            return None;
        }
        let uuid = self.spec.gpu_uuids.first()?;
        let memory = self.context.devices.memory_mib(uuid)?;
        let why = match tokio::task::spawn_blocking(mps::look).await.unwrap_or(Mps::Absent) {
            Mps::Running(pipes) => {
                self.spec.share = Some(Share::of(pipes, self.spec.gpu_milli, memory));
                return None;
            }
            Mps::Absent => "no MPS control daemon runs on its host".to_owned(),
            Mps::Silent(why) => format!("the MPS control daemon of its host does not answer: {why}"),
        };
        let share = f64::from(self.spec.gpu_milli) / f64::from(WHOLE);
        Some(format!("its share of {share} of a GPU is not enforced: {why}"))
    }

    /// Somebody wants the end; a shim that is just starting gets a moment to be ready for that.
    async fn wished_to_end(&self) {
        let mut wish = self.wish.clone();
        let _ = wish.wait_for(|wish| *wish > Wish::Run).await;
        tokio::time::sleep(START_PATIENCE).await;
    }

    /// A start that failed is the host's fault and says so, also in the agent's own log.
    fn never_started(&self, reason: String) -> ExitRecord {
        tracing::error!(attempt = %self.id, reason, "cannot start a job");
        self.context.fitness.failed(&reason);
        ExitRecord { never_started: true, ..ExitRecord::unseen(reason) }
    }

    /// A shim of an earlier agent: it may even be about to start its command at this moment.
    async fn rejoin(&mut self) -> ExitRecord {
        loop {
            if let Ok(Some(started)) = read_record::<Started>(&self.dir.started()) {
                return match open_same(&started) {
                    Some(shim) => self.accompany(&shim, Some(started)).await,
                    None => self.ended_record(None).await,
                };
            }
            if self.dir.exit().exists() || lock_is_free(&self.dir) {
                return self.ended_record(None).await;
            }
            tokio::time::sleep(RECORD_CHECKS).await;
        }
    }

    /// Stays with the shim until it ends, passing on what is wished meanwhile. A shim that does not do it is ended itself.
    async fn accompany(&mut self, shim: &ShimProcess, started: Option<Started>) -> ExitRecord {
        let mut verdict = None;
        if let Some(started) = &started {
            tracing::info!(attempt = %self.id, pid = started.pid, gpus = ?self.spec.gpu_uuids, "started");
            self.context.fitness.went_well();
            self.spec.cgroup.clone_from(&started.cgroup);
            self.book.lock().started(&self.id, started);
            let of_this_boot = started.boot_id == procfs::boot_id();
            let after_boot = started.started_after_boot.filter(|_| of_this_boot);
            verdict = self.submit(started.started_at, after_boot, ReportKind::Started).await;
        }
        let mut obeyed = Wish::Run;
        let mut deadline: Option<Instant> = None;
        loop {
            let wished = *self.wish.borrow_and_update();
            if wished > obeyed {
                obeyed = wished;
                self.passed_on = true;
                shim.send(if wished.is_urgent() { Message::Kill } else { Message::Stop });
                let by = Instant::now() + self.patience(wished);
                deadline = Some(deadline.map_or(by, |before| before.min(by)));
            }
            tokio::select! {
                code = shim.ended() => return self.ended_record(code).await,
                _ = self.wish.changed() => {}
                () = until(deadline) => return self.without_shim(shim).await,
                accepted = answered(&mut verdict) => {
                    if !accepted {
                        tracing::warn!(attempt = %self.id, "the server refuses this attempt: killing it");
                        self.book.lock().wish(&self.id, Wish::Forget);
                    }
                }
            }
        }
    }

    fn patience(&self, wish: Wish) -> Duration {
        if wish.is_urgent() {
            return KILL_PATIENCE;
        }
        Duration::from_secs(self.spec.grace_seconds).saturating_add(STOP_PATIENCE)
    }

    /// The shim hangs, or its job has stopped it: it goes, and its job with it.
    async fn without_shim(&self, shim: &ShimProcess) -> ExitRecord {
        tracing::error!(attempt = %self.id, shim = shim.pid(), "a shim does not answer: killing it and all of its job");
        shim.kill();
        let _ = timeout(LONGEST_DYING, shim.ended()).await;
        let record = self.lost("its shim did not answer", EndCause::Command).await;
        ExitRecord { stopped: true, ..record }
    }

    async fn ended_record(&self, shim_code: Option<i32>) -> ExitRecord {
        if let Ok(Some(record)) = read_record::<ExitRecord>(&self.dir.exit()) {
            // What becomes of a container depends on its image, its directory and its variables too: it says nothing about
            // what this host can start.
            if record.never_started && self.spec.container.is_none() {
                return self.never_started(record.reason.unwrap_or_default());
            }
            return record;
        }
        match unrecorded(shim_code, self.dir.started().exists()) {
            Unrecorded::NeverStarted(reason) => self.never_started(reason.to_owned()),
            Unrecorded::Lost(reason) => self.lost(reason, EndCause::Command).await,
        }
    }

    async fn lost(&self, reason: &str, cause: EndCause) -> ExitRecord {
        let tree_gone = self.leftovers().kill_all().await;
        ExitRecord { tree_gone, lost: cause == EndCause::Lost, ..ExitRecord::unseen(reason.to_owned()) }
    }

    fn cgroup(&self) -> Option<Cgroup> {
        self.spec.cgroup.clone().map(Cgroup::at)
    }

    fn leftovers(&self) -> Leftovers {
        Leftovers {
            id: self.id.clone(),
            cgroup: self.cgroup(),
            container: self.spec.container.clone(),
            container_id: self.dir.container(),
        }
    }

    /// Reports the end and sends the rest of the log. Of what is to be forgotten nothing is reported; its log is still sent, for
    /// one wants to read how it went on meanwhile.
    async fn close(&mut self, record: &ExitRecord) {
        let mut wish = self.wish.clone();
        let forgotten = async move {
            let _ = wish.wait_for(|wish| *wish == Wish::Forget).await;
        };
        tokio::pin!(forgotten);
        let mut logs = Box::pin(self.context.logs.finish(self.id.clone())).fuse();
        let reported = tokio::select! {
            biased;
            () = &mut forgotten => false,
            () = self.report_end(record, &mut logs) => true,
        };
        let given_up = async {
            if reported {
                forgotten.await;
            }
            tokio::time::sleep(LAST_LINES).await;
        };
        let all_sent = logs.is_terminated()
            || tokio::select! {
                () = logs => true,
                () = given_up => false,
            };
        if !all_sent {
            tracing::warn!(attempt = %self.id, "the end of a log was not sent: the attempt is not this host's any more");
        }
    }

    /// GPUs do not wait for a long log; a short one is there before the end is told.
    async fn report_end(&self, record: &ExitRecord, logs: &mut (impl FusedFuture<Output = ()> + Unpin)) {
        if record.never_started {
            self.context.fitness.is_known().await;
        }
        let log = async {
            if !self.is_silent() {
                let _ = timeout(SHORT_LOG, logs).await;
            }
        };
        let (unclean_gpus, ()) =
            tokio::join!(clean::unclean_gpus(&self.context.devices, &self.spec.gpu_uuids, record), log,);
        let (wish, blamed) = (*self.wish.borrow(), self.book.lock().blamed_on(&self.id));
        let kind = ReportKind::Exited { end: ending(record, wish, self.passed_on, blamed), unclean_gpus };
        let of_this_boot = self.spec.boot_id == procfs::boot_id();
        let after_boot = record.finished_after_boot.filter(|_| of_this_boot);
        if let Some(verdict) = self.submit(record.finished_at, after_boot, kind).await {
            let accepted = verdict.await.unwrap_or(false);
            tracing::debug!(attempt = %self.id, accepted, "reported its end");
        }
    }

    /// Whether it has written nothing: then there is no line to wait for.
    fn is_silent(&self) -> bool {
        std::fs::metadata(self.dir.log()).map_or(true, |log| log.len() == 0)
    }

    async fn submit(
        &self,
        at: DateTime<Utc>,
        after_boot: Option<u64>,
        kind: ReportKind,
    ) -> Option<oneshot::Receiver<bool>> {
        let after_boot = after_boot.map(Duration::from_millis);
        let (submission, verdict) = Submission::new(Report { id: self.id.clone(), at, after_boot, kind });
        self.context.reports.send(submission).await.ok().map(|()| verdict)
    }

    /// Notes who is left, so that the cards count as occupied by them, and answers how many those are.
    fn look_at_survivors(&self) -> usize {
        let leftovers = self.leftovers();
        let left = leftovers.find();
        leftovers.kill(&left);
        self.book.lock().haunted_by(&self.id, left.iter().map(|process| process.pid).collect());
        left.len()
    }

    /// Goes on killing what outlived SIGKILL: until it is gone its cards are nobody's.
    async fn outlast_survivors(&self) {
        tracing::error!(attempt = %self.id, "processes of a job outlived SIGKILL; its GPUs stay out of use until they are gone");
        while self.look_at_survivors() > 0 {
            tokio::time::sleep(HAUNT_CHECKS).await;
        }
        tracing::info!(attempt = %self.id, "the last processes of a job are gone");
        self.book.lock().stopped(&self.id);
    }

    fn clean_up(&self) {
        self.context.logs.forget(self.id.clone());
        if let Some(Err(error)) = self.cgroup().map(|group| group.remove()) {
            tracing::warn!(attempt = %self.id, %error, "cannot remove an attempt's control group");
        }
        if let Err(error) = self.dir.remove() {
            tracing::warn!(attempt = %self.id, %error, "cannot remove an attempt's directory");
        }
    }
}

/// The shim that the record names, if it still is that one.
fn open_same(started: &Started) -> Option<ShimProcess> {
    let shim = ShimProcess::open(started.shim_pid).ok()?;
    let stat = procfs::stat(started.shim_pid)?;
    let same = stat.start_time == started.shim_start_time && started.boot_id == procfs::boot_id();
    same.then_some(shim)
}

fn lock_is_free(dir: &AttemptDir) -> bool {
    std::fs::File::open(dir.lock()).is_ok_and(|lock| lock.try_lock().is_ok())
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Waits for an answer once; afterwards for ever, so that a loop may go on asking.
async fn answered(verdict: &mut Option<oneshot::Receiver<bool>>) -> bool {
    let Some(receiver) = verdict else { return std::future::pending().await };
    let answer = receiver.await;
    *verdict = None;
    answer.unwrap_or(true)
}
