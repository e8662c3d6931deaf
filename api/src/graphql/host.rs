//! Hosts.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use domain::ids::{HostId, OrganizationId};
use entity::host;

use super::enums::HostStatus;
use super::failure::Answer;
use super::gpu::Gpu;
use super::label::{Label, labels};
use super::lists::at_most;
use super::loaders::{BusyHost, GpusOf, HeartbeatOf, load};
use super::organization::Organization;

/// A machine that carries GPUs.
pub struct Host(pub host::Model);

/// A host's status, from what is wanted (drain) and what is observed.
pub(super) async fn status(ctx: &Context<'_>, row: &host::Model) -> Answer<HostStatus> {
    let held_back = row.drain || row.unfit_reason.is_some();
    Ok(match (row.down, held_back) {
        (true, _) => HostStatus::Down,
        (false, false) => HostStatus::Ready,
        (false, true) if load(ctx, BusyHost(HostId(row.id))).await?.is_some() => HostStatus::Draining,
        (false, true) => HostStatus::Drained,
    })
}

/// A machine that carries GPUs.
#[Object]
impl Host {
    /// Its global id.
    pub async fn id(&self) -> ID {
        ID(HostId(self.0.id).to_string())
    }

    /// Its name, unique in the fleet.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it takes work.
    async fn status(&self, ctx: &Context<'_>) -> Answer<HostStatus> {
        status(ctx, &self.0).await
    }

    /// Why it is not READY.
    async fn status_reason(&self) -> Option<&str> {
        let (down, drain) = (self.0.down_reason.as_deref(), self.0.drain_reason.as_deref());
        if self.0.down { down } else { self.0.unfit_reason.as_deref().or(drain.filter(|_| self.0.drain)) }
    }

    /// Set: its GPUs serve this organization alone. Null: shared by all.
    async fn organization(&self, ctx: &Context<'_>) -> Answer<Option<Organization>> {
        match self.0.organization_id {
            Some(id) => Ok(load(ctx, OrganizationId(id)).await?.map(Organization)),
            None => Ok(None),
        }
    }

    /// Its labels.
    async fn labels(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Label>> {
        labels(&self.0.labels.0, first)
    }

    /// The version of its agent.
    async fn agent_version(&self) -> Option<&str> {
        self.0.agent_version.as_deref()
    }

    /// How its agent holds a job's processes together: cgroup, systemd scope or plain.
    async fn containment(&self) -> Option<&str> {
        self.0.containment.as_deref()
    }

    /// What runs containers there, with its version; null: nothing, and jobs with an image are not placed there.
    async fn container_runtime(&self) -> Option<&str> {
        self.0.container_runtime.as_deref()
    }

    /// What its agent wants people to know: no driver, no clean way to run jobs, and the like.
    async fn warnings(&self) -> &[String] {
        &self.0.warnings.0
    }

    /// When its agent was last heard of.
    async fn last_heartbeat_at(&self, ctx: &Context<'_>) -> Answer<Option<DateTime<Utc>>> {
        Ok(load(ctx, HeartbeatOf(HostId(self.0.id))).await?)
    }

    /// Its CPU cores.
    async fn cpus(&self) -> f64 {
        self.0.cpus
    }

    /// Its memory, MiB.
    async fn memory_mib(&self) -> i32 {
        self.0.memory_mib
    }

    /// Its GPUs, by index.
    async fn gpus(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Gpu>> {
        let first = at_most(first)?;
        let found = load(ctx, GpusOf(HostId(self.0.id))).await?.unwrap_or_default();
        Ok(found.into_iter().take(first).map(Gpu).collect())
    }

    /// Its version, for optimistic locking.
    async fn version(&self) -> i32 {
        self.0.version
    }
}
