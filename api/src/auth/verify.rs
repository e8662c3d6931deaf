//! Whether a token holds: signature, issuer, audience, life.
//!
//! The algorithm is fixed, never taken from the token, and every claim that is checked must also be there: the library
//! passes over the checks of absent claims unless told otherwise.

use std::time::Duration;

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, Validation};

use super::claims::{AUDIENCE, Claims, ISSUER};
use super::key::PublicKey;

/// How far the clocks of issuer and verifier may differ.
pub const LEEWAY: Duration = Duration::from_secs(5);

/// Longer texts are no tokens of ours, and are not looked at.
pub(super) const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Why a token does not hold. The texts may be shown to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of the kind that is issued here.
    #[error("the token is malformed")]
    Malformed,
    /// Signed, if at all, in another way than ours.
    #[error("the token is signed with an algorithm that is not accepted")]
    Algorithm,
    /// Signed with a key that is not known here.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Something that it must say is missing or wrong.
    #[error("the token's claim {0} is missing or not accepted")]
    Claim(&'static str),
    /// It says no role that is known here.
    #[error("the token's claim for the role is missing or not accepted")]
    NoRole,
}

/// What the token says, if it holds. `key_for` gives the public key with an id.
///
/// # Errors
/// The first reason for which the token does not hold.
pub fn verify(token: &str, key_for: impl FnOnce(&str) -> Option<PublicKey>) -> Result<Claims, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
    if header.alg != Algorithm::EdDSA {
        return Err(TokenError::Algorithm);
    }
    if header.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    let key = header.kid.as_deref().and_then(key_for).ok_or(TokenError::UnknownKey)?;
    let decoded =
        jsonwebtoken::decode::<Claims>(token, &key.decoding_key(), &validation()).map_err(reason)?;
    check_life(decoded.claims)
}

/// Who claims to have issued a token: what decides whose keys it is checked with, and nothing else.
#[must_use]
pub fn issuer_of(token: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Issuer {
        iss: String,
    }
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    jsonwebtoken::dangerous::insecure_decode::<Issuer>(token).ok().map(|decoded| decoded.claims.iss)
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY.as_secs();
    validation
}

fn check_life(claims: Claims) -> Result<Claims, TokenError> {
    let now = i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap_or(i64::MAX);
    if claims.iat > now.saturating_add_unsigned(LEEWAY.as_secs()) {
        return Err(TokenError::Claim("iat"));
    }
    if !claims.has_bounded_life() {
        return Err(TokenError::Claim("exp"));
    }
    if claims.sub.is_empty() {
        return Err(TokenError::Claim("sub"));
    }
    Ok(claims)
}

pub(super) fn reason(error: Error) -> TokenError {
    match error.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYetValid,
        ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        ErrorKind::InvalidAudience => TokenError::Claim("aud"),
        ErrorKind::InvalidIssuer => TokenError::Claim("iss"),
        ErrorKind::InvalidSubject => TokenError::Claim("sub"),
        _ => TokenError::Malformed,
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
