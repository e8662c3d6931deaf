//! Who a caller is: tokens signed with the data directory's own key, agents' keys, and the principal that both lead to.
//!
//! Nothing here reads the database: whoever calls brings the public keys and looks up hashes.

mod claims;
mod key;
mod principal;
mod secret;
mod verify;

pub use claims::{AUDIENCE, Claims, ISSUER, MAX_TTL};
pub use key::{AuthSetupError, KEY_FILE, PublicKey, SigningKey};
pub use principal::{OrganizationRef, Principal, Proof};
pub use secret::{AgentKey, generate_agent_key, hash, looks_like_agent_key};
pub use verify::{LEEWAY, TokenError, verify};
