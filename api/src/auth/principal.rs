//! The caller of a request, as everything behind the transport sees it.

use chrono::{DateTime, Utc};
use domain::ids::{ApiKeyId, HostId, OrganizationId};
use domain::role::Role;

/// Who asks, proved by a token or by an agent's key.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The name that the token was given to.
    pub subject: String,
    /// What it may do, coarsely.
    pub role: Role,
    /// The organization that it acts for.
    pub organization: Option<OrganizationRef>,
    /// The host, for an agent that has joined.
    pub host: Option<HostId>,
    /// The id of the token, for an agent that may join with it.
    pub join_token: Option<String>,
    /// When the proof ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// What proves it, if that can be revoked.
    pub proof: Proof,
}

/// What a caller has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A token of somebody else's, good until it ends.
    Token,
    /// A token that one of the fleet's servers has signed, with this key: good until it ends or the key is revoked.
    OwnToken(String),
    /// An agent's key, by its hash.
    AgentKey(String),
    /// A program's key.
    ApiKey {
        /// Its id.
        id: ApiKeyId,
        /// Its hash.
        hash: String,
    },
}

impl Principal {
    /// Whose bucket its requests are paid from; none for an agent, which is a part of the fleet itself.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        if self.role == Role::Agent {
            return None;
        }
        let organization = self.organization.as_ref().map_or("", |organization| organization.slug.as_str());
        Some(format!("{organization}/{}", self.subject))
    }
}

/// An organization, by both of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRef {
    /// Its id.
    pub id: OrganizationId,
    /// Its slug, as tokens carry it.
    pub slug: String,
}
