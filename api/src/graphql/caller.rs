//! Who is asking, and how much of the fleet that lets them see and do: the one place where roles become permissions.
//!
//! A resolver gets at nothing without a [`Permit`], and gets one for its own field alone, by the table in [`access`].

use async_graphql::Context;
use async_graphql::parser::types::OperationType;
use domain::ids::{HostId, OrganizationId};
use domain::role::Role;

use super::access::{self, Need};
use super::failure::Failure;
use crate::auth::{Principal, Proof};
use crate::fault::Fault;
use crate::http::Call;
use crate::store::{Actor, Scope, Store};

/// The verified caller of a request.
#[derive(Debug, Clone)]
pub struct Caller(Call);

/// What a caller may do in one field.
#[derive(Debug, Clone, Copy)]
pub struct Permit<'a>(&'a Caller);

impl Caller {
    /// The caller of an operation.
    #[must_use]
    pub fn new(call: Call) -> Self {
        Self(call)
    }

    /// How much of the fleet is in its sight.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let who = &self.0.who;
        match (&who.role, &who.organization) {
            // An agent is told what it needs; it looks at nothing.
            (Role::Agent, _) => Scope::Nothing,
            (Role::Operator, _) => Scope::Fleet,
            (_, Some(organization)) => Scope::Organization(organization.id),
            (_, None) => Scope::Nothing,
        }
    }

    /// What it may do there.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.who.role
    }

    fn meets(&self, need: Need) -> Result<(), Fault> {
        let who = &self.0.who;
        let refused = |needed: &str| {
            Err(Fault::Forbidden(format!("this needs the role {needed}; the token has {}", who.role)))
        };
        match need {
            Need::Anyone => Ok(()),
            Need::Role(needed) if !who.role.includes(needed) => refused(&needed.to_string()),
            Need::Role(_) if self.scope() == Scope::Nothing => {
                Err(Fault::Forbidden("this token names no organization".into()))
            }
            Need::Role(_) => Ok(()),
            Need::Agent | Need::Joining if who.role != Role::Agent => refused("AGENT"),
            Need::Agent if who.host.is_none() => {
                Err(Fault::Forbidden("this agent has not joined: register the host first".into()))
            }
            Need::Agent | Need::Joining => Ok(()),
        }
    }
}

/// What the caller may do in this field of a root.
///
/// # Errors
/// UNAUTHENTICATED without a caller, FORBIDDEN without the role that the field needs.
pub fn permit<'a>(ctx: &'a Context<'_>) -> Result<Permit<'a>, Failure> {
    let root = match ctx.query_env.operation.node.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    permit_on(ctx, root)
}

/// What the caller may do in this field of a type.
///
/// # Errors
/// As [`permit`].
pub fn permit_on<'a>(ctx: &'a Context<'_>, parent: &str) -> Result<Permit<'a>, Failure> {
    let caller = ctx.data_opt::<Caller>().ok_or(Failure::Unauthenticated)?;
    let field = ctx.field().name();
    let need = access::need(parent, field)
        .ok_or_else(|| Fault::Internal(format!("{parent}.{field} is not in the table of access")))?;
    caller.meets(need)?;
    Ok(Permit(caller))
}

impl<'a> Permit<'a> {
    /// How much of the fleet is in the caller's sight.
    #[must_use]
    pub fn scope(self) -> Scope {
        self.0.scope()
    }

    /// Who it is.
    #[must_use]
    pub fn principal(self) -> &'a Principal {
        &self.0.0.who
    }

    /// The caller's own organization, for what is made in it.
    ///
    /// # Errors
    /// FORBIDDEN for a token without one.
    pub fn organization(self) -> Result<OrganizationId, Fault> {
        let own = self.principal().organization.as_ref();
        own.map(|own| own.id).ok_or_else(|| {
            Fault::Forbidden("this token names no organization to act for: mint one with --org".into())
        })
    }

    /// The host of an agent that has joined.
    ///
    /// # Errors
    /// FORBIDDEN for anyone else.
    pub fn host(self) -> Result<HostId, Fault> {
        self.principal().host.ok_or_else(|| Fault::Forbidden("this agent has not joined".into()))
    }

    /// The caller, as events and the audit trail name it.
    #[must_use]
    pub fn actor(self) -> Actor {
        let Call { who, id, address } = &self.0.0;
        let api_key = match &who.proof {
            Proof::ApiKey { id, .. } => Some(*id),
            Proof::Token | Proof::OwnToken(_) | Proof::AgentKey(_) => None,
        };
        Actor {
            subject: who.subject.clone(),
            role: who.role,
            api_key,
            request_id: id.to_string(),
            address: *address,
        }
    }
}

/// The store of this server.
pub fn store<'a>(ctx: &'a Context<'_>) -> &'a Store {
    ctx.data_unchecked::<Store>()
}
