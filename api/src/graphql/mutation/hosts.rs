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
