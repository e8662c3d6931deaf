//! People who come back from an identity provider with a code: exchanged for an ID token, which is checked and then forgotten.
//!
//! Nothing of what the provider answers is told to the person but its error code, and nothing of it is logged above debug.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::discovery::{Metadata, SecretIn};
use super::external::External;
use crate::auth::{Identity, TokenError};
use crate::http::{Grant, Offer, SignInRefusal};

/// Characters of an error code that are told.
const ERROR_CODE_CHARS: usize = 64;

/// How people sign in with a provider.
#[derive(Clone)]
pub struct SignInTerms {
    /// As whom this server is known there.
    pub client_id: String,
    /// What it proves that with, if the provider wants a proof.
    pub client_secret: Option<String>,
    /// What is asked for.
    pub scopes: String,
    /// What people call the provider.
    pub name: String,
    /// How long they stay signed in.
    pub session: Duration,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl External {
    /// How people sign in; none: they do not.
    pub(super) async fn offer(self: &Arc<Self>) -> Result<Option<Offer>, SignInRefusal> {
        let Some(terms) = &self.trust.sign_in else { return Ok(None) };
        let metadata = self.metadata().await.ok_or_else(|| self.not_there())?;
        Ok(Some(Offer {
            name: terms.name.clone(),
            issuer: self.trust.provider.issuer.clone(),
            authorization_endpoint: metadata.authorization.to_string(),
            client_id: terms.client_id.clone(),
            scopes: terms.scopes.clone(),
        }))
    }

    /// Who a person is who has brought this, and how long they stay signed in.
    pub(super) async fn sign_in(
        self: &Arc<Self>,
        grant: &Grant,
    ) -> Result<(Identity, Duration), SignInRefusal> {
        let terms = self.trust.sign_in.as_ref().ok_or(SignInRefusal::Off)?;
        let metadata = self.metadata().await.ok_or_else(|| self.not_there())?;
        let token = self.exchange(terms, &metadata, grant).await?;
        let provider = &self.trust.provider;
        let checked =
            self.check(|keys| provider.verify_id_token(&token, keys, &terms.client_id, &grant.nonce)).await?;
        match checked {
            Ok(identity) => Ok((identity, terms.session)),
            Err(TokenError::NoRole) => Err(SignInRefusal::Forbidden(format!(
                "You are known to {}, but the claim {:?} of its ID token gives you no role here. Ask whoever runs this \
                 server to give you one there, or to name yours with --oidc-role or --oidc-default-role.",
                terms.name, provider.claims.role
            ))),
            Err(error) => Err(SignInRefusal::Unauthenticated(format!(
                "The ID token of {} does not hold: {error}. Sign in again; if it stays, tell whoever runs this server.",
                terms.name
            ))),
        }
    }

    /// What a person is told whom the provider places in no organization.
    pub(super) fn no_organization(&self) -> String {
        format!(
            "You are known, but the claim {:?} of the identity provider's ID token names no organization. Ask whoever runs \
             this server to have you placed in one there.",
            self.trust.provider.claims.organization
        )
    }

    /// The ID token that the provider gives for a code.
    async fn exchange(
        &self,
        terms: &SignInTerms,
        metadata: &Metadata,
        grant: &Grant,
    ) -> Result<String, SignInRefusal> {
        let (form, credentials) = request(terms, metadata.secret_in, grant);
        let answered = self.calls.post(&metadata.token, form, credentials).await;
        let (status, body) = answered.map_err(|error| {
            tracing::warn!(error, "an identity provider did not take a code");
            self.not_there()
        })?;
        if status == StatusCode::OK {
            let tokens: Result<Tokens, _> = serde_json::from_slice(&body);
            return tokens.map(|tokens| tokens.id_token).map_err(|_| {
                let message = "gave no ID token: tell whoever runs this server";
                SignInRefusal::Unauthenticated(format!("{} {message}.", terms.name))
            });
        }
        Err(self.refused(terms, status, &body))
    }

    fn refused(&self, terms: &SignInTerms, status: StatusCode, body: &[u8]) -> SignInRefusal {
        let told: Option<Failure> = serde_json::from_slice(body).ok();
        let Some(failure) = told.filter(|_| status.is_client_error()) else {
            tracing::warn!(%status, "an identity provider did not take a code");
            return self.not_there();
        };
        let code = plain(&failure.error);
        tracing::debug!(%status, code, description = ?failure.error_description, "an identity provider refuses a code");
        let next = match code.as_str() {
            "invalid_grant" => "The code was used before, or is too old: sign in again",
            _ => "Tell whoever runs this server",
        };
        SignInRefusal::Unauthenticated(format!("{} refused the sign-in: {code}. {next}.", terms.name))
    }

    fn not_there(&self) -> SignInRefusal {
        let name = self.trust.sign_in.as_ref().map_or("the identity provider", |terms| &terms.name);
        SignInRefusal::Unavailable(format!(
            "{name} does not answer as it should right now. Try again shortly; if it stays, the server's log says why."
        ))
    }
}

/// The form of the exchange (RFC 6749 4.1.3), and what stands in the header beside it.
fn request(terms: &SignInTerms, secret_in: SecretIn, grant: &Grant) -> (String, Option<(String, String)>) {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", &grant.code),
        ("redirect_uri", &grant.redirect_uri),
        ("code_verifier", &grant.code_verifier),
    ];
    let credentials = match (&terms.client_secret, secret_in) {
        // Both are encoded before they are put together (RFC 6749 2.3.1).
        (Some(secret), SecretIn::Header) => Some((encoded(&terms.client_id), encoded(secret))),
        (Some(secret), SecretIn::Form) => {
            form.extend([("client_id", terms.client_id.as_str()), ("client_secret", secret)]);
            None
        }
        (None, _) => {
            form.push(("client_id", &terms.client_id));
            None
        }
    };
    (serde_urlencoded::to_string(form).unwrap_or_default(), credentials)
}

fn encoded(text: &str) -> String {
    let pair = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    pair.strip_prefix('=').unwrap_or_default().to_owned()
}

/// An error code as the standards spell them, and nothing else that a provider may have written there.
fn plain(code: &str) -> String {
    let fits = code.len() <= ERROR_CODE_CHARS
        && !code.is_empty()
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if fits { code.to_owned() } else { "an error without a usable code".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        let text = |text: &str| text.to_owned();
        Grant {
            code: text("a/b c"),
            code_verifier: text("v"),
            nonce: text("n"),
            redirect_uri: text("https://fleet.example.org/sign-in/callback"),
        }
    }

    fn terms(client_secret: Option<&str>) -> SignInTerms {
        SignInTerms {
            client_id: "gpu fleet".to_owned(),
            client_secret: client_secret.map(str::to_owned),
            scopes: "openid".to_owned(),
            name: "Example".to_owned(),
            session: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_client_shows_its_secret_where_the_provider_takes_it() {
        let common = "grant_type=authorization_code&code=a%2Fb+c\
                      &redirect_uri=https%3A%2F%2Ffleet.example.org%2Fsign-in%2Fcallback&code_verifier=v";
        let without = request(&terms(None), SecretIn::Header, &grant());
        assert_eq!(without, (format!("{common}&client_id=gpu+fleet"), None));
        let header = request(&terms(Some("a:b%")), SecretIn::Header, &grant());
        assert_eq!(header, (common.to_owned(), Some(("gpu+fleet".to_owned(), "a%3Ab%25".to_owned()))));
        let form = request(&terms(Some("a:b%")), SecretIn::Form, &grant());
        assert_eq!(form, (format!("{common}&client_id=gpu+fleet&client_secret=a%3Ab%25"), None));
    }

    #[test]
    fn only_codes_of_errors_are_told() {
        assert_eq!(plain("invalid_grant"), "invalid_grant");
        for text in ["", "<b>", "Invalid grant", &"a".repeat(65), "c\nd"] {
            assert_eq!(plain(text), "an error without a usable code", "{text}");
        }
    }
}
