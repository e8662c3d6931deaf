//! `gpu-fleet audit`: who changed what, newest first.

use chrono::{TimeDelta, Utc};
use cynic::QueryBuilder;

use super::Session;
use crate::api::{
    AuditFilter, AuditPage, AuditPageVariables, AuditRow, KeysOfOrganization, OrganizationVariables,
};
use crate::args::access::AuditArgs;
use crate::client::{Failure, newest};
use crate::output::style::Tone;
use crate::output::table::{Cell, Column};
use crate::output::time::absolute;

const COLUMNS: [Column; 6] = [
    Column::new("AT"),
    Column::new("WHO"),
    Column::new("ACTION"),
    Column::new("ORGANIZATION").expendable(1),
    Column::new("TO").expendable(2),
    Column::new("CHANGES").elastic(),
];

/// Prints the trail.
pub(super) async fn list(args: AuditArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let organization_id = match args.org {
        Some(slug) => {
            let query = KeysOfOrganization::build(OrganizationVariables { slug: Some(slug.clone()) });
            let found = session.client.run(query).await?.organization;
            Some(found.ok_or_else(|| super::no_organization(Some(&slug)))?.id)
        }
        None => None,
    };
    let since = args.since.and_then(|ago| Utc::now().checked_sub_signed(TimeDelta::from_std(ago).ok()?));
    let filter = AuditFilter {
        action: Some(args.actions).filter(|actions| !actions.is_empty()),
        actor: args.actor,
        organization_id,
        subject: args.subject.map(cynic::Id::new),
        since,
        until: None,
    };
    let rows = newest(args.limit, |first, after| {
        let variables = AuditPageVariables { filter: Some(filter.clone()), first, after };
        async {
            let page = session.client.run(AuditPage::build(variables)).await?.audit_log;
            Ok((page.nodes, page.page_info))
        }
    })
    .await?;
    session.output.list(&rows, |row| row.id.inner(), &COLUMNS, cells, "No such changes.")
}

fn cells(row: &AuditRow) -> Vec<Cell> {
    let organization = row.organization.as_ref().map_or("-", |of| &of.slug);
    vec![
        Cell::toned(absolute(row.at), Tone::Faint),
        format!("{} ({})", row.actor, row.role.as_str()).into(),
        row.action.map_or("UNKNOWN", |action| action.as_str()).into(),
        Cell::toned(organization, Tone::Faint),
        row.subject.as_ref().map_or("-", cynic::Id::inner).into(),
        changes(row).into(),
    ]
}

fn changes(row: &AuditRow) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let each = row.changes.iter().map(|change| match &change.before {
        None => format!("{} = {}", change.field, value(&change.after)),
        Some(before) => format!("{}: {before} to {}", change.field, value(&change.after)),
    });
    each.collect::<Vec<_>>().join(", ")
}
