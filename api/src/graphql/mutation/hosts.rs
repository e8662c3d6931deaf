//! What operators change of hosts.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::ids::{HostId, OrganizationId};
use domain::limits;

use super::labels;
use crate::fault::Fault;
use crate::graphql::caller::{permit, store};
use crate::graphql::failure::Answer;
use crate::graphql::host::Host;
use crate::graphql::label::LabelInput;
use crate::store::Scope;
use crate::store::hosts::HostEdit;

/// Changes to a host.
#[derive(InputObject)]
pub struct UpdateHostInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: i32,
    /// True: nothing new is placed on it; false: it takes work again.
    pub drain: Option<bool>,
    /// Why it is drained.
    pub reason: Option<String>,
    /// Dedicate it to this organization.
    pub organization_id: Option<ID>,
    /// True: share it with all.
    pub shared: Option<bool>,
    /// New labels, as a whole.
    pub labels: Option<Vec<LabelInput>>,
}

/// A host, after a change.
#[derive(SimpleObject)]
pub struct HostPayload {
    /// As the change left it.
    pub host: Host,
}

/// A host to be taken out of the fleet.
#[derive(InputObject)]
pub struct RemoveHostInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: Option<i32>,
}

/// A host that was taken out of the fleet.
#[derive(SimpleObject)]
pub struct RemoveHostPayload {
    /// Its global id; it is in no list any more.
    pub id: ID,
    /// The name that it had, which is free now.
    pub name: String,
}

/// What operators change of hosts.
#[derive(Default)]
pub struct HostMutation;

#[Object]
impl HostMutation {
    /// Drains a host, dedicates it, labels it. Operators only.
    async fn update_host(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which host, and its changes.")] input: UpdateHostInput,
    ) -> Answer<HostPayload> {
        let permit = permit(ctx)?;
        let id: HostId = input.id.parse().map_err(|_| Fault::NotFound("host"))?;
        let what = host_edit(ctx, &input).await?;
        let row = store(ctx).update_host(id, input.expected_version, what, &permit.actor()).await?;
        Ok(HostPayload { host: Host(row) })
    }

    /// Takes a host on which nothing is allocated out of the fleet: its agent's key is revoked, its name and its GPUs are free, and
    /// its history stays. Operators only.
    async fn remove_host(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which host.")] input: RemoveHostInput,
    ) -> Answer<RemoveHostPayload> {
        let permit = permit(ctx)?;
        let id: HostId = input.id.parse().map_err(|_| Fault::NotFound("host"))?;
        let name = store(ctx).remove_host(id, input.expected_version, &permit.actor()).await?;
        Ok(RemoveHostPayload { id: input.id, name })
    }
}

async fn host_edit(ctx: &Context<'_>, input: &UpdateHostInput) -> Result<HostEdit, Fault> {
    let labels = input.labels.clone().map(|given| labels(Some(given)));
    if let Some(labels) = &labels {
        limits::check_labels("labels", labels)?;
    }
    limits::check_text("reason", input.reason.as_deref(), limits::REASON_CHARS)?;
    let organization = match (&input.organization_id, input.shared) {
        (Some(_), Some(true)) => {
            return Err(Fault::invalid("shared", "a host is dedicated or shared, not both"));
        }
        (Some(id), _) => {
            let id: OrganizationId = id.parse().map_err(|_| Fault::NotFound("organization"))?;
            let known = store(ctx).organizations_by_id(Scope::Fleet, &[id]).await?;
            known.contains_key(&id).then_some(Some(Some(id))).ok_or(Fault::NotFound("organization"))?
        }
        (None, Some(true)) => Some(None),
        (None, _) => None,
    };
    Ok(HostEdit { drain: input.drain, reason: input.reason.clone(), organization, labels })
}
