//! `gpu-fleet orgs`, `gpu-fleet org create` and `gpu-fleet org update`, for operators.

use std::time::Duration;

use cynic::MutationBuilder;

use super::Session;
use crate::api::{
    CreateOrganization, CreateOrganizationInput, CreateOrganizationVariables, IdleAction, IdlePolicy,
    IdlePolicyInput, OrganizationRow, QuotaInput, UpdateOrganization, UpdateOrganizationInput,
    UpdateOrganizationVariables,
};
use crate::args::fleet::{Ceiling, IdleArgs, ListArgs, OrgCreateArgs, OrgUpdateArgs};
use crate::client::{Failure, all_organizations};
use crate::output::Form;
use crate::output::style::Tone;
use crate::output::table::{Cell, Column};

const COLUMNS: [Column; 9] = [
    Column::new("SLUG"),
    Column::new("NAME").elastic(),
    Column::new("WEIGHT").right().expendable(2),
    Column::new("GUARANTEED").right().expendable(1),
    Column::new("CEILING").right().expendable(3),
    Column::new("GPUS NOW").right(),
    Column::new("WAITING").right(),
    Column::new("RUNNING").right(),
    Column::new("IDLE POLICY").expendable(4),
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
        on_idle(&row.idle_policy).into(),
    ]
}

/// `STOP after 30+15 min`: the window and the grace.
fn on_idle(policy: &IdlePolicy) -> String {
    match policy.action {
        IdleAction::Nothing => IdleAction::Nothing.as_str().to_owned(),
        action => {
            format!("{} after {}+{} min", action.as_str(), policy.window_minutes, policy.grace_minutes)
        }
    }
}

/// What is named of a policy; none: nothing.
fn named(args: IdleArgs) -> Option<IdlePolicyInput> {
    let minutes = |time: Duration| i32::try_from(time.as_secs().div_ceil(60)).unwrap_or(i32::MAX);
    let named = IdlePolicyInput {
        action: args.idle_action,
        window_minutes: args.idle_window.map(minutes),
        grace_minutes: args.idle_grace.map(minutes),
        utilization_percent: args.idle_utilization,
    };
    let nothing = args.idle_action.is_none()
        && args.idle_window.is_none()
        && args.idle_grace.is_none()
        && args.idle_utilization.is_none();
    (!nothing).then_some(named)
}

/// The API takes a policy as a whole: what is not named stays as it was read.
fn whole(named: IdlePolicyInput, read: &IdlePolicy) -> IdlePolicyInput {
    IdlePolicyInput {
        action: named.action.or(Some(read.action)),
        window_minutes: named.window_minutes.or(Some(read.window_minutes)),
        grace_minutes: named.grace_minutes.or(Some(read.grace_minutes)),
        utilization_percent: named.utilization_percent.or(Some(read.utilization_percent)),
    }
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
    let idle_policy = named(args.idle);
    let input = CreateOrganizationInput { slug: args.slug, name, weight: args.weight, quota, idle_policy };
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

/// Changes an organization under the version that was read. When somebody else was faster, it is read again and the change
/// retried once, with what is not named here as the other one left it.
pub(super) async fn update(args: OrgUpdateArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let read = find(&session, &args.slug).await?;
    let version = read.version;
    let organization = match attempt(&session, &args, read).await {
        Err(failure) if failure.is_conflict() => {
            let read = find(&session, &args.slug).await?;
            let notice = format!(
                "gpu-fleet: it changed meanwhile (version {version}, now {}); trying again",
                read.version
            );
            session.output.notice(&notice, Tone::Wait);
            attempt(&session, &args, read).await?
        }
        result => result?,
    };
    match session.output.form {
        Form::Json => session.output.json(&organization),
        Form::Ids => session.output.line(organization.id.inner()),
        Form::Tables => {
            let rows = [organization];
            session.output.list(&rows, |row| row.id.inner(), &COLUMNS, cells, "")
        }
    }
}

async fn find(session: &Session, slug: &str) -> Result<OrganizationRow, Failure> {
    let all = all_organizations(&session.client).await?;
    all.into_iter().find(|row| row.slug == slug).ok_or_else(|| super::no_organization(Some(slug)))
}

async fn attempt(
    session: &Session,
    args: &OrgUpdateArgs,
    read: OrganizationRow,
) -> Result<OrganizationRow, Failure> {
    let input = UpdateOrganizationInput {
        quota: quota(args, &read),
        id: read.id,
        expected_version: read.version,
        name: args.name.clone(),
        weight: args.weight,
        idle_policy: named(args.idle).map(|named| whole(named, &read.idle_policy)),
    };
    let nothing = input.name.is_none()
        && input.weight.is_none()
        && input.quota.is_none()
        && input.idle_policy.is_none();
    if nothing {
        let none = "nothing to change: name --name, --weight, --guaranteed-gpus, --max-gpus, --max-queued-jobs or one of --idle-…";
        return Err(Failure::Usage(none.to_owned()));
    }
    let variables = UpdateOrganizationVariables { input };
    Ok(session.client.run(UpdateOrganization::build(variables)).await?.update_organization.organization)
}

/// The API takes a quota as a whole: what is not named stays as it was read.
fn quota(args: &OrgUpdateArgs, read: &OrganizationRow) -> Option<QuotaInput> {
    if args.guaranteed_gpus.is_none() && args.max_gpus.is_none() && args.max_queued_jobs.is_none() {
        return None;
    }
    let jobs = |Ceiling(jobs): Ceiling| jobs.map(|jobs| jobs as i32);
    Some(QuotaInput {
        guaranteed_gpus: Some(args.guaranteed_gpus.unwrap_or(read.quota.guaranteed_gpus)),
        max_gpus: args.max_gpus.map_or(read.quota.max_gpus, |Ceiling(gpus)| gpus),
        max_queued_jobs: args.max_queued_jobs.map_or(read.quota.max_queued_jobs, jobs),
    })
}
