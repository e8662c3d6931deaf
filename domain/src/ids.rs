//! Typed identifiers: a UUID (version 7) inside, and outside a prefixed, lower-case base-32 text such as
//! `job_01jd3v5m0qf8k9x2c7t4r6w1ya`, which is opaque to clients and pleasant in a terminal.
//!
//! The text form follows the TypeID idea: 26 Crockford base-32 digits, most significant first, so that texts sort as
//! their UUIDs do. This module never makes an id: new UUIDs are handed in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A text that is not an id of the kind that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {wanted} id")]
pub struct InvalidId {
    /// What was wanted: "job", "gpu" and so on.
    pub wanted: &'static str,
}

fn encode(uuid: Uuid) -> String {
    let mut rest = uuid.as_u128();
    let mut digits = [0u8; 26];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest & 31) as usize];
        rest >>= 5;
    }
    String::from_utf8_lossy(&digits).into_owned()
}

fn decode(text: &str) -> Option<Uuid> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0u128, |value, byte| {
            let digit = DIGITS.iter().position(|known| *known == byte)?;
            Some((value << 5) | digit as u128)
        })
        .map(Uuid::from_u128)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What stands before the underscore in the text form.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(InvalidId { wanted: $prefix })
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
    };
}

id!(
    /// A tenant.
    OrganizationId, "org"
);
id!(
    /// A machine that carries GPUs.
    HostId, "host"
);
id!(
    /// One GPU.
    GpuId, "gpu"
);
id!(
    /// One job, through all of its attempts.
    JobId, "job"
);
id!(
    /// GPUs, or a share of one, given to an attempt of a job.
    AllocationId, "alloc"
);

id!(
    /// A key by which a program calls the API.
    ApiKeyId, "key"
);
id!(
    /// A line of the audit trail.
    AuditId, "audit"
);

/// Any id of an object that can be looked up, told apart by its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeId {
    /// See [`OrganizationId`].
    Organization(OrganizationId),
    /// See [`HostId`].
    Host(HostId),
    /// See [`GpuId`].
    Gpu(GpuId),
    /// See [`JobId`].
    Job(JobId),
    /// See [`AllocationId`].
    Allocation(AllocationId),
    /// See [`ApiKeyId`].
    ApiKey(ApiKeyId),
}

impl FromStr for NodeId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { wanted: "node" };
        match text.split_once('_').map(|(prefix, _)| prefix) {
            Some(OrganizationId::PREFIX) => text.parse().map(Self::Organization).map_err(|_| invalid),
            Some(HostId::PREFIX) => text.parse().map(Self::Host).map_err(|_| invalid),
            Some(GpuId::PREFIX) => text.parse().map(Self::Gpu).map_err(|_| invalid),
            Some(JobId::PREFIX) => text.parse().map(Self::Job).map_err(|_| invalid),
            Some(AllocationId::PREFIX) => text.parse().map(Self::Allocation).map_err(|_| invalid),
            Some(ApiKeyId::PREFIX) => text.parse().map(Self::ApiKey).map_err(|_| invalid),
            _ => Err(invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text_form(value: u128) {
            let id = JobId(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<JobId>(), Ok(id));
            prop_assert_eq!(id.to_string().parse::<NodeId>(), Ok(NodeId::Job(id)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = text.parse::<NodeId>();
        }

        #[test]
        fn texts_sort_as_their_uuids_do(a: u128, b: u128) {
            let (x, y) = (GpuId(Uuid::from_u128(a)), GpuId(Uuid::from_u128(b)));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let gpu = GpuId(Uuid::from_u128(7)).to_string();
        assert_eq!(gpu.parse::<JobId>(), Err(InvalidId { wanted: "job" }));
        assert_eq!("job_".parse::<JobId>(), Err(InvalidId { wanted: "job" }));
        assert_eq!("job_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<JobId>(), Err(InvalidId { wanted: "job" }));
    }
}
