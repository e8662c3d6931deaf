//! What the audience and the scenes see: the jobs as the server tells of them, and the screen that shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::labs::{Lab, Labs};
use super::screen::Screen;
use crate::api::{JobFilter, JobRow};
use crate::client::{Client, Failure, Followed, follow_jobs, newest_jobs};
use crate::output::style::Tone;

/// Longer than any step may take, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the jobs are read as well: blockers change without their job changing.
const LOOK: Duration = Duration::from_secs(1);

/// Jobs by id; ids sort by submission.
pub(super) type Jobs = BTreeMap<String, JobRow>;

/// The one place that all news goes through.
pub(super) struct Stage {
    jobs: watch::Sender<Jobs>,
    screen: Mutex<Screen>,
}

impl Stage {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { jobs: watch::Sender::default(), screen: Mutex::new(Screen::new()) })
    }

    /// Says something to the audience.
    pub(super) fn note(&self, text: &str, tone: Tone) -> Result<(), Failure> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).note(text, tone, &self.jobs.borrow())
    }

    /// Takes a job as the server has it now; what is older than what is known is passed over.
    pub(super) fn take(&self, job: JobRow) -> Result<(), Failure> {
        let id = job.id.inner().to_owned();
        if self.jobs.borrow().get(&id).is_some_and(|known| known.version > job.version) {
            return Ok(());
        }
        self.jobs.send_modify(|jobs| {
            jobs.insert(id.clone(), job);
        });
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).show(&id, &self.jobs.borrow())
    }

    /// Waits until a job is as wanted.
    pub(super) async fn until(
        &self,
        id: &cynic::Id,
        wanted: &str,
        condition: impl Fn(&JobRow) -> bool,
    ) -> Result<JobRow, Failure> {
        let mut news = self.jobs.subscribe();
        let found =
            timeout(PATIENCE, news.wait_for(|jobs| jobs.get(id.inner()).is_some_and(&condition))).await;
        let job = found.ok().and_then(|jobs| jobs.ok()?.get(id.inner()).cloned());
        job.ok_or_else(|| {
            let now = self.jobs.borrow().get(id.inner()).map_or("unknown", |job| job.status.as_str());
            Failure::Other(format!("the job {} should be {wanted} by now and is {now}", id.inner()))
        })
    }

    /// Follows both organizations' jobs for as long as the answer is kept.
    pub(super) fn watch(self: &Arc<Self>, labs: &Labs) -> JoinSet<()> {
        let mut feeds = JoinSet::new();
        for lab in [Lab::Vision, Lab::Language] {
            let (stage, client) = (Arc::clone(self), labs.member(lab).clone());
            feeds.spawn(async move {
                if let Err(failure) = stage.feed(client).await {
                    stage.note(&failure.line(), Tone::Bad).ok();
                }
            });
        }
        feeds
    }

    async fn feed(&self, client: Client) -> Result<(), Failure> {
        let mut changes = follow_jobs(&client, JobFilter::default());
        let mut looks = interval(LOOK);
        loop {
            tokio::select! {
                news = changes.recv() => match news {
                    Some(Ok(Followed::Item(job))) => self.take(job)?,
                    Some(Ok(_)) => {}
                    Some(Err(failure)) => return Err(failure),
                    None => return Ok(()),
                },
                _ = looks.tick() => {
                    match newest_jobs(&client, JobFilter::default(), 50).await {
                        Ok(jobs) => jobs.into_iter().try_for_each(|job| self.take(job))?,
                        Err(failure) if failure.is_passing() => {}
                        Err(failure) => return Err(failure),
                    }
                }
            }
        }
    }
}
