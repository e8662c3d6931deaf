//! What a host is to run and to stop, pushed to its agent: everything at once, then each change.

use std::collections::BTreeMap;
use std::time::Duration;

use async_graphql::{ComplexObject, Context, ID, SimpleObject, Subscription};
use domain::ids::{HostId, JobId};
use futures_util::stream::Stream;
use sea_orm::prelude::Uuid;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::caller::{permit, store};
use super::enums::AssignmentAction;
use super::failure::{Answer, Failure};
use super::lists::at_most;
use crate::fault::Fault;
use crate::store::agents::AssignedAttempt;
use crate::store::{EventKind, Store};

/// Looked at anyway after this long: events should leave nothing to find.
const EVERY: Duration = Duration::from_secs(15);
/// SIGTERM comes this long before SIGKILL.
const GRACE_SECONDS: i32 = 10;

/// An environment variable of an assignment.
#[derive(SimpleObject, Clone)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// One attempt of a job, as far as it concerns this host.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub struct Assignment {
    /// The job.
    pub job_id: ID,
    /// Its attempt.
    pub attempt: i32,
    /// What to do.
    pub action: AssignmentAction,
    /// The job's name.
    pub job_name: String,
    /// Whose it is.
    pub organization_slug: String,
    /// Program and arguments.
    pub command: Vec<String>,
    #[graphql(skip)]
    env: Vec<EnvVar>,
    /// Where the command starts; null: the home directory of the user that it runs as.
    pub workdir: Option<String>,
    /// The container image that the command runs in; null: what is installed on the host.
    pub image: Option<String>,
    /// UUIDs of the GPUs on this host, for CUDA_VISIBLE_DEVICES.
    pub gpu_uuids: Vec<String>,
    /// Thousandths of the GPU, when it is shared.
    pub milli: i32,
    /// Longest run.
    pub time_limit_seconds: Option<i32>,
    /// Time between SIGTERM and SIGKILL.
    pub grace_seconds: i32,
    /// This host's place among the attempt's hosts, from 0.
    pub node_rank: i32,
    /// The attempt's hosts.
    pub node_count: i32,
    /// True: the host has said that it started this attempt. An agent that does not know it has lost it, and must not start
    /// it again.
    pub started: bool,
}

/// A change of a host's assignments.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub struct AssignmentsUpdate {
    /// True: these are all of the host's assignments, and what is not among them is to be forgotten. False: only what
    /// changed.
    pub complete: bool,
    #[graphql(skip)]
    /// The assignments, whatever part of them a client asks for.
    pub assignments: Vec<Assignment>,
}

#[ComplexObject]
impl Assignment {
    /// Environment variables.
    async fn env(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<EnvVar>> {
        Ok(self.env.iter().take(at_most(first)?).cloned().collect())
    }
}

#[ComplexObject]
impl AssignmentsUpdate {
    /// The assignments.
    async fn assignments(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Assignment>> {
        Ok(self.assignments.iter().take(at_most(first)?).cloned().collect())
    }
}

impl Assignment {
    fn of(one: AssignedAttempt) -> Self {
        let stop = one.job.status == "STOPPING";
        Self {
            job_id: ID(JobId(one.job.id).to_string()),
            attempt: one.part.attempt,
            action: if stop { AssignmentAction::Stop } else { AssignmentAction::Run },
            job_name: one.job.name,
            organization_slug: one.organization_slug,
            command: one.job.command.map(|command| command.0).unwrap_or_default(),
            env: one.job.env.0.into_iter().map(|(name, value)| EnvVar { name, value }).collect(),
            workdir: one.job.workdir,
            image: one.job.image,
            gpu_uuids: one.gpu_uuids,
            milli: one.milli,
            time_limit_seconds: one.job.time_limit_seconds,
            grace_seconds: GRACE_SECONDS,
            node_rank: one.part.node_rank,
            node_count: one.part.node_count,
            started: one.part.state == "STARTED",
        }
    }

    fn forgotten(mut self) -> Self {
        self.action = AssignmentAction::Forget;
        self.command.clear();
        self.env.clear();
        self
    }
}

/// What agents hear.
#[derive(Default)]
pub struct AgentSubscription;

#[Subscription]
impl AgentSubscription {
    /// Agents only. What this host is to run and to stop: everything at once, then each change. Ends when a newer epoch
    /// begins.
    async fn assignments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The agent's epoch.")] epoch: i32,
    ) -> Result<impl Stream<Item = Answer<AssignmentsUpdate>> + use<>, Failure> {
        let host = permit(ctx)?.host()?;
        let watch = Watch::begin(store(ctx).clone(), host, epoch).await?;
        Ok(futures_util::stream::unfold(watch, |mut watch| async move {
            let next = watch.next().await?;
            Some((next.map_err(Failure::from), watch))
        }))
    }
}

/// What a host was told, by attempt.
type Told = BTreeMap<(Uuid, i32), Assignment>;

/// One host's stream of assignments: what it was told, and so what is news to it.
pub struct Watch {
    store: Store,
    host: HostId,
    epoch: i32,
    events: tokio::sync::broadcast::Receiver<std::sync::Arc<crate::store::Event>>,
    told: Option<Told>,
}

/// What a look has found.
pub enum Seen {
    /// There is something to tell.
    News(AssignmentsUpdate),
    /// It is as it was told.
    Nothing,
    /// A newer epoch has begun: the stream ends.
    Over,
}

impl Watch {
    /// A stream of which nothing was told yet.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for an epoch that has ended.
    pub async fn begin(store: Store, host: HostId, epoch: i32) -> Result<Self, Fault> {
        let events = store.feed().subscribe();
        let present = store.epoch_of(host).await?.ok_or(Fault::NotFound("host"))?;
        if present != epoch {
            return Err(Fault::Conflict {
                message: format!("epoch {epoch} of the host has ended: it is {present} now; register again"),
                current_version: Some(present),
            });
        }
        Ok(Self { store, host, epoch, events, told: None })
    }

    async fn next(&mut self) -> Option<Result<AssignmentsUpdate, Fault>> {
        loop {
            if self.told.is_some() && !self.wait().await {
                return None;
            }
            match self.look().await {
                Ok(Seen::News(update)) => return Some(Ok(update)),
                Ok(Seen::Nothing) => {}
                Ok(Seen::Over) => return None,
                Err(fault) => return Some(Err(fault)),
            }
        }
    }

    /// Reads what the host is to run and to stop, and finds what of it is news: at the first time, all of it.
    ///
    /// # Errors
    /// Database faults.
    pub async fn look(&mut self) -> Result<Seen, Fault> {
        let Some(now) = self.read().await? else { return Ok(Seen::Over) };
        let Some(before) = self.told.replace(now.clone()) else {
            let assignments = now.into_values().collect();
            return Ok(Seen::News(AssignmentsUpdate { complete: true, assignments }));
        };
        let assignments = difference(before, &now);
        if assignments.is_empty() {
            return Ok(Seen::Nothing);
        }
        Ok(Seen::News(AssignmentsUpdate { complete: false, assignments }))
    }

    /// Until this host, one of its GPUs or one of its jobs has changed. False: the feed has ended.
    async fn wait(&mut self) -> bool {
        let deadline = tokio::time::Instant::now() + EVERY;
        loop {
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Err(_) | Ok(Err(RecvError::Lagged(_))) => break,
                Ok(Err(RecvError::Closed)) => return false,
                Ok(Ok(event)) if self.concerns(&event) => break,
                Ok(Ok(_)) => {}
            }
        }
        // What has piled up meanwhile is seen by the same read.
        while !matches!(self.events.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        true
    }

    /// Whether an event may have changed what the host is to run and to stop.
    #[must_use]
    pub fn concerns(&self, event: &crate::store::Event) -> bool {
        match event.kind {
            EventKind::Job => {
                let attempts = (event.subject, i32::MIN)..=(event.subject, i32::MAX);
                self.told.as_ref().is_some_and(|told| told.range(attempts).next().is_some())
            }
            // What is given to a job is told of the GPU too, in the same commit.
            EventKind::Gpu => {
                let host = event.payload.get("host").and_then(|host| host.as_str());
                host.and_then(|host| host.parse::<Uuid>().ok()) == Some(self.host.0)
            }
            EventKind::Host => event.subject == self.host.0,
            EventKind::Organization => false,
        }
    }

    /// None: a newer epoch has begun.
    async fn read(&self) -> Result<Option<Told>, Fault> {
        let Some(now) = self.store.assignments(self.host, self.epoch).await? else { return Ok(None) };
        Ok(Some(now.into_iter().map(|one| ((one.job.id, one.part.attempt), Assignment::of(one))).collect()))
    }
}

/// What is new, what is to be stopped now, and what is no longer this host's.
fn difference(before: Told, now: &Told) -> Vec<Assignment> {
    let mut changed: Vec<Assignment> = now
        .iter()
        .filter(|(key, one)| before.get(*key).is_none_or(|old| old.action != one.action))
        .map(|(_, one)| one.clone())
        .collect();
    let gone = before.into_iter().filter(|(key, _)| !now.contains_key(key));
    changed.extend(gone.map(|(_, one)| one.forgotten()));
    changed
}
