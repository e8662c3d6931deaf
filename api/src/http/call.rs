//! Who asks for an operation, from where, and under which name it is found again.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use uuid::Uuid;

use crate::auth::Principal;

/// One operation's caller.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who asks.
    pub who: Principal,
    /// The operation's own name: in the log, in its errors, in the audit trail.
    pub id: RequestId,
    /// The other end of the connection, which may be a proxy.
    pub address: Option<IpAddr>,
}

/// An operation's own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7().simple().to_string().into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
