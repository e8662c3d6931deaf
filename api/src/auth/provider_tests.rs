//! Tokens of an identity provider that hold, and every kind that must not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::*;

const ISSUER: &str = "https://id.example.org/auth/v1";
const SECRET: &[u8] = b"a secret of more than thirty-two bytes";

/// A provider with a key of each kind.
struct World {
    provider: Provider,
    keys: ProviderKeys,
    private: HashMap<Algorithm, EncodingKey>,
    /// The public RSA key as PEM, which an attacker has, too.
    rsa_pem: String,
}

fn name(algorithm: Algorithm) -> String {
    format!("{algorithm:?}").to_lowercase()
}

fn ed25519() -> (EncodingKey, Value) {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "eddsa", "use": "sig"});
    (EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()), jwk)
}

fn p256() -> (EncodingKey, Value) {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    // An uncompressed point: 4, x, y.
    let point = pair.public_key().as_ref();
    let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
    let jwk =
        json!({"kty": "EC", "crv": "P-256", "x": part(1), "y": part(33), "kid": "es256", "alg": "ES256"});
    (EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()), jwk)
}

fn rsa() -> (EncodingKey, Value, String) {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let document: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let der = rsa_private_part(document.as_ref());
    let public = pair.public_key();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({
        "kty": "RSA", "n": number(public.modulus().big_endian_without_leading_zero()),
        "e": number(public.exponent().big_endian_without_leading_zero()), "kid": "rs256", "alg": "RS256", "use": "sig",
    });
    let spki: aws_lc_rs::encoding::PublicKeyX509Der<'_> = public.as_der().unwrap();
    (EncodingKey::from_rsa_der(&der), jwk, pem::encode(&pem::Pem::new("PUBLIC KEY", spki.as_ref())))
}

/// PKCS#8 wraps the key in a sequence of version, algorithm and an octet string, which is the last of the three.
fn rsa_private_part(pkcs8: &[u8]) -> Vec<u8> {
    let place = pkcs8.windows(4).position(|bytes| bytes[..2] == [0x04, 0x82]).unwrap();
    pkcs8[place + 4..].to_vec()
}

impl World {
    fn new() -> Self {
        let ((ed, ed_jwk), (ec, ec_jwk), (rs, rs_jwk, rsa_pem)) = (ed25519(), p256(), rsa());
        let set = json!({"keys": [ed_jwk, ec_jwk, rs_jwk, {"kty": "unheard of"}]});
        let keys = ProviderKeys::from_jwks(set.to_string().as_bytes()).unwrap().with_secret(SECRET).unwrap();
        let claims = ClaimNames {
            organization: "app_metadata.organization".to_owned(),
            role: "app_metadata.role".to_owned(),
            ..ClaimNames::default()
        };
        let private = HashMap::from([
            (Algorithm::EdDSA, ed),
            (Algorithm::ES256, ec),
            (Algorithm::RS256, rs),
            (Algorithm::HS256, EncodingKey::from_secret(SECRET)),
        ]);
        let provider = Provider::new(ISSUER.to_owned(), "authenticated".to_owned(), claims).unwrap();
        Self { provider, keys, private, rsa_pem }
    }

    fn sign(&self, algorithm: Algorithm, claims: &Value) -> String {
        let mut header = Header::new(algorithm);
        header.kid = Some(name(algorithm));
        jsonwebtoken::encode(&header, claims, &self.private[&algorithm]).unwrap()
    }

    fn check(&self, token: &str) -> Result<Identity, TokenError> {
        self.provider.verify(token, &self.keys)
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "authenticated", "sub": "ada", "exp": Utc::now().timestamp() + 600,
        "iat": Utc::now().timestamp(), "role": "authenticated",
        "app_metadata": {"organization": "acme", "role": "member"},
    })
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

#[test]
fn a_token_of_each_algorithm_holds() {
    let world = World::new();
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256] {
        let known = world.check(&world.sign(algorithm, &claims())).unwrap();
        assert_eq!((known.subject.as_str(), known.role), ("ada", Role::Member), "{algorithm:?}");
        assert_eq!(known.organization.as_deref(), Some("acme"));
        assert!(known.expires_at > Utc::now());
    }
}

#[test]
fn a_token_without_what_is_required_is_refused() {
    let world = World::new();
    let now = Utc::now().timestamp();
    let cases = [
        (json!({"exp": null}), TokenError::Malformed),
        (json!({"exp": now - 60}), TokenError::Expired),
        (json!({"exp": "soon"}), TokenError::Malformed),
        (json!({"nbf": now + 600}), TokenError::NotYetValid),
        (json!({"iat": now + 600}), TokenError::Claim("iat")),
        (json!({"aud": null}), TokenError::Malformed),
        (json!({"aud": "another service"}), TokenError::Claim("aud")),
        (json!({"iss": null}), TokenError::Malformed),
        (json!({"iss": "https://evil.example.org"}), TokenError::Claim("iss")),
        (json!({"iss": "gpu-fleet"}), TokenError::Claim("iss")),
        (json!({"sub": null}), TokenError::Malformed),
        (json!({"sub": ""}), TokenError::Claim("sub")),
    ];
    for (changes, expected) in cases {
        let refused = world.check(&world.sign(Algorithm::ES256, &with(changes.clone())));
        assert_eq!(refused, Err(expected), "{changes}");
    }
}

#[test]
fn a_forged_signature_is_refused() {
    let world = World::new();
    let good = world.sign(Algorithm::RS256, &claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    // None at all, in each spelling.
    for alg in ["none", "None", "NONE", ""] {
        for end in ["", signature] {
            let token = format!("{}.{}.{end}", part(&json!({"alg": alg, "typ": "JWT"})), part(&claims()));
            assert_eq!(world.check(&token), Err(TokenError::Malformed), "{alg}");
        }
    }
    // Another's claims under a good signature.
    let claimed = part(&with(json!({"sub": "eve"})));
    let token = format!("{}.{claimed}.{signature}", head.split_once('.').unwrap().0);
    assert_eq!(world.check(&token), Err(TokenError::Signature));
    // The public key, which everybody knows, as a shared secret.
    for kid in [Some("rs256".to_owned()), None] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = kid;
        let secret = EncodingKey::from_secret(world.rsa_pem.as_bytes());
        let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
        assert_eq!(world.check(&token), Err(TokenError::Signature));
    }
    // A key of one kind under the name of another's.
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("rs256".to_owned());
    let token = jsonwebtoken::encode(&header, &claims(), &world.private[&Algorithm::ES256]).unwrap();
    assert_eq!(world.check(&token), Err(TokenError::UnknownKey));
    // A key that came with the token.
    let (foreign, jwk) = p256();
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("es256".to_owned());
    header.jwk = serde_json::from_value(jwk).ok();
    header.jku = Some("https://evil.example.org/keys".to_owned());
    let token = jsonwebtoken::encode(&header, &claims(), &foreign).unwrap();
    assert_eq!(world.check(&token), Err(TokenError::Signature));
    // An algorithm that nobody agreed on.
    let token =
        jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims(), &EncodingKey::from_secret(SECRET));
    assert_eq!(world.check(&token.unwrap()), Err(TokenError::Algorithm));
    // Not tokens at all.
    for text in ["", ".", "..", "a.b.c", "\u{0}.\u{0}.\u{0}", &"x".repeat(1 << 20)] {
        assert_eq!(world.check(text), Err(TokenError::Malformed));
    }
}

#[test]
fn an_id_token_is_for_this_client_and_this_sign_in() {
    let world = World::new();
    let check = |changes: Value| {
        let mut claims = with(json!({"aud": "fleet", "nonce": "n-1"}));
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = world.sign(Algorithm::RS256, &claims);
        world.provider.verify_id_token(&token, &world.keys, "fleet", "n-1").map(|known| known.subject)
    };
    let many_groups = json!({"groups": vec!["0b5b5d3c-0f5e-4c5e-9d6e-1a2b3c4d5e6f"; 400]});
    for good in
        [json!({}), json!({"azp": "fleet"}), json!({"aud": ["fleet", "other"], "azp": "fleet"}), many_groups]
    {
        assert_eq!(check(good.clone()), Ok("ada".to_owned()), "{good}");
    }
    let cases = [
        (json!({"nonce": "n-2"}), "nonce"),
        (json!({"nonce": null}), "nonce"),
        (json!({"nonce": ["n-1"]}), "nonce"),
        // Good as a bearer's token, and yet for somebody else.
        (json!({"aud": "authenticated"}), "aud"),
        (json!({"azp": "other"}), "azp"),
        (json!({"azp": ["fleet"]}), "azp"),
        (json!({"aud": ["fleet", "other"]}), "azp"),
        (json!({"iss": "https://evil.example.org"}), "iss"),
    ];
    for (changes, claim) in cases {
        assert_eq!(check(changes.clone()), Err(TokenError::Claim(claim)), "{changes}");
    }
    assert_eq!(check(json!({"app_metadata": {"organization": "acme"}})), Err(TokenError::NoRole));
    assert_eq!(check(json!({"exp": 1})), Err(TokenError::Expired));
}

#[test]
fn roles_are_mapped_and_none_is_given_away() {
    let mut world = World::new();
    let roles = &mut world.provider.claims.roles;
    roles.names =
        HashMap::from([("gpu-admins".to_owned(), Role::Operator), ("staff".to_owned(), Role::Viewer)]);
    let role = |world: &World, role: Value| {
        let claims = with(json!({"app_metadata": {"organization": "acme", "role": role}}));
        world.check(&world.sign(Algorithm::ES256, &claims)).map(|known| known.role)
    };
    let refused = Err(TokenError::NoRole);
    assert_eq!(role(&world, json!("gpu-admins")), Ok(Role::Operator));
    assert_eq!(role(&world, json!("staff")), Ok(Role::Viewer));
    assert_eq!(role(&world, json!("ADMIN")), Ok(Role::Admin));
    assert_eq!(role(&world, json!(["staff", "member", "unheard of"])), Ok(Role::Member));
    // What only the configuration gives.
    assert_eq!(role(&world, json!("operator")), refused);
    assert_eq!(role(&world, json!("agent")), refused);
    assert_eq!(role(&world, json!({"admin": true})), refused);
    assert_eq!(role(&world, Value::Null), refused);
    world.provider.claims.roles.otherwise = Some(Role::Viewer);
    assert_eq!(role(&world, json!("agent")), Ok(Role::Viewer));
}

#[test]
fn a_set_without_usable_keys_is_refused() {
    let (_, jwk) = p256();
    let changed = |name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        ProviderKeys::from_jwks(json!({"keys": [jwk]}).to_string().as_bytes()).map(|_| ())
    };
    assert_eq!(changed("kid", json!("another")), Ok(()));
    assert_eq!(changed("use", json!("enc")), Err(BadKeys::NoneUsable));
    assert_eq!(changed("alg", json!("ES384")), Err(BadKeys::NoneUsable));
    assert_eq!(changed("crv", json!("P-384")), Err(BadKeys::NoneUsable));
    for text in ["", "{}", "[]", "{\"keys\": 1}"] {
        assert_eq!(ProviderKeys::from_jwks(text.as_bytes()).map(|_| ()), Err(BadKeys::NotASet), "{text}");
    }
    // A symmetric key has no place in a public set.
    let symmetric = json!({"keys": [{"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET), "alg": "HS256"}]});
    let refused = ProviderKeys::from_jwks(symmetric.to_string().as_bytes()).map(|_| ());
    assert_eq!(refused, Err(BadKeys::NoneUsable));
    let short = ProviderKeys::default().with_secret(b"short").map(|_| ());
    assert_eq!(short, Err(BadKeys::ShortSecret));
}
