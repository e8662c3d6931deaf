//! What a token says.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::role::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who issues the tokens of the data directory's own key.
pub const ISSUER: &str = "gpu-fleet";

/// Whom these tokens are for.
pub const AUDIENCE: &str = "gpu-fleet";

/// The longest life of a token: whoever needs more mints another.
pub const MAX_TTL: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The claims of a token. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Always [`ISSUER`].
    pub iss: String,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// The name of the person or machine.
    pub sub: String,
    /// The organization's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// What it may do, coarsely.
    pub role: Role,
    /// Issued at.
    pub iat: i64,
    /// Not valid before.
    pub nbf: i64,
    /// Not valid from here on.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
}

impl Claims {
    /// Claims that begin at `now` and end `ttl` later; `id` becomes the token's id.
    #[must_use]
    pub fn new(
        subject: impl Into<String>,
        organization: Option<String>,
        role: Role,
        now: DateTime<Utc>,
        ttl: Duration,
        id: Uuid,
    ) -> Self {
        let issued = now.timestamp();
        let lifetime = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: subject.into(),
            org: organization,
            role,
            iat: issued,
            nbf: issued,
            exp: issued.saturating_add(lifetime),
            jti: id.to_string(),
        }
    }

    /// When the token ends.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.exp, 0)
    }

    /// Whether the token begins before it ends and lives no longer than [`MAX_TTL`].
    pub(super) fn has_bounded_life(&self) -> bool {
        let life = self.exp.saturating_sub(self.iat);
        life > 0 && life.unsigned_abs() <= MAX_TTL.as_secs()
    }
}
