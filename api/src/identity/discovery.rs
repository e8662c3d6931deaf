//! What a provider says of itself at `/.well-known/openid-configuration` (OpenID Connect Discovery), and what of it is believed.

use reqwest::Url;
use serde::Deserialize;

use super::calls::{is_guarded, is_local};

const PATH: &str = ".well-known/openid-configuration";

/// Where a provider does what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    /// Where people sign in.
    pub(super) authorization: Url,
    /// Where a code becomes a token.
    pub(super) token: Url,
    /// Where its public keys are.
    pub(super) keys: Url,
    /// How a client shows its secret.
    pub(super) secret_in: SecretIn,
}

/// How a client shows its secret at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretIn {
    /// In the header `Authorization` (`client_secret_basic`).
    Header,
    /// In the form (`client_secret_post`), where the provider knows nothing better.
    Form,
}

/// Why a provider's word about itself is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadMetadata {
    #[error("it is not an OpenID provider's configuration: {0}")]
    Malformed(String),
    #[error(
        "its issuer is {found:?}, and --oidc-issuer says {expected:?}: they must be equal, to the last slash"
    )]
    Issuer { found: String, expected: String },
    #[error("its {0} must begin with https://")]
    Unguarded(&'static str),
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Where an issuer says of itself what there is; none for one that is no address, or one that anybody on the way can answer for.
pub(super) fn address(issuer: &str) -> Option<Url> {
    let url = Url::parse(issuer).ok().filter(is_guarded)?;
    if url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    Url::parse(&format!("{}/{PATH}", issuer.trim_end_matches('/'))).ok()
}

impl Metadata {
    /// What of a document is believed, if it is this issuer's.
    pub(super) fn read(issuer: &str, text: &[u8]) -> Result<Self, BadMetadata> {
        let document: Document =
            serde_json::from_slice(text).map_err(|error| BadMetadata::Malformed(error.to_string()))?;
        if document.issuer != issuer {
            return Err(BadMetadata::Issuer { found: document.issuer, expected: issuer.to_owned() });
        }
        // Without encryption only a provider on this machine is believed, and only about this machine.
        let local = Url::parse(issuer).is_ok_and(|url| is_local(&url));
        let believed =
            |url: &Url| (url.scheme() == "https" || (local && is_guarded(url))) && url.fragment().is_none();
        let guarded =
            |text: &str, name| Url::parse(text).ok().filter(believed).ok_or(BadMetadata::Unguarded(name));
        let methods = document.token_endpoint_auth_methods_supported;
        let knows = |name: &str| methods.as_ref().is_some_and(|all| all.iter().any(|one| one == name));
        let in_form = knows("client_secret_post") && !knows("client_secret_basic");
        Ok(Self {
            authorization: guarded(&document.authorization_endpoint, "authorization_endpoint")?,
            token: guarded(&document.token_endpoint, "token_endpoint")?,
            keys: guarded(&document.jwks_uri, "jwks_uri")?,
            secret_in: if in_form { SecretIn::Form } else { SecretIn::Header },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://id.example.org/realms/lab";

    fn read(issuer: &str, changes: Value) -> Result<Metadata, BadMetadata> {
        let mut document = json!({
            "issuer": ISSUER, "authorization_endpoint": "https://id.example.org/auth?realm=lab",
            "token_endpoint": "https://id.example.org/token", "jwks_uri": "https://keys.example.org/lab",
        });
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        Metadata::read(issuer, document.to_string().as_bytes())
    }

    #[test]
    fn an_issuers_own_word_is_believed() {
        let known = read(ISSUER, json!({})).unwrap();
        assert_eq!(known.authorization.as_str(), "https://id.example.org/auth?realm=lab");
        assert_eq!(known.token.as_str(), "https://id.example.org/token");
        assert_eq!(known.keys.as_str(), "https://keys.example.org/lab");
        let secret_in = |methods: Value| {
            read(ISSUER, json!({"token_endpoint_auth_methods_supported": methods}))
                .map(|known| known.secret_in)
        };
        assert_eq!(secret_in(Value::Null), Ok(SecretIn::Header));
        assert_eq!(secret_in(json!(["client_secret_post", "client_secret_basic"])), Ok(SecretIn::Header));
        assert_eq!(secret_in(json!(["client_secret_post", "private_key_jwt"])), Ok(SecretIn::Form));
    }

    #[test]
    fn what_another_could_answer_for_is_not_believed() {
        for issuer in ["https://id.example.org/realms/lab/", "https://evil.example.org"] {
            assert!(matches!(read(issuer, json!({})), Err(BadMetadata::Issuer { .. })), "{issuer}");
        }
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for address in [
                "http://id.example.org/x",
                "http://127.0.0.1/x",
                "javascript:alert(1)",
                "https://a.b/#c",
                "/x",
            ] {
                let refused = read(ISSUER, json!({name: address}));
                assert_eq!(refused, Err(BadMetadata::Unguarded(name)), "{address}");
            }
            for nothing in [Value::Null, json!(7)] {
                let refused = read(ISSUER, json!({name: nothing}));
                assert!(matches!(refused, Err(BadMetadata::Malformed(_))), "{name}: {nothing}");
            }
        }
        assert!(matches!(Metadata::read(ISSUER, b"<html>"), Err(BadMetadata::Malformed(_))));
    }

    #[test]
    fn a_provider_on_this_machine_may_do_without_encryption() {
        let issuer = "http://127.0.0.1:9000";
        let changes = json!({
            "issuer": issuer, "authorization_endpoint": "http://localhost:9000/auth",
            "token_endpoint": "http://127.0.0.1:9000/token", "jwks_uri": "http://[::1]:9000/keys",
        });
        assert!(read(issuer, changes.clone()).is_ok());
        let mut elsewhere = changes;
        elsewhere["token_endpoint"] = json!("http://id.example.org/token");
        assert_eq!(read(issuer, elsewhere), Err(BadMetadata::Unguarded("token_endpoint")));
    }

    #[test]
    fn an_issuer_names_the_place_of_its_document() {
        let at = |issuer: &str| address(issuer).map(String::from);
        assert_eq!(
            at(ISSUER).as_deref(),
            Some("https://id.example.org/realms/lab/.well-known/openid-configuration")
        );
        assert_eq!(
            at("https://a.example/").as_deref(),
            Some("https://a.example/.well-known/openid-configuration")
        );
        for bad in ["accounts.example.org", "http://id.example.org", "https://a.example/?x", "file:///etc"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
