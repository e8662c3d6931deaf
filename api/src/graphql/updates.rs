//! What people hear of the rest of the fleet: hosts, organizations, what cards tell, and the audit trail.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_graphql::{Context, ID, SimpleObject, Subscription};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{GpuId, HostId, OrganizationId};
use futures_util::stream::{self, Stream, StreamExt as _};
use sea_orm::prelude::Uuid;

use super::audit::AuditEntry;
use super::caller::{permit, store};
use super::failure::{Answer, Failure};
use super::gpu::Gpu;
use super::host::Host;
use super::loaders::Loaders;
use super::organization::Organization;
use super::subscription::{event_cursor, parse_event_cursor};
use crate::fault::Fault;
use crate::store::{EventKind, Store};

/// Cards followed by one subscription at most.
const CARDS: usize = 256;
/// Samples are told at most this often.
const SAMPLES_EVERY: Duration = Duration::from_secs(1);
/// The audit trail is looked at this often.
const AUDIT_EVERY: Duration = Duration::from_secs(1);
/// A line may become visible so much later than its time says.
const AUDIT_LATE: TimeDelta = TimeDelta::seconds(60);
/// Lines read at once.
const AUDIT_LINES: u64 = 1_000;

/// A committed change of a host.
#[derive(SimpleObject)]
pub struct HostUpdate {
    /// Opaque; strictly increasing. Hand it back as `after` to go on without a gap.
    pub cursor: String,
    /// As it is now; null: it was removed.
    pub host: Option<Host>,
}

/// A committed change of an organization.
#[derive(SimpleObject)]
pub struct OrganizationUpdate {
    /// Opaque; strictly increasing. Hand it back as `after` to go on without a gap.
    pub cursor: String,
    /// As it is now.
    pub organization: Organization,
}

/// New samples of cards.
#[derive(SimpleObject)]
pub struct TelemetryUpdate {
    /// The cards of which there is a newer sample.
    pub gpus: Vec<Gpu>,
}

/// What people hear of the rest of the fleet.
#[derive(Default)]
pub struct FleetSubscription;

#[Subscription]
impl FleetSubscription {
    /// Every committed change of a host: it joined, fell silent, came back, was drained, edited or removed.
    async fn host_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From there on; null: from now.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Answer<HostUpdate>> + use<>, Failure> {
        let scope = permit(ctx)?.scope();
        let after = after.as_deref().map(parse_event_cursor).transpose()?;
        let events = store(ctx).follow(scope, EventKind::Host, after).await?;
        let loaders = ctx.data_unchecked::<Loaders>().clone();
        Ok(events.then(move |event| {
            let loaders = loaders.clone();
            async move {
                let event = event?;
                let host = loaders.one(HostId(event.subject)).await?.map(Host);
                Ok(HostUpdate { cursor: event_cursor(event.seq), host })
            }
        }))
    }

    /// Every committed change of an organization: the caller's own, an operator's all.
    async fn organization_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From there on; null: from now.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Answer<OrganizationUpdate>> + use<>, Failure> {
        let scope = permit(ctx)?.scope();
        let after = after.as_deref().map(parse_event_cursor).transpose()?;
        let events = store(ctx).follow(scope, EventKind::Organization, after).await?;
        let loaders = ctx.data_unchecked::<Loaders>().clone();
        Ok(events.then(move |event| {
            let loaders = loaders.clone();
            async move {
                let event = event?;
                let row = loaders.one(OrganizationId(event.subject)).await?;
                let organization = Organization(row.ok_or(Fault::NotFound("organization"))?);
                Ok(OrganizationUpdate { cursor: event_cursor(event.seq), organization })
            }
        }))
    }

    /// What cards tell: those of them of which there is a newer sample, at once and then at most once a second. A slow reader
    /// hears of the newest alone.
    async fn telemetry_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which cards, at most 256.")] gpu_ids: Vec<ID>,
    ) -> Result<impl Stream<Item = Answer<TelemetryUpdate>> + use<>, Failure> {
        permit(ctx)?;
        if gpu_ids.is_empty() || gpu_ids.len() > CARDS {
            return Err(Fault::invalid("gpuIds", format!("between 1 and {CARDS} cards")).into());
        }
        let parsed = gpu_ids.iter().map(|id| id.parse::<GpuId>().map_err(|_| Fault::NotFound("gpu")));
        let ids = parsed.collect::<Result<Vec<_>, _>>()?;
        let loaders = ctx.data_unchecked::<Loaders>().clone();
        for id in &ids {
            loaders.one(*id).await?.ok_or(Fault::NotFound("gpu"))?;
        }
        let follow =
            Samples { store: store(ctx).clone(), loaders, ids, told: HashMap::new(), is_first: true };
        Ok(stream::unfold(follow, |mut follow| async move { Some((follow.next().await, follow)) }))
    }

    /// Each new line of the audit trail, within seconds of its change; of more than 1,000 at once the newest.
    async fn audit_updates(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Answer<AuditEntry>> + use<>, Failure> {
        permit(ctx)?;
        let since = store(ctx).clock().now();
        let told = store(ctx).audit_since(since - AUDIT_LATE, AUDIT_LINES).await?;
        let told = told.into_iter().map(|line| (line.id, line.at)).collect();
        let trail = Trail { store: store(ctx).clone(), told };
        let lines = stream::unfold(trail, |mut trail| async move { Some((trail.next().await, trail)) });
        Ok(lines.flat_map(|lines| match lines {
            Ok(lines) => stream::iter(lines.into_iter().map(|line| Ok(AuditEntry(line))).collect::<Vec<_>>()),
            Err(fault) => stream::iter(vec![Err(Failure::from(fault))]),
        }))
    }
}

/// Cards whose samples somebody follows.
struct Samples {
    store: Store,
    loaders: Loaders,
    ids: Vec<GpuId>,
    /// When each card's newest sample that was told was taken.
    told: HashMap<Uuid, DateTime<Utc>>,
    is_first: bool,
}

impl Samples {
    async fn next(&mut self) -> Answer<TelemetryUpdate> {
        loop {
            if !std::mem::take(&mut self.is_first) {
                tokio::time::sleep(SAMPLES_EVERY).await;
            }
            let newest = self.store.sampled_at(&self.ids).await?;
            let newer = newest.into_iter().filter(|(id, at)| self.told.get(id) != Some(at));
            let newer: Vec<_> = newer.collect();
            if newer.is_empty() {
                continue;
            }
            let mut gpus = Vec::with_capacity(newer.len());
            for (id, at) in newer {
                self.told.insert(id, at);
                // A card that is out of sight by now is told of no more.
                gpus.extend(self.loaders.one(GpuId(id)).await?.map(Gpu));
            }
            return Ok(TelemetryUpdate { gpus });
        }
    }
}

/// The audit trail, and which of its newest lines were told.
struct Trail {
    store: Store,
    told: HashMap<Uuid, DateTime<Utc>>,
}

impl Trail {
    async fn next(&mut self) -> Result<Vec<entity::audit::Model>, Fault> {
        loop {
            tokio::time::sleep(AUDIT_EVERY).await;
            let since = self.store.clock().now() - AUDIT_LATE;
            let mut lines = self.store.audit_since(since, AUDIT_LINES).await?;
            self.told.retain(|_, at| *at >= since);
            let known: HashSet<Uuid> = self.told.keys().copied().collect();
            lines.retain(|line| !known.contains(&line.id));
            self.told.extend(lines.iter().map(|line| (line.id, line.at)));
            if !lines.is_empty() {
                return Ok(lines);
            }
        }
    }
}
