//! Long-lived keys: those of agents (`gfa_`) and of programs (`gfk_`). Each is its kind, 32 random bytes in hex, and a
//! checksum by which a scanner tells a real key from a lookalike.
//!
//! The server keeps the hash alone. A fast hash is enough, because there is nothing to guess in 256 random bits.

use sha2::{Digest as _, Sha256};

use super::key::AuthSetupError;

const RANDOM_DIGITS: usize = 64;
const CHECKSUM_DIGITS: usize = 8;
/// Random digits by which people know a key again.
const SHOWN_DIGITS: usize = 8;

/// Whose a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A host's agent's.
    Agent,
    /// A program's.
    Api,
}

impl KeyKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Agent => "gfa_",
            Self::Api => "gfk_",
        }
    }

    /// The kind of key that a bearer's text is, checksum included; None: it is none.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        [Self::Agent, Self::Api].into_iter().find(|kind| {
            let digits = text.strip_prefix(kind.prefix());
            digits.is_some_and(|digits| {
                digits.len() == RANDOM_DIGITS + CHECKSUM_DIGITS
                    && digits.is_ascii()
                    && checksum(&digits[..RANDOM_DIGITS]) == digits[RANDOM_DIGITS..]
            })
        })
    }
}

/// A new key, and what the server keeps of it.
pub struct Secret {
    /// Shown once.
    pub secret: String,
    /// SHA-256 of the secret, in hex.
    pub hash: String,
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn generate(kind: KeyKind) -> Result<Self, AuthSetupError> {
        let mut random = [0u8; RANDOM_DIGITS / 2];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| AuthSetupError::Random)?;
        let digits = hex(&random);
        let secret = format!("{}{digits}{}", kind.prefix(), checksum(&digits));
        Ok(Self { hash: hash(&secret), secret })
    }

    /// The beginning, which is no secret: 32 of 256 bits.
    #[must_use]
    pub fn prefix(&self) -> &str {
        let shown = KeyKind::Api.prefix().len() + SHOWN_DIGITS;
        self.secret.get(..shown).unwrap_or_default()
    }
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
        for kind in [KeyKind::Agent, KeyKind::Api] {
            let (one, other) = (Secret::generate(kind).unwrap(), Secret::generate(kind).unwrap());
            assert_eq!(KeyKind::of(&one.secret), Some(kind));
            assert_ne!(one.secret, other.secret);
            assert_eq!(one.hash, hash(&one.secret));
            assert!(one.secret.starts_with(one.prefix()));
        }
    }

    #[test]
    fn a_damaged_key_is_not_recognized() {
        let secret = Secret::generate(KeyKind::Api).unwrap().secret;
        let flipped = if secret.as_bytes()[10] == b'0' { "1" } else { "0" };
        let damaged = [&secret[..10], flipped, &secret[11..]].concat();
        let foreign = secret.replacen("gfk_", "gfx_", 1);
        let wide = format!("gfk_{}", "ü".repeat(36));
        for text in ["", "gfk_", &damaged, &foreign, &secret[..secret.len() - 1], &wide] {
            assert_eq!(KeyKind::of(text), None, "{text}");
        }
    }
}
