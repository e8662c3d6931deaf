//! `gpu-fleet usage`: GPU-hours by organization, exact from the book of allocations, or by other dimensions, beside what of
//! them was used.

use chrono::{TimeDelta, Utc};
use cynic::QueryBuilder;

use super::Session;
use crate::api::{
    BreakdownRow, BreakdownVariables, Instant, UsageByDimension, UsageDimension, UsageOfOrganization,
    UsageRow, UsageVariables,
};
use crate::args::access::UsageArgs;
use crate::client::{Failure, all_organizations};
use crate::output::Form;
use crate::output::table::{Cell, Column};

const COLUMNS: [Column; 5] = [
    Column::new("ORGANIZATION").elastic(),
    Column::new("GPU-HOURS").right(),
    Column::new("GPUS NOW").right(),
    Column::new("RUNNING").right().expendable(1),
    Column::new("WAITING").right().expendable(1),
];

const HELD: [Column; 4] = [
    Column::new("GPU-HOURS").right(),
    Column::new("USED").right(),
    Column::new("BUSY").right(),
    Column::new("JOBS").right().expendable(1),
];

/// Prints what each organization held.
pub(super) async fn list(args: UsageArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let until = Utc::now();
    let since = TimeDelta::from_std(args.since).ok().and_then(|long| until.checked_sub_signed(long));
    let since = since.ok_or_else(|| Failure::Usage("--since is too long ago".to_owned()))?;
    if !args.by.is_empty() {
        return by_dimension(&session, args.by, since, until).await;
    }
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

/// By what was asked for, held beside used.
async fn by_dimension(
    session: &Session,
    mut by: Vec<UsageDimension>,
    since: Instant,
    until: Instant,
) -> Result<(), Failure> {
    let mut known = Vec::new();
    by.retain(|dimension| {
        !known.contains(dimension) && {
            known.push(*dimension);
            true
        }
    });
    let variables = BreakdownVariables { by: by.clone(), since, until: Some(until) };
    let rows = session.client.run(UsageByDimension::build(variables)).await?.usage_breakdown.rows;
    if session.output.form == Form::Json {
        return session.output.json(&rows);
    }
    if rows.is_empty() && session.output.form == Form::Tables {
        return session.output.line("Nobody held a GPU in that time.");
    }
    let columns: Vec<Column> =
        by.iter().map(|dimension| Column::new(title(*dimension)).elastic()).chain(HELD).collect();
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| by.iter().map(|dimension| value(row, *dimension).into()).chain(held(row)).collect())
        .collect();
    session.output.table(&columns, &cells)
}

fn title(dimension: UsageDimension) -> &'static str {
    match dimension {
        UsageDimension::Day => "DAY",
        UsageDimension::GpuType => "GPU TYPE",
        UsageDimension::ModelType => "MODEL TYPE",
        UsageDimension::Organization => "ORGANIZATION",
        UsageDimension::User => "USER",
    }
}

fn value(row: &BreakdownRow, dimension: UsageDimension) -> String {
    let told = match dimension {
        UsageDimension::Day => row.day.map(|day| day.format("%Y-%m-%d").to_string()),
        UsageDimension::GpuType => row.gpu_type.clone(),
        UsageDimension::ModelType => row.model_type.clone(),
        UsageDimension::Organization => row.organization.as_ref().map(|of| of.slug.clone()),
        UsageDimension::User => row.user.clone(),
    };
    told.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned())
}

/// What is not known of its use is not zero: the part is one of what was observed.
fn held(row: &BreakdownRow) -> [Cell; 4] {
    let hours = |seconds: f64| format!("{:.2}", seconds / 3600.0);
    let is_known = row.observed_gpu_seconds > 0.0;
    let known = |text: String| if is_known { text } else { "-".to_owned() };
    let part = row.used_gpu_seconds / row.observed_gpu_seconds * 100.0;
    [
        hours(row.allocated_gpu_seconds).into(),
        known(hours(row.used_gpu_seconds)).into(),
        known(format!("{part:.0} %")).into(),
        row.jobs.to_string().into(),
    ]
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
