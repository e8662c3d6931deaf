//! `gpu-fleet host remove`: takes a host out of the fleet for good.

use cynic::MutationBuilder;

use super::Session;
use crate::api::{RemoveHost, RemoveHostInput, RemoveHostVariables};
use crate::args::fleet::HostRemoveArgs;
use crate::client::{Failure, find_host};
use crate::output::Form;

/// Removes a host on which nothing is allocated.
pub(super) async fn remove(args: HostRemoveArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let host = find_host(&session.client, &args.host).await?;
    let input = RemoveHostInput { id: host.id, expected_version: Some(host.version) };
    let removed = session.client.run(RemoveHost::build(RemoveHostVariables { input })).await?.remove_host;
    match session.output.form {
        Form::Json => session.output.json(&removed),
        Form::Ids => session.output.line(removed.id.inner()),
        Form::Tables => session.output.line(&format!("{} removed, its agent's key revoked", removed.name)),
    }
}
