//! `gpu-fleet drain` and `undrain`: what is wanted of a host. Whether it is drained already is for `hosts` to show.

use cynic::MutationBuilder;

use super::Session;
use crate::api::{HostRow, UpdateHost, UpdateHostInput, UpdateHostVariables};
use crate::args::fleet::{DrainArgs, UndrainArgs};
use crate::client::{Failure, find_host};
use crate::output::style::Tone;
use crate::output::{Form, Output};

/// Gives a host no new jobs.
pub(super) async fn drain(args: DrainArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let host = update(&session, &args.host, true, Some(args.reason)).await?;
    print(session.output, &host)
}

/// Gives it jobs again.
pub(super) async fn undrain(args: UndrainArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let host = update(&session, &args.host, false, None).await?;
    print(session.output, &host)
}

async fn update(
    session: &Session,
    text: &str,
    drain: bool,
    reason: Option<String>,
) -> Result<HostRow, Failure> {
    let host = find_host(&session.client, text).await?;
    let read = host.version;
    match attempt(session, host, drain, reason.clone()).await {
        Err(failure) if failure.is_conflict() => {
            let host = find_host(&session.client, text).await?;
            let notice = format!(
                "gpu-fleet: it changed meanwhile (version {read}, now {}); trying again",
                host.version
            );
            session.output.notice(&notice, Tone::Wait);
            attempt(session, host, drain, reason).await
        }
        result => result,
    }
}

async fn attempt(
    session: &Session,
    host: HostRow,
    drain: bool,
    reason: Option<String>,
) -> Result<HostRow, Failure> {
    let input = UpdateHostInput { id: host.id, expected_version: host.version, drain: Some(drain), reason };
    Ok(session.client.run(UpdateHost::build(UpdateHostVariables { input })).await?.update_host.host)
}

fn print(output: Output, host: &HostRow) -> Result<(), Failure> {
    match output.form {
        Form::Json => output.json(host),
        Form::Ids => output.line(host.id.inner()),
        Form::Tables => output.line(&format!("{} {}", host.name, host.status.as_str())),
    }
}
