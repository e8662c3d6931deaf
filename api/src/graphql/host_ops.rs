//! What operators do to whole hosts, beyond editing them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::ids::HostId;
use domain::role::Role;

use super::caller::{Caller, store};
use super::failure::Answer;
use crate::fault::Fault;

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

/// What operators do to whole hosts.
#[derive(Default)]
pub struct HostMutation;

#[Object]
impl HostMutation {
    /// Takes a host on which nothing is allocated out of the fleet: its agent's key is revoked, its name and its GPUs are free, and
    /// its history stays. Operators only.
    async fn remove_host(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which host.")] input: RemoveHostInput,
    ) -> Answer<RemoveHostPayload> {
        let caller = Caller::of(ctx)?;
        caller.needs(Role::Operator)?;
        let id: HostId = input.id.parse().map_err(|_| Fault::NotFound("host"))?;
        let row = store(ctx).remove_host(id, input.expected_version, caller.actor()).await?;
        let name = row.name.split('~').next().unwrap_or_default().to_owned();
        Ok(RemoveHostPayload { id: input.id, name })
    }
}
