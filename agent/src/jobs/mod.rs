//! The attempts on this host: starts what the server assigns, finds again what an earlier agent started, and stops what
//! is no longer wanted. Each attempt is one task that walks it from its start to its acknowledged end.

mod adopt;
mod book;
mod children;
mod clean;
mod containment;
mod fitness;
mod launch;
mod leftovers;
mod process;
mod report;
mod runner;
mod trial;
mod users;

pub(crate) use children::inherit_orphans;
pub use clean::judge_card;
pub(crate) use containment::Containment;
pub(crate) use fitness::Fitness;
pub use report::UncleanGpu;
pub(crate) use report::{Report, ReportKind, Submission};
pub(crate) use trial::keep_trying;
pub use users::{InvalidJobUser, JobUserRule, JobUsers};

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::attempt::{AttemptDir, AttemptId, Spec};
use crate::clock::since_boot;
use crate::container::Runtime;
use crate::decide::{Action, EndCause, Ending, Step, Wish, carry_out};
use crate::devices::{LiveAttempt, Watcher};
use crate::logs::Logs;
use book::{Book, Shared};
use runner::{Origin, Runner};

/// What the server says about one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// What to do.
    pub(crate) action: Action,
    /// All that is needed to start it.
    pub(crate) spec: Spec,
}

/// What all attempts share.
pub(crate) struct Context {
    pub(crate) jobs_dir: PathBuf,
    /// The file in which the lease is kept.
    pub(crate) lease: PathBuf,
    /// Run as `PROGRAM shim DIRECTORY`; none: this very program.
    pub(crate) shim_program: Option<PathBuf>,
    pub(crate) containment: Containment,
    pub(crate) users: JobUsers,
    /// What runs containers here.
    pub(crate) containers: Option<Runtime>,
    pub(crate) fitness: Fitness,
    pub(crate) reports: mpsc::Sender<Submission>,
    pub(crate) logs: Logs,
    pub(crate) devices: Arc<Watcher>,
    pub(crate) shutdown: CancellationToken,
}

/// Every attempt that this host has not finished with.
#[derive(Clone)]
pub(crate) struct Jobs {
    context: Arc<Context>,
    book: Shared,
}

impl Jobs {
    /// Takes up what an earlier agent left, before the server is asked anything.
    pub(crate) fn adopt(context: Arc<Context>) -> std::io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&context.jobs_dir)?;
        let found = adopt::find(&context.jobs_dir)?;
        let jobs = Self { context, book: Book::shared() };
        for (spec, origin) in found {
            tracing::info!(attempt = %spec.id(), state = origin.name(), "found an attempt of an earlier agent");
            jobs.follow(spec, origin);
        }
        Ok(jobs)
    }

    /// Carries out what the server says. With `complete`, an attempt that is not among the orders is not this host's.
    pub(crate) fn apply(&self, complete: bool, orders: Vec<Order>) {
        if complete {
            let wanted = orders.iter().map(|order| order.spec.id()).collect();
            // Taken out of the loop's head, where the lock would be held for all of the loop.
            let others = self.book.lock().others(&wanted);
            for forgotten in others {
                tracing::warn!(attempt = %forgotten, "the server does not know this attempt any more: killing it");
                self.wish(&forgotten, Wish::Forget);
            }
        }
        for order in orders {
            self.carry_out(order);
        }
    }

    fn carry_out(&self, Order { action, spec }: Order) {
        let id = spec.id();
        let known = self.book.lock().knows(&id);
        match carry_out(action, known) {
            Step::Nothing => {}
            Step::Start => self.follow(spec, Origin::New),
            Step::ReportLost => {
                self.follow(spec, Origin::Lost("its host lost track of it", EndCause::Lost));
            }
            Step::Wish(wish) => self.wish(&id, wish),
            Step::ReportUnknown => self.report_unknown(id),
        }
    }

    /// The server is out of reach: everything is to end before it may give the work to others.
    pub(crate) fn lease_is_ending(&self) {
        self.wish_for_all(Wish::LeaseEnding);
    }

    /// The lease is over: nothing may go on.
    pub(crate) fn lease_is_lost(&self) {
        self.wish_for_all(Wish::LeaseLost);
    }

    /// The attempts whose processes may be on GPUs now.
    pub(crate) fn live(&self) -> Vec<LiveAttempt> {
        self.book.lock().live()
    }

    /// Tells the same from elsewhere, for as long as is wanted, without keeping anything else alive.
    pub(crate) fn live_elsewhere(&self) -> impl Fn() -> Vec<LiveAttempt> + Send + use<> {
        let book = self.book.clone();
        move || book.lock().live()
    }

    /// A card is gone: the jobs on it have nothing to work with, and others go on.
    pub(crate) fn card_died(&self, uuid: &str, reason: &str) {
        // Taken out of the loops' heads, where the lock would be held for all of them.
        let ids = self.book.lock().on_card(uuid);
        for id in ids {
            let first = self.book.lock().blame(&id, format!("its GPU is gone: {reason}"));
            if first {
                tracing::error!(attempt = %id, uuid, reason, "a job's GPU is gone: ending the job");
            }
            self.wish(&id, Wish::CardDied);
        }
    }

    /// The driver has reported a mistake of a program on a card; whoever is there may want to know.
    pub(crate) fn note_on_card(&self, uuid: &str, note: &str) {
        let ids = self.book.lock().on_card(uuid);
        for id in ids {
            tracing::warn!(attempt = %id, uuid, note, "the driver reports a mistake of a program");
            let kind = ReportKind::Noted(format!("on the GPU {uuid}: {note}"));
            let after_boot = Some(since_boot());
            let (submission, _) = Submission::new(Report { id, at: Utc::now(), after_boot, kind });
            // Notes are not worth waiting for: with a full queue they are lost.
            let _ = self.context.reports.try_send(submission);
        }
    }

    /// Why this host cannot start jobs; `None` while it can.
    pub(crate) fn unfit(&self) -> Option<String> {
        self.context.fitness.unfit()
    }

    /// Waits until that has changed.
    pub(crate) async fn fitness_changed(&self) {
        self.context.fitness.changed().await;
    }

    /// The server knows this of it.
    pub(crate) fn is_known_as(&self, unfit: Option<String>) {
        self.context.fitness.is_known_as(unfit);
    }

    fn wish_for_all(&self, wish: Wish) {
        let ids = self.book.lock().ids();
        for id in ids {
            self.wish(&id, wish);
        }
    }

    fn wish(&self, id: &AttemptId, wish: Wish) {
        self.book.lock().wish(id, wish);
    }

    fn follow(&self, spec: Spec, origin: Origin) {
        let (sender, receiver) = watch::channel(Wish::Run);
        let id = spec.id();
        let dir = AttemptDir::of(&self.context.jobs_dir, &id);
        self.book.lock().begin(&spec, &dir, sender);
        let runner = Runner {
            dir,
            context: Arc::clone(&self.context),
            book: self.book.clone(),
            wish: receiver,
            passed_on: false,
            id,
            spec,
        };
        let shutdown = self.context.shutdown.clone();
        tokio::spawn(async move { shutdown.run_until_cancelled(runner.run(origin)).await });
    }

    /// The server waits for the end of an attempt that never came here or left no trace.
    fn report_unknown(&self, id: AttemptId) {
        if self.book.lock().has_finished(&id) {
            return;
        }
        let (submission, verdict) = Submission::new(Report {
            id: id.clone(),
            at: Utc::now(),
            after_boot: None,
            kind: ReportKind::Exited {
                end: Ending {
                    exit_code: None,
                    reason: Some("it was not running on this host".to_owned()),
                    timed_out: false,
                    cause: EndCause::Command,
                    asked: None,
                },
                unclean_gpus: Vec::new(),
            },
        });
        let (reports, book) = (self.context.reports.clone(), self.book.clone());
        let told = async move {
            if reports.send(submission).await.is_ok() && verdict.await.is_ok() {
                book.lock().end(&id);
            }
        };
        let shutdown = self.context.shutdown.clone();
        tokio::spawn(async move { shutdown.run_until_cancelled(told).await });
    }
}
