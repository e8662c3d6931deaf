//! All that `top` shows and how it changes: by news from the server and by keys. Nothing here reads or writes anything; what
//! is to be asked of the server is handed back.

use ratatui::layout::Rect;

use super::fleet::{Fleet, HostSort};
use super::ink::Ink;
use super::layout::Layout;
use super::link::Link;
use super::pane::Pane;
use super::queue::{Entry, JobSort, Queue};
use crate::api::{
    FleetTotals, GpuInUse, GpuLine, GpuReading, HostLine, Instant, JobDetail, JobInSight, JobLine, JobStatus,
    Role, WholeExplanation,
};
use crate::args::top::GpuView;
use crate::output::style::Tone;

/// GPUs whose use is asked for at once while they are out of sight.
const OUT_OF_SIGHT: usize = 500;

/// What has come from the server.
#[derive(Debug)]
pub(super) enum News {
    /// So much of a snapshot.
    Loading {
        gpus: usize,
        jobs: usize,
    },
    /// A whole snapshot; more jobs wait than it holds where it is cut short.
    Snapshot {
        gpus: Vec<GpuLine>,
        jobs: Vec<JobLine>,
        cut_short: bool,
    },
    Gpu(GpuLine),
    Job(JobLine),
    Totals(FleetTotals),
    /// A host as it is now; none: one was removed.
    Host(Option<HostLine>),
    /// What cards in sight told.
    Readings(Vec<GpuReading>),
    /// GPUs and jobs that were asked for by id, and the ids of those that are gone.
    Seen {
        gpus: Vec<GpuReading>,
        jobs: Vec<JobInSight>,
        gone: Vec<String>,
    },
    Uses(Vec<GpuInUse>),
    /// A subscription was lost.
    Cut(String),
    /// All of them stand.
    Standing,
    /// All there is to know of a job, or why that could not be had.
    Facts {
        id: String,
        facts: Result<Box<Facts>, String>,
    },
    /// A job was cancelled, or why not.
    Cancelled {
        name: String,
        outcome: Result<JobStatus, String>,
    },
}

/// All there is to know of a job.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) detail: JobDetail,
    pub(super) pending: Option<WholeExplanation>,
}

/// What the server is asked to do or to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    Cancel {
        id: String,
        name: String,
    },
    Inspect {
        id: String,
    },
    /// A new snapshot.
    Reload,
}

/// What is in sight, and therefore asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) gpus: Vec<String>,
    /// Those that live: the others change no more.
    pub(super) jobs: Vec<String>,
    /// Allocated GPUs that are out of sight: their use alone.
    pub(super) uses: Vec<String>,
    /// Something of it was never asked for, or has changed since.
    pub(super) is_urgent: bool,
}

/// Who looks.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) server: String,
    pub(super) name: String,
    pub(super) role: Role,
}

/// What the server told.
#[derive(Debug, Clone, Default)]
pub(super) struct Picture {
    pub(super) fleet: Fleet,
    pub(super) queue: Queue,
    pub(super) totals: Option<FleetTotals>,
}

/// A picture that does not move.
#[derive(Debug, Clone)]
pub(super) struct Frozen {
    picture: Picture,
    pub(super) since: Instant,
    pub(super) changes: usize,
}

/// Which pane the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    Gpus,
    Jobs,
}

/// What stands in front of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dialog {
    Help,
    /// The words of a filter being typed, and what they were before.
    Filter {
        before: String,
    },
    Cancel {
        id: String,
        name: String,
        words: String,
    },
}

/// What is shown in place of the panes.
#[derive(Debug, Clone)]
pub(super) enum Sheet {
    Job { id: String, facts: Option<Result<Box<Facts>, String>> },
    Host { name: String },
}

/// A row of the pane of GPUs.
#[derive(Debug, Clone, Copy)]
pub(super) enum GpuRow<'a> {
    Host(&'a super::fleet::HostEntry),
    Card(&'a super::fleet::Card),
}

impl GpuRow<'_> {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Host(host) => format!("host {}", host.line.name),
            Self::Card(card) => card.id().to_owned(),
        }
    }
}

/// The whole of it.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) ink: Ink,
    pub(super) who: Who,
    pub(super) readonly: bool,
    pub(super) link: Link,
    live: Picture,
    pub(super) frozen: Option<Box<Frozen>>,
    pub(super) focus: Focus,
    pub(super) gpus: Pane,
    pub(super) jobs: Pane,
    pub(super) view: GpuView,
    pub(super) host_sort: HostSort,
    pub(super) job_sort: JobSort,
    pub(super) dialog: Option<Dialog>,
    pub(super) sheet: Option<Sheet>,
    pub(super) scroll: usize,
    /// What happened last, until the next key.
    pub(super) message: Option<(String, Tone)>,
    pub(super) layout: Layout,
}

impl State {
    pub(super) fn new(who: Who, ink: Ink, view: GpuView, readonly: bool) -> Self {
        Self {
            ink,
            who,
            readonly,
            link: Link::new(),
            live: Picture::default(),
            frozen: None,
            focus: Focus::Jobs,
            gpus: Pane::default(),
            jobs: Pane::default(),
            view,
            host_sort: HostSort::default(),
            job_sort: JobSort::default(),
            dialog: None,
            sheet: None,
            scroll: 0,
            message: None,
            layout: Layout::default(),
        }
    }

    /// What is shown: the present, unless it was paused.
    pub(super) fn picture(&self) -> &Picture {
        self.frozen.as_ref().map_or(&self.live, |frozen| &frozen.picture)
    }

    /// Takes news, and says what else is to be asked because of them.
    pub(super) fn take(&mut self, news: News, now: Instant) -> Option<Order> {
        if let (Some(frozen), News::Gpu(_) | News::Job(_)) = (&mut self.frozen, &news) {
            frozen.changes += 1;
        }
        if !matches!(news, News::Cut(_)) {
            self.link.heard(now);
        }
        let changed = match &news {
            News::Job(job) => Some(job.id.inner().to_owned()),
            _ => None,
        };
        let moved = matches!(news, News::Totals(_) | News::Snapshot { .. });
        let live = &mut self.live;
        match news {
            News::Loading { gpus, jobs } => self.link.loading(gpus, jobs, now),
            News::Snapshot { gpus, jobs, cut_short } => {
                live.fleet.replace(gpus);
                live.queue.replace(jobs, cut_short);
            }
            News::Gpu(gpu) => live.fleet.take(gpu),
            News::Job(job) => live.queue.take(job),
            News::Totals(totals) => live.totals = Some(totals),
            // Which one was removed is not told.
            News::Host(None) => return Some(Order::Reload),
            News::Host(Some(host)) => live.fleet.take_host(host),
            News::Readings(readings) => readings.into_iter().for_each(|reading| live.fleet.read(reading)),
            News::Seen { gpus, jobs, gone } => {
                gpus.into_iter().for_each(|reading| live.fleet.read(reading));
                jobs.into_iter().for_each(|sight| live.queue.see(sight));
                for id in gone {
                    live.fleet.forget(&id);
                    live.queue.forget(&id);
                }
            }
            News::Uses(uses) => uses.into_iter().for_each(|gpu| live.fleet.used(gpu.id.inner(), gpu.in_use)),
            News::Cut(cause) => self.link.cut(cause, now),
            News::Standing => self.link.standing(now),
            News::Facts { id, facts } => self.take_facts(&id, facts),
            News::Cancelled { name, outcome } => self.message = Some(cancelled(&name, outcome)),
        }
        if self.live.queue.wants_more() {
            self.live.queue.cut_short = false;
            return Some(Order::Reload);
        }
        self.inspect_again(changed.as_deref(), moved)
    }

    fn take_facts(&mut self, id: &str, told: Result<Box<Facts>, String>) {
        if let Some(Sheet::Job { id: open, facts }) = &mut self.sheet
            && open == id
        {
            *facts = Some(told);
        }
    }

    /// The sheet of a job that changed, or whose reasons may have.
    fn inspect_again(&self, changed: Option<&str>, moved: bool) -> Option<Order> {
        let Some(Sheet::Job { id, .. }) = &self.sheet else { return None };
        let waits = self.live.queue.get(id).is_some_and(|job| job.line.status.is_waiting());
        (changed == Some(id.as_str()) || moved && waits).then(|| Order::Inspect { id: id.clone() })
    }

    /// Stops the picture, or lets it catch up.
    pub(super) fn pause(&mut self, now: Instant) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some(Box::new(Frozen { picture: self.live.clone(), since: now, changes: 0 })),
        };
    }

    /// Fits everything into this area, as it is now.
    pub(super) fn settle(&mut self, area: Rect, now: Instant) {
        let cards = self.card_rows();
        let hosts = self.picture().fleet.hosts(&self.gpus.filter, self.host_sort).len();
        self.layout = Layout::new(area, self.view, cards).with_hosts(hosts);
        (self.gpus.height, self.jobs.height) = (self.layout.gpu_rows(), self.layout.job_rows());
        let (gpus, jobs) = (self.gpu_names(), self.job_names(now));
        self.gpus.settle(&gpus);
        self.jobs.settle(&jobs);
    }

    /// Rows that a line for each GPU would take.
    fn card_rows(&self) -> usize {
        let hosts = self.picture().fleet.hosts(&self.gpus.filter, self.host_sort);
        let cards: usize = hosts.iter().map(|host| host.size()).sum();
        cards + if hosts.len() > 1 { hosts.len() } else { 0 }
    }

    pub(super) fn gpu_list(&self) -> Vec<GpuRow<'_>> {
        let hosts = self.picture().fleet.hosts(&self.gpus.filter, self.host_sort);
        // A single host's name stands above the pane.
        let with_names = hosts.len() > 1 || !self.layout.is_full;
        let mut rows = Vec::new();
        for host in hosts {
            if with_names {
                rows.push(GpuRow::Host(host));
            }
            if self.layout.is_full {
                rows.extend(host.cards().map(GpuRow::Card));
            }
        }
        rows
    }

    pub(super) fn job_list(&self, now: Instant) -> Vec<&Entry> {
        self.picture().queue.listed(&self.jobs.filter, self.job_sort, now)
    }

    pub(super) fn gpu_names(&self) -> Vec<String> {
        self.gpu_list().iter().map(GpuRow::name).collect()
    }

    pub(super) fn job_names(&self, now: Instant) -> Vec<String> {
        self.job_list(now).iter().map(|job| job.id().to_owned()).collect()
    }

    /// The chosen job, if that is what the keys go to.
    pub(super) fn chosen_job(&self) -> Option<&Entry> {
        match (&self.sheet, self.focus) {
            (Some(Sheet::Job { id, .. }), _) => self.picture().queue.get(id),
            (Some(Sheet::Host { .. }), _) | (None, Focus::Gpus) => None,
            (None, Focus::Jobs) => self.picture().queue.get(self.jobs.chosen.as_ref()?),
        }
    }

    /// The host that is chosen, or that of the chosen GPU.
    pub(super) fn chosen_host(&self) -> Option<String> {
        let chosen = self.gpus.chosen.as_ref()?;
        match chosen.strip_prefix("host ") {
            Some(name) => Some(name.to_owned()),
            None => Some(self.picture().fleet.card(chosen)?.line.host.name.clone()),
        }
    }

    /// What is in sight now.
    pub(super) fn sight(&self, now: Instant) -> Sight {
        let shown_host = match &self.sheet {
            Some(Sheet::Host { name }) => Some(name.clone()),
            _ => None,
        };
        let (mut gpus, mut jobs, mut urgent) = (Vec::new(), Vec::new(), false);
        let mut see = |card: &super::fleet::Card| {
            urgent |= card.is_unread();
            gpus.push(card.id().to_owned());
        };
        match shown_host.as_ref().map(|name| self.picture().fleet.host(name)) {
            Some(host) => host.into_iter().flat_map(|host| host.cards()).for_each(&mut see),
            None => {
                for row in self.gpu_list().into_iter().skip(self.gpus.top).take(self.gpus.height) {
                    match row {
                        GpuRow::Card(card) => see(card),
                        GpuRow::Host(host) if !self.layout.is_full => host.cards().for_each(&mut see),
                        GpuRow::Host(_) => {}
                    }
                }
                for job in self.job_list(now).into_iter().skip(self.jobs.top).take(self.jobs.height) {
                    if !job.line.status.is_final() {
                        urgent |= job.is_unread();
                        jobs.push(job.id().to_owned());
                    }
                }
            }
        }
        // A picture that stands still takes no answers: nothing in it is waited for.
        Sight { gpus, jobs, uses: Vec::new(), is_urgent: urgent && self.frozen.is_none() }
    }

    /// Those whose use is asked for although nobody sees them: they are counted.
    pub(super) fn next_uses(&mut self) -> Vec<String> {
        self.live.fleet.next_allocated(OUT_OF_SIGHT)
    }

    /// Whether this caller may cancel jobs, and if not, why.
    pub(super) fn may_cancel(&self) -> Result<(), String> {
        match (self.readonly, self.who.role) {
            (true, _) => Err("nothing is changed here: top was started with --readonly".to_owned()),
            (false, Role::Viewer | Role::Agent) => {
                Err(format!("the role {} cannot cancel jobs", self.who.role.as_str()))
            }
            (false, _) => Ok(()),
        }
    }
}

fn cancelled(name: &str, outcome: Result<JobStatus, String>) -> (String, Tone) {
    match outcome {
        Ok(JobStatus::Cancelled) => (format!("{name} is cancelled"), Tone::Good),
        Ok(status) => (format!("{name} is asked to stop: {}", status.as_str()), Tone::Move),
        Err(why) => (format!("{name} is not cancelled: {why}"), Tone::Bad),
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
