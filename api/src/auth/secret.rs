//! Agents' own keys: `gfa_`, 32 random bytes in hex, and a checksum by which a scanner tells a real key from a lookalike.
//!
//! The server keeps the hash alone. A fast hash is enough, because there is nothing to guess in 256 random bits.

use sha2::{Digest as _, Sha256};

use super::key::AuthSetupError;

const PREFIX: &str = "gfa_";
const RANDOM_DIGITS: usize = 64;
const CHECKSUM_DIGITS: usize = 8;

/// A new key, and what the server keeps of it.
pub struct AgentKey {
    /// Shown to the agent once.
    pub secret: String,
    /// SHA-256 of the secret, in hex.
    pub hash: String,
}

/// A new key for an agent.
///
/// # Errors
/// When the system gives no random bytes.
pub fn generate_agent_key() -> Result<AgentKey, AuthSetupError> {
    let mut random = [0u8; RANDOM_DIGITS / 2];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| AuthSetupError::Random)?;
    let digits = hex(&random);
    let secret = format!("{PREFIX}{digits}{}", checksum(&digits));
    Ok(AgentKey { hash: hash(&secret), secret })
}

/// Whether a bearer's text is an agent's key rather than a token, checksum included.
#[must_use]
pub fn looks_like_agent_key(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(PREFIX) else { return false };
    digits.len() == RANDOM_DIGITS + CHECKSUM_DIGITS
        && digits.is_ascii()
        && checksum(&digits[..RANDOM_DIGITS]) == digits[RANDOM_DIGITS..]
}

/// What the server keeps of a secret.
#[must_use]
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

fn checksum(digits: &str) -> String {
    hex(&crc32fast::hash(digits.as_bytes()).to_be_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn a_new_key_is_recognized_and_unlike_the_one_before() {
        let (one, other) = (generate_agent_key().unwrap(), generate_agent_key().unwrap());
        assert!(looks_like_agent_key(&one.secret));
        assert_ne!(one.secret, other.secret);
        assert_eq!(one.hash, hash(&one.secret));
    }

    #[test]
    fn a_damaged_key_is_not_recognized() {
        let secret = generate_agent_key().unwrap().secret;
        let flipped = if secret.as_bytes()[10] == b'0' { "1" } else { "0" };
        let damaged = [&secret[..10], flipped, &secret[11..]].concat();
        for text in ["", "gfa_", &damaged, &secret[..secret.len() - 1], &format!("gfa_{}", "ü".repeat(36))] {
            assert!(!looks_like_agent_key(text), "{text}");
        }
    }
}
