//! Who may do what, coarsely: the roles that a token can carry, least first.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The caller's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Reads its organization.
    Viewer,
    /// Also submits, cancels, allocates.
    Member,
    /// Also manages its organization.
    Admin,
    /// Runs the fleet: every organization, host and quota.
    Operator,
    /// A host's agent: nothing but the agent operations.
    Agent,
}

impl Role {
    /// Whether a person with this role may do what `needed` may. An agent's role is no person's: it includes only itself.
    #[must_use]
    pub fn includes(self, needed: Self) -> bool {
        let rank = |role| match role {
            Self::Viewer => Some(0),
            Self::Member => Some(1),
            Self::Admin => Some(2),
            Self::Operator => Some(3),
            Self::Agent => None,
        };
        match (rank(self), rank(needed)) {
            (Some(mine), Some(wanted)) => mine >= wanted,
            _ => self == needed,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "VIEWER",
            Self::Member => "MEMBER",
            Self::Admin => "ADMIN",
            Self::Operator => "OPERATOR",
            Self::Agent => "AGENT",
        })
    }
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of viewer, member, admin, operator, agent")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [Self::Viewer, Self::Member, Self::Admin, Self::Operator, Self::Agent]
            .into_iter()
            .find(|role| role.to_string().eq_ignore_ascii_case(text))
            .ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn people_rank_and_agents_stand_apart() {
        assert!(Role::Operator.includes(Role::Viewer));
        assert!(!Role::Viewer.includes(Role::Member));
        assert!(!Role::Operator.includes(Role::Agent));
        assert!(!Role::Agent.includes(Role::Viewer));
        assert!(Role::Agent.includes(Role::Agent));
    }
}
