//! What operators change of organizations.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::idle::Policy;
use domain::ids::OrganizationId;
use domain::limits;

use crate::fault::Fault;
use crate::graphql::caller::{permit, store};
use crate::graphql::enums::IdleAction;
use crate::graphql::failure::Answer;
use crate::graphql::organization::Organization;
use crate::store::organizations::{NewOrganization, OrganizationEdit};

/// Limits of an organization.
#[derive(InputObject, Clone)]
pub struct QuotaInput {
    /// GPUs that are its own whenever it wants them; absent: none.
    pub guaranteed_gpus: Option<f64>,
    /// Never more than this many at once; absent: no ceiling.
    pub max_gpus: Option<f64>,
    /// Waiting jobs accepted at once; absent: no ceiling.
    pub max_queued_jobs: Option<i32>,
}

impl QuotaInput {
    fn check(&self) -> Result<(f64, Option<f64>, Option<i32>), Fault> {
        limits::check_quota(self.guaranteed_gpus, self.max_gpus, self.max_queued_jobs)?;
        Ok((self.guaranteed_gpus.unwrap_or(0.0), self.max_gpus, self.max_queued_jobs))
    }
}

/// What is to become of jobs that hold GPUs and do not use them.
#[derive(InputObject, Clone)]
pub struct IdlePolicyInput {
    /// What becomes of a job that was warned and stays idle until its grace has passed; absent: NOTIFY.
    pub action: Option<IdleAction>,
    /// So many minutes without use make a job idle, 1 to 1,440; absent: 30.
    pub window_minutes: Option<i32>,
    /// So many minutes lie between the warning and what follows it, 1 to 1,440; absent: 15.
    pub grace_minutes: Option<i32>,
    /// A sample of this utilization or more counts as use, 1 to 50; absent: 5.
    pub utilization_percent: Option<i32>,
}

impl IdlePolicyInput {
    fn check(&self) -> Result<Policy, Fault> {
        let usual = Policy::default();
        let policy = Policy {
            action: self.action.map_or(usual.action, Into::into),
            window_minutes: self.window_minutes.unwrap_or(usual.window_minutes),
            grace_minutes: self.grace_minutes.unwrap_or(usual.grace_minutes),
            utilization_percent: self.utilization_percent.unwrap_or(usual.utilization_percent),
        };
        limits::check_idle_policy(&policy)?;
        Ok(policy)
    }
}

/// An organization to be.
#[derive(InputObject)]
pub struct CreateOrganizationInput {
    /// Its short name: lower-case letters, digits and dashes.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its share of the fleet relative to the others.
    #[graphql(default_with = "Some(1.0)")]
    pub weight: Option<f64>,
    /// Its limits; absent: none.
    pub quota: Option<QuotaInput>,
    /// What becomes of its jobs that do not use their GPUs; absent: they are told of.
    pub idle_policy: Option<IdlePolicyInput>,
}

/// Changes to an organization.
#[derive(InputObject)]
pub struct UpdateOrganizationInput {
    /// Which.
    pub id: ID,
    /// Only if it still has this version.
    pub expected_version: i32,
    /// New name.
    pub name: Option<String>,
    /// New weight.
    pub weight: Option<f64>,
    /// New quota, as a whole.
    pub quota: Option<QuotaInput>,
    /// New policy for jobs that do not use their GPUs, as a whole.
    pub idle_policy: Option<IdlePolicyInput>,
}

/// An organization, after a change.
#[derive(SimpleObject)]
pub struct OrganizationPayload {
    /// As the change left it.
    pub organization: Organization,
}

/// What operators change of organizations.
#[derive(Default)]
pub struct OrganizationMutation;

#[Object]
impl OrganizationMutation {
    /// Makes an organization. Operators only.
    async fn create_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization.")] input: CreateOrganizationInput,
    ) -> Answer<OrganizationPayload> {
        let permit = permit(ctx)?;
        limits::check_slug(&input.slug).map_err(Fault::from)?;
        limits::check_org_name(&input.name).map_err(Fault::from)?;
        let weight = input.weight.unwrap_or(1.0);
        limits::check_weight(weight).map_err(Fault::from)?;
        let (guaranteed_gpus, max_gpus, max_queued_jobs) = match &input.quota {
            Some(quota) => quota.check()?,
            None => (0.0, None, None),
        };
        let new = NewOrganization {
            slug: input.slug,
            name: input.name,
            weight,
            guaranteed_gpus,
            max_gpus,
            max_queued_jobs,
            idle: input.idle_policy.as_ref().map(IdlePolicyInput::check).transpose()?.unwrap_or_default(),
        };
        let row = store(ctx).create_organization(new, &permit.actor()).await?;
        Ok(OrganizationPayload { organization: Organization(row) })
    }

    /// Edits an organization, under its version. Operators only.
    async fn update_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization, and its changes.")] input: UpdateOrganizationInput,
    ) -> Answer<OrganizationPayload> {
        let permit = permit(ctx)?;
        if let Some(name) = &input.name {
            limits::check_org_name(name).map_err(Fault::from)?;
        }
        if let Some(weight) = input.weight {
            limits::check_weight(weight).map_err(Fault::from)?;
        }
        let quota = input.quota.as_ref().map(QuotaInput::check).transpose()?;
        let id: OrganizationId = input.id.parse().map_err(|_| Fault::NotFound("organization"))?;
        let idle = input.idle_policy.as_ref().map(IdlePolicyInput::check).transpose()?;
        let what = OrganizationEdit { name: input.name, weight: input.weight, quota, idle };
        let row = store(ctx).update_organization(id, input.expected_version, what, &permit.actor()).await?;
        Ok(OrganizationPayload { organization: Organization(row) })
    }
}
