//! Who is asking, and how much of the fleet that lets them see and do: the one place where roles become permissions.

use async_graphql::Context;
use domain::ids::{HostId, OrganizationId};
use domain::role::Role;

use super::failure::Failure;
use crate::auth::Principal;
use crate::fault::Fault;
use crate::store::{Scope, Store};

/// The verified caller of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As proved by the token or key.
    pub principal: Principal,
}

impl Caller {
    /// The caller of this request.
    ///
    /// # Errors
    /// UNAUTHENTICATED when the request carries none.
    pub fn of<'a>(ctx: &'a Context<'_>) -> Result<&'a Self, Failure> {
        ctx.data_opt::<Self>().ok_or(Failure::Unauthenticated)
    }

    /// How much a person may read.
    ///
    /// # Errors
    /// FORBIDDEN for an agent, or for a token without an organization that is no operator's.
    pub fn reads(&self) -> Result<Scope, Failure> {
        self.needs(Role::Viewer)?;
        match (&self.principal.role, &self.principal.organization) {
            (Role::Operator, _) => Ok(Scope::Fleet),
            (_, Some(organization)) => Ok(Scope::Organization(organization.id)),
            (_, None) => Err(Fault::Forbidden("this token names no organization".into()).into()),
        }
    }

    /// How much a person with at least this role may change.
    ///
    /// # Errors
    /// FORBIDDEN.
    pub fn changes(&self, needed: Role) -> Result<Scope, Failure> {
        self.needs(needed)?;
        self.reads()
    }

    /// The caller's own organization, for what is made in it.
    ///
    /// # Errors
    /// FORBIDDEN for a lesser role or a token without an organization.
    pub fn organization(&self, needed: Role) -> Result<OrganizationId, Failure> {
        self.needs(needed)?;
        match &self.principal.organization {
            Some(organization) => Ok(organization.id),
            None => Err(Fault::Forbidden(
                "this token names no organization to act for: mint one with --org".into(),
            )
            .into()),
        }
    }

    /// Refuses a lesser role.
    ///
    /// # Errors
    /// FORBIDDEN.
    pub fn needs(&self, needed: Role) -> Result<(), Failure> {
        if self.principal.role.includes(needed) {
            return Ok(());
        }
        Err(Fault::Forbidden(format!("this needs the role {needed}; the token has {}", self.principal.role))
            .into())
    }

    /// The host of an agent that has joined.
    ///
    /// # Errors
    /// FORBIDDEN for anyone else.
    pub fn host(&self) -> Result<HostId, Failure> {
        self.needs(Role::Agent)?;
        self.principal.host.ok_or_else(|| {
            Fault::Forbidden("this agent has not joined: register the host first".into()).into()
        })
    }

    /// The caller's name in events and logs.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.principal.subject
    }
}

/// The store of this server.
pub fn store<'a>(ctx: &'a Context<'_>) -> &'a Store {
    ctx.data_unchecked::<Store>()
}
