//! `gpu-fleet usage`: GPU-hours by organization, exact from the book of allocations.

use chrono::{TimeDelta, Utc};
use cynic::QueryBuilder;

use super::Session;
use crate::api::{UsageOfOrganization, UsageRow, UsageVariables};
use crate::args::access::UsageArgs;
use crate::client::{Failure, all_organizations};
use crate::output::table::{Cell, Column};

const COLUMNS: [Column; 5] = [
    Column::new("ORGANIZATION").elastic(),
    Column::new("GPU-HOURS").right(),
    Column::new("GPUS NOW").right(),
    Column::new("RUNNING").right().expendable(1),
    Column::new("WAITING").right().expendable(1),
];

/// Prints what each organization held.
pub(super) async fn list(args: UsageArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let until = Utc::now();
    let since = TimeDelta::from_std(args.since).ok().and_then(|long| until.checked_sub_signed(long));
    let since = since.ok_or_else(|| Failure::Usage("--since is too long ago".to_owned()))?;
    let ask = async |slug: Option<String>| {
        let variables = UsageVariables { slug, since, until: Some(until) };
        Ok::<_, Failure>(session.client.run(UsageOfOrganization::build(variables)).await?.organization)
    };
    let mut rows: Vec<UsageRow> = Vec::new();
    if args.org.is_none() && is_operator(&session).await? {
        for organization in all_organizations(&session.client).await? {
            rows.extend(ask(Some(organization.slug)).await?);
        }
    } else {
        let one = ask(args.org.clone()).await?;
        rows.push(one.ok_or_else(|| super::no_organization(args.org.as_deref()))?);
    }
    session.output.list(&rows, |row| row.id.inner(), &COLUMNS, cells, "No organizations.")
}

async fn is_operator(session: &Session) -> Result<bool, Failure> {
    let viewer = session.client.run(crate::api::WhoAmI::build(())).await?.viewer;
    Ok(viewer.role == crate::api::Role::Operator)
}

fn cells(row: &UsageRow) -> Vec<Cell> {
    vec![
        (&row.slug).into(),
        format!("{:.2}", row.usage.gpu_seconds / 3600.0).into(),
        row.usage.allocated_gpus.to_string().into(),
        row.usage.running_jobs.to_string().into(),
        row.usage.queued_jobs.to_string().into(),
    ]
}
