//! Tokens that hold, and every kind that must not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use domain::role::Role;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{MAX_TTL, SigningKey};
use super::*;

struct World {
    dir: tempfile::TempDir,
    key: SigningKey,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::load_or_create(dir.path()).unwrap();
        Self { dir, key }
    }

    fn claims(&self) -> Claims {
        self.claims_from(TimeDelta::zero(), Duration::from_secs(60))
    }

    fn claims_from(&self, shift: TimeDelta, ttl: Duration) -> Claims {
        Claims::new("ada", Some("acme".to_owned()), Role::Member, Utc::now() + shift, ttl, Uuid::now_v7())
    }

    /// Signs any JSON at all with the world's key.
    fn sign(&self, claims: &Value) -> String {
        let file = self.dir.path().join(crate::auth::KEY_FILE);
        let document = pem::parse(std::fs::read(file).unwrap()).unwrap();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key.key_id().to_owned());
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(document.contents())).unwrap()
    }

    fn check(&self, token: &str) -> Result<Claims, TokenError> {
        verify(token, |id| (id == self.key.key_id()).then(|| self.key.public_key().clone()))
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_fresh_token_holds_and_says_what_it_was_given() {
    let world = World::new();
    let claims = world.claims();
    assert_eq!(world.check(&world.key.mint(&claims).unwrap()), Ok(claims));
}

#[test]
fn an_unsigned_token_is_refused() {
    let world = World::new();
    let body = part(&serde_json::to_value(world.claims()).unwrap());
    for alg in ["none", "None", "NONE"] {
        let header = part(&json!({ "alg": alg, "typ": "JWT", "kid": world.key.key_id() }));
        assert_eq!(world.check(&format!("{header}.{body}.")), Err(TokenError::Malformed));
    }
}

#[test]
fn a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
    let world = World::new();
    let pem = world.key.public_key().to_pem();
    let raw = pem::parse(&pem).unwrap().contents()[12..].to_vec();
    for secret in [pem.as_bytes(), &raw] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(world.key.key_id().to_owned());
        let token =
            jsonwebtoken::encode(&header, &world.claims(), &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(world.check(&token), Err(TokenError::Algorithm));
    }
}

#[test]
fn every_claim_must_be_there() {
    let world = World::new();
    for missing in ["iss", "aud", "sub", "exp", "nbf", "iat", "role", "jti"] {
        let mut claims = serde_json::to_value(world.claims()).unwrap();
        claims.as_object_mut().unwrap().remove(missing);
        assert!(world.check(&world.sign(&claims)).is_err(), "accepted without {missing}");
        claims[missing] = Value::Null;
        assert!(world.check(&world.sign(&claims)).is_err(), "accepted with {missing} null");
    }
}

#[test]
fn another_issuer_audience_or_an_empty_subject_is_refused() {
    let world = World::new();
    for (claim, value) in
        [("iss", json!("other")), ("aud", json!("other")), ("sub", json!("")), ("aud", json!(["gpu-fleet"]))]
    {
        let mut claims = serde_json::to_value(world.claims()).unwrap();
        claims[claim] = value;
        assert!(world.check(&world.sign(&claims)).is_err(), "accepted {claim} {}", claims[claim]);
    }
}

#[test]
fn an_expired_token_and_one_from_the_future_are_refused() {
    let world = World::new();
    let past = world.claims_from(TimeDelta::seconds(-120), Duration::from_secs(60));
    assert_eq!(world.check(&world.key.mint(&past).unwrap()), Err(TokenError::Expired));
    let future = world.claims_from(TimeDelta::seconds(120), Duration::from_secs(60));
    assert_eq!(world.check(&world.key.mint(&future).unwrap()), Err(TokenError::NotYetValid));
}

#[test]
fn a_token_without_a_bounded_life_is_neither_minted_nor_accepted() {
    let world = World::new();
    let mut claims = world.claims_from(TimeDelta::zero(), MAX_TTL + Duration::from_secs(1));
    assert!(world.key.mint(&claims).is_err());
    assert_eq!(world.check(&world.sign(&json!(claims))), Err(TokenError::Claim("exp")));
    claims.exp = i64::MAX;
    assert!(world.check(&world.sign(&json!(claims))).is_err());
    claims.exp = claims.iat;
    assert!(world.key.mint(&claims).is_err());
}

#[test]
fn the_key_of_another_directory_opens_nothing() {
    let (world, other) = (World::new(), World::new());
    let token = other.key.mint(&other.claims()).unwrap();
    assert_eq!(world.check(&token), Err(TokenError::UnknownKey));
    let lying = |_: &str| Some(world.key.public_key().clone());
    assert_eq!(verify(&token, lying), Err(TokenError::Signature));
}

#[test]
fn a_token_without_a_key_id_or_with_critical_headers_is_refused() {
    let world = World::new();
    let body = part(&json!(world.claims()));
    let without = part(&json!({ "alg": "EdDSA", "typ": "JWT" }));
    assert_eq!(world.check(&format!("{without}.{body}.AAAA")), Err(TokenError::UnknownKey));
    let critical = part(&json!({ "alg": "EdDSA", "kid": world.key.key_id(), "crit": ["b64"], "b64": false }));
    assert_eq!(world.check(&format!("{critical}.{body}.AAAA")), Err(TokenError::Malformed));
}

#[test]
fn garbage_of_any_size_is_refused() {
    let world = World::new();
    let token = world.key.mint(&world.claims()).unwrap();
    let huge = "a".repeat(1 << 20);
    for garbage in [
        "",
        ".",
        "..",
        "a.b.c",
        "garbage",
        "\u{0}",
        "ü.ü.ü",
        &huge,
        &format!("{token}.x"),
        &token[..token.len() - 8],
    ] {
        assert!(world.check(garbage).is_err(), "accepted {:.40}", garbage);
    }
}
