//! `gpu-fleet orgs` and `gpu-fleet org create`, for operators.

use cynic::MutationBuilder;

use super::Session;
use crate::api::{
    CreateOrganization, CreateOrganizationInput, CreateOrganizationVariables, OrganizationRow, QuotaInput,
};
use crate::args::fleet::{ListArgs, OrgCreateArgs};
use crate::client::{Failure, all_organizations};
use crate::output::Form;
use crate::output::table::{Cell, Column};

const COLUMNS: [Column; 8] = [
    Column::new("SLUG"),
    Column::new("NAME").elastic(),
    Column::new("WEIGHT").right().expendable(2),
    Column::new("GUARANTEED").right().expendable(1),
    Column::new("CEILING").right().expendable(3),
    Column::new("GPUS NOW").right(),
    Column::new("WAITING").right(),
    Column::new("RUNNING").right(),
];

/// Lists organizations with what they hold.
pub(super) async fn list(args: ListArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let rows = all_organizations(&session.client).await?;
    let empty = "No organizations. Create one: gpu-fleet org create SLUG --name NAME";
    session.output.list(&rows, |row| row.id.inner(), &COLUMNS, cells, empty)
}

fn cells(row: &OrganizationRow) -> Vec<Cell> {
    vec![
        (&row.slug).into(),
        (&row.name).into(),
        row.weight.to_string().into(),
        row.quota.guaranteed_gpus.to_string().into(),
        row.quota.max_gpus.map_or_else(|| "none".to_owned(), |gpus| gpus.to_string()).into(),
        row.usage.allocated_gpus.to_string().into(),
        row.usage.queued_jobs.to_string().into(),
        row.usage.running_jobs.to_string().into(),
    ]
}

/// Creates an organization.
pub(super) async fn create(args: OrgCreateArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let limits = args.guaranteed_gpus.is_some() || args.max_gpus.is_some();
    let quota = limits.then_some(QuotaInput {
        guaranteed_gpus: args.guaranteed_gpus,
        max_gpus: args.max_gpus,
        max_queued_jobs: None,
    });
    let name = args.name.unwrap_or_else(|| args.slug.clone());
    let input = CreateOrganizationInput { slug: args.slug, name, weight: args.weight, quota };
    let answer = session.client.run(CreateOrganization::build(CreateOrganizationVariables { input })).await?;
    let organization = answer.create_organization.organization;
    match session.output.form {
        Form::Json => session.output.json(&organization),
        Form::Ids => session.output.line(organization.id.inner()),
        Form::Tables => session.output.line(&format!(
            "{} {}; a token for its members: gpu-fleet token --role member --org {}",
            organization.id.inner(),
            organization.slug,
            organization.slug
        )),
    }
}
