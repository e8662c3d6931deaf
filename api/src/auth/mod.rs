//! Who a caller is: tokens signed with the data directory's own key or by an identity provider, the keys of agents and
//! programs, and the principal that all of them lead to.
//!
//! Nothing here reads the database: whoever calls brings the public keys and looks up hashes.

mod claims;
mod key;
mod principal;
mod provider;
mod secret;
mod verify;

pub use claims::{AUDIENCE, Claims, ISSUER, MAX_TTL};
pub use key::{AuthSetupError, KEY_FILE, PublicKey, SigningKey};
pub use principal::{OrganizationRef, Principal, Proof};
pub use provider::{BadKeys, ClaimNames, Identity, Provider, ProviderKeys, RoleNames};
pub use secret::{KeyKind, Secret, hash};
pub use verify::{LEEWAY, TokenError, issuer_of, verify};
