//! Tokens of an identity provider: whose keys they are checked with, and what their claims mean here.
//!
//! A key is bound to one algorithm by its kind, so that no token can choose how it is checked: an RSA key verifies RS256
//! alone, a key of the curve P-256 ES256, one of Ed25519 EdDSA, a shared secret HS256.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::role::Role;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use super::claims::ISSUER;
use super::verify::{LEEWAY, MAX_TOKEN_BYTES, TokenError, reason};

/// Longer ID tokens are not looked at.
const MAX_ID_TOKEN_BYTES: usize = 64 * 1024;

/// Keys that are taken from one set at most.
const MOST_KEYS: usize = 100;
/// Bytes of a shared secret at least: as many as the hash that it goes into.
const SECRET_BYTES: usize = 32;

/// An identity provider that this server trusts.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The claim `iss` of its tokens, exactly.
    pub issuer: String,
    /// What must be in their claim `aud`.
    pub audience: String,
    /// What its other claims mean.
    pub claims: ClaimNames,
}

/// Where a token says what is wanted of it. A name may lead inwards: `app_metadata.organization`.
#[derive(Debug, Clone)]
pub struct ClaimNames {
    /// The caller's name.
    pub subject: String,
    /// The slug of the caller's organization.
    pub organization: String,
    /// The caller's role: a text, or a list of texts of which the greatest counts.
    pub role: String,
    /// What roles are called there.
    pub roles: RoleNames,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            subject: "sub".to_owned(),
            organization: "org".to_owned(),
            role: "role".to_owned(),
            roles: RoleNames::default(),
        }
    }
}

/// What a provider calls the roles.
#[derive(Debug, Clone, Default)]
pub struct RoleNames {
    /// Its names. One that is not here is understood if it is VIEWER, MEMBER or ADMIN: who may run the fleet is said here
    /// or nowhere.
    pub names: HashMap<String, Role>,
    /// The role of whoever has none.
    pub otherwise: Option<Role>,
}

impl RoleNames {
    fn understand(&self, given: Option<&Value>) -> Option<Role> {
        let texts: Vec<&str> = match given {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let known = texts.into_iter().filter_map(|text| {
            let own = || text.parse().ok().filter(|role| Role::Admin.includes(*role));
            self.names.get(text).copied().or_else(own)
        });
        // No provider makes a host's agent.
        let people = known.filter(|role| *role != Role::Agent);
        people.reduce(|one, other| if one.includes(other) { one } else { other }).or(self.otherwise)
    }
}

/// What a provider's token says, once it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The caller's name.
    pub subject: String,
    /// The organization's slug.
    pub organization: Option<String>,
    /// The role.
    pub role: Role,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// The keys of a provider.
#[derive(Clone, Default)]
pub struct ProviderKeys {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl std::fmt::Debug for ProviderKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.keys.iter().map(|key| (key.algorithm, &key.id));
        f.debug_list().entries(named).finish()
    }
}

/// Keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not JSON with a list `keys`.
    #[error("it is not a JSON Web Key Set: an object with a list \"keys\"")]
    NotASet,
    /// None of them is for signatures that are accepted.
    #[error("it holds no key for RS256, ES256 or EdDSA")]
    NoneUsable,
    /// It could be guessed.
    #[error("a shared secret must have at least {SECRET_BYTES} bytes")]
    ShortSecret,
}

impl ProviderKeys {
    /// The keys of a JSON Web Key Set (RFC 7517). Those of other kinds, or for other uses, are passed over.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn from_jwks(text: &[u8]) -> Result<Self, BadKeys> {
        let set: Value = serde_json::from_slice(text).map_err(|_| BadKeys::NotASet)?;
        let listed = set.get("keys").and_then(Value::as_array).ok_or(BadKeys::NotASet)?;
        let usable = listed.iter().filter_map(|one| usable(serde_json::from_value(one.clone()).ok()?));
        let keys: Vec<Key> = usable.take(MOST_KEYS).collect();
        if keys.is_empty() { Err(BadKeys::NoneUsable) } else { Ok(Self { keys }) }
    }

    /// A secret that the provider signs with, too (HS256).
    ///
    /// # Errors
    /// [`BadKeys::ShortSecret`].
    pub fn with_secret(mut self, secret: &[u8]) -> Result<Self, BadKeys> {
        if secret.len() < SECRET_BYTES {
            return Err(BadKeys::ShortSecret);
        }
        let key = DecodingKey::from_secret(secret);
        self.keys.push(Key { id: None, algorithm: Algorithm::HS256, key });
        Ok(self)
    }

    /// The key for a token: the one that it names, or the only one of its algorithm that has no name or where it names none.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let mut fitting = self.keys.iter().filter(|key| key.algorithm == algorithm);
        // A shared secret has no name of its own, whatever its tokens call it.
        let named = |key: &&Key| key.id.is_none() || id.is_none() || key.id.as_deref() == id;
        match id {
            Some(_) => {
                let exact = fitting.clone().find(|key| key.id.as_deref() == id);
                exact.or_else(|| fitting.find(named))
            }
            None => {
                let only = fitting.next();
                only.filter(|_| fitting.next().is_none())
            }
        }
    }
}

fn usable(jwk: Jwk) -> Option<Key> {
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if jwk.common.key_algorithm.is_some_and(|declared| declared != name) {
        return None;
    }
    Some(Key { id: jwk.common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(&jwk).ok()? })
}

impl Provider {
    /// A provider, unless it would stand for this server itself.
    #[must_use]
    pub fn new(issuer: String, audience: String, claims: ClaimNames) -> Option<Self> {
        (issuer != ISSUER && !issuer.is_empty() && !audience.is_empty()).then_some(Self {
            issuer,
            audience,
            claims,
        })
    }

    /// What a token says, if it holds.
    ///
    /// # Errors
    /// The first reason for which it does not hold.
    pub fn verify(&self, token: &str, keys: &ProviderKeys) -> Result<Identity, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        self.read(&self.claims_of(token, keys, &self.audience)?)
    }

    /// What an ID token says that was made for this client and for the sign-in with this nonce (OpenID Connect Core 3.1.3.7).
    ///
    /// # Errors
    /// The first reason for which it does not hold.
    pub fn verify_id_token(
        &self,
        token: &str,
        keys: &ProviderKeys,
        client_id: &str,
        nonce: &str,
    ) -> Result<Identity, TokenError> {
        // It comes from the provider itself and not from a stranger, and may name many groups.
        if token.len() > MAX_ID_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let claims = self.claims_of(token, keys, client_id)?;
        if claims["nonce"].as_str() != Some(nonce) {
            return Err(TokenError::Claim("nonce"));
        }
        let for_many = claims["aud"].as_array().is_some_and(|all| all.len() > 1);
        match &claims["azp"] {
            Value::Null if !for_many => {}
            Value::String(party) if party == client_id => {}
            _ => return Err(TokenError::Claim("azp")),
        }
        self.read(&claims)
    }

    /// All claims of a token that was issued for this audience, once its signature and its times hold.
    fn claims_of(&self, token: &str, keys: &ProviderKeys, audience: &str) -> Result<Value, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        let accepted = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256];
        if !accepted.contains(&header.alg) {
            return Err(TokenError::Algorithm);
        }
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let key = keys.find(header.kid.as_deref(), header.alg).ok_or(TokenError::UnknownKey)?;
        let validation = self.validation(key.algorithm, audience);
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &validation);
        Ok(Value::Object(decoded.map_err(reason)?.claims))
    }

    fn validation(&self, algorithm: Algorithm, audience: &str) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY.as_secs();
        validation
    }

    fn read(&self, claims: &Value) -> Result<Identity, TokenError> {
        let text = |path: &str| at(claims, path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let exp = claims["exp"].as_f64().ok_or(TokenError::Claim("exp"))?;
        let issued = claims["iat"].as_f64().unwrap_or(0.0);
        if issued > Utc::now().timestamp() as f64 + LEEWAY.as_secs_f64() {
            return Err(TokenError::Claim("iat"));
        }
        Ok(Identity {
            subject: text(&self.claims.subject).ok_or(TokenError::Claim("sub"))?.to_owned(),
            organization: text(&self.claims.organization).map(str::to_owned),
            role: self.claims.roles.understand(at(claims, &self.claims.role)).ok_or(TokenError::NoRole)?,
            expires_at: DateTime::from_timestamp(exp as i64, 0).ok_or(TokenError::Claim("exp"))?,
        })
    }
}

/// The claim at a path: by its whole name, since some providers' names are addresses with dots in them, or inwards.
fn at<'a>(claims: &'a Value, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| path.split('.').try_fold(claims, |inner, name| inner.get(name)))
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
