//! Signing in with an identity provider, as the dashboard does it: it asks where the provider is, sends the person there, and
//! brings back a code, for which it gets a token of this server.
//!
//! Whoever asks here has shown nothing yet. So bodies are short, addresses are metered, and few exchanges run at once. The token
//! leaves in the answer's body alone: never in an address, a cookie or the log.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;

use super::accept::{MediaType, is_json};
use super::body::{discard, read};
use super::call::RequestId;
use super::gateway::Refusal;
use super::graphql::{address, refuse};
use super::meter::{Exhausted, Meter, Rate};
use super::server::Serving;
use super::{answer, origin};
use crate::error::ErrorCode;

/// The page that the provider sends people back to.
pub const CALLBACK: &str = "/sign-in/callback";

/// A code, a verifier and a nonce have some hundred bytes.
const BODY_BYTES: usize = 16 << 10;
/// Exchanges with the provider at once.
const EXCHANGES: usize = 32;
/// An address may be a proxy's, with a whole institute behind it.
const ATTEMPTS: Rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN.saturating_add(59) };

/// How people sign in: what the page needs to send them to the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// What the provider is called.
    pub name: String,
    /// Who the provider says that it is.
    pub issuer: String,
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// As whom this server is known there.
    pub client_id: String,
    /// What is asked for.
    pub scopes: String,
}

/// What a person brings back from the provider, and what the page has kept meanwhile.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The provider's word, good once.
    pub code: String,
    /// What proves that the code was asked for by the same page (RFC 7636).
    pub code_verifier: String,
    /// What must stand in the ID token.
    pub nonce: String,
    /// Where the provider has sent the person, exactly.
    pub redirect_uri: String,
}

/// A person who has signed in.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// A token of this server.
    pub token: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Why a person is not signed in. The messages are shown to them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefusal {
    /// Nobody signs in here in this way.
    #[error("this server has no identity provider to sign in with")]
    Off,
    /// The provider refuses, or its word does not hold.
    #[error("{0}")]
    Unauthenticated(String),
    /// The provider knows the person, who has no place here.
    #[error("{0}")]
    Forbidden(String),
    /// Not now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Refusal> for SignInRefusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated(message) => Self::Unauthenticated(message),
            Refusal::Unavailable(message) => Self::Unavailable(message),
        }
    }
}

/// What keeps strangers from asking for too much.
pub(super) struct SignIns {
    attempts: Meter,
    exchanges: Semaphore,
}

impl Default for SignIns {
    fn default() -> Self {
        Self { attempts: Meter::new(ATTEMPTS), exchanges: Semaphore::new(EXCHANGES) }
    }
}

impl SignIns {
    /// Forgets addresses that have not asked lately.
    pub(super) fn forget_idle(&self) {
        self.attempts.forget_idle();
    }
}

/// Where and how to sign in; `null` where nobody can.
pub(super) async fn offer(State(serving): State<Arc<Serving>>) -> Response {
    match serving.gateway.sign_in_offer().await {
        Ok(offer) => ([(CACHE_CONTROL, "no-store")], Json(json!({"provider": offer}))).into_response(),
        Err(refusal) => tell(&refusal),
    }
}

/// A token for a person who comes back from the provider.
pub(super) async fn token(State(serving): State<Arc<Serving>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let address = address(&parts);
    match take(&serving, &parts.headers, address, body).await {
        Ok(grant) => exchange(&serving, grant, address).await,
        Err(refused) => refused.tell(),
    }
}

/// A request that is refused before the provider hears of it.
struct Refused {
    status: StatusCode,
    message: String,
    exhausted: Option<Exhausted>,
}

impl Refused {
    fn one(status: StatusCode, message: &str) -> Self {
        Self { status, message: message.to_owned(), exhausted: None }
    }

    fn tell(self) -> Response {
        let error = match (self.status, self.exhausted) {
            (_, Some(exhausted)) => exhausted.error(),
            (StatusCode::FORBIDDEN, None) => ErrorCode::Forbidden.error(self.message),
            (_, None) => ErrorCode::BadUserInput.error(self.message),
        };
        let mut response = answer::refusal(self.status, vec![error], MediaType::Json);
        if let Some(exhausted) = self.exhausted {
            answer::tell_exhausted(&mut response, exhausted);
        }
        response
    }
}

async fn take(
    serving: &Serving,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    body: Body,
) -> Result<Grant, Refused> {
    if let Err(refused) = admit(serving, headers, address) {
        discard(body).await;
        return Err(refused);
    }
    let bytes = read(body, BODY_BYTES).await.map_err(|(status, message)| Refused::one(status, &message))?;
    grant(&bytes, headers, serving)
}

fn admit(serving: &Serving, headers: &HeaderMap, address: Option<IpAddr>) -> Result<(), Refused> {
    if !origin::allowed(headers, &serving.config) {
        return Err(Refused::one(StatusCode::FORBIDDEN, "pages of this origin sign nobody in here"));
    }
    if !is_json(headers) {
        let message = "the body must be application/json in UTF-8";
        return Err(Refused::one(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let account = address.map(neighbourhood).unwrap_or_default();
    serving.sign_ins.attempts.charge(&account, 1).map(drop).map_err(|exhausted| Refused {
        exhausted: Some(exhausted),
        ..Refused::one(StatusCode::TOO_MANY_REQUESTS, "")
    })
}

/// Who is counted as one: an address of IPv4, or a network of IPv6, since a host there has as many addresses as it likes.
fn neighbourhood(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
    }
}

fn grant(bytes: &[u8], headers: &HeaderMap, serving: &Serving) -> Result<Grant, Refused> {
    let bad = |message: &str| Refused::one(StatusCode::BAD_REQUEST, message);
    let grant: Grant = serde_json::from_slice(bytes)
        .map_err(|_| bad("the body must be an object with code, codeVerifier, nonce and redirectUri"))?;
    if grant.code.is_empty() || grant.nonce.is_empty() || !is_verifier(&grant.code_verifier) {
        return Err(bad("code, codeVerifier or nonce is not what the page was given"));
    }
    let origin = grant.redirect_uri.strip_suffix(CALLBACK);
    if !origin.is_some_and(|origin| origin::is_known(origin, headers, &serving.config)) {
        return Err(bad("redirectUri is not a page of this server"));
    }
    Ok(grant)
}

/// Whether a text can be a PKCE code verifier.
fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

async fn exchange(serving: &Serving, grant: Grant, address: Option<IpAddr>) -> Response {
    let id = RequestId::new();
    let outcome = match serving.sign_ins.exchanges.try_acquire() {
        Ok(_place) => serving.gateway.sign_in(grant, id.clone(), address).await,
        Err(_) => {
            Err(SignInRefusal::Unavailable("too many people sign in at once: try again shortly".to_owned()))
        }
    };
    let label = match &outcome {
        Ok(_) => "signed_in",
        Err(SignInRefusal::Unavailable(_)) => "unavailable",
        Err(_) => "refused",
    };
    metrics::counter!("gpu_fleet_sign_ins_total", "outcome" => label).increment(1);
    let mut response = match outcome {
        Ok(signed_in) => ([(CACHE_CONTROL, "no-store")], Json(signed_in)).into_response(),
        Err(refusal) => {
            tracing::info!(request_id = %id, reason = %refusal, "a sign-in is refused");
            tell(&refusal)
        }
    };
    answer::tell_request_id(&mut response, &id);
    response
}

fn tell(refusal: &SignInRefusal) -> Response {
    let (status, code) = match refusal {
        SignInRefusal::Off => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
        SignInRefusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated),
        SignInRefusal::Forbidden(_) => (StatusCode::FORBIDDEN, ErrorCode::Forbidden),
        SignInRefusal::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable),
    };
    refuse(status, code, &refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_what_the_standard_says() {
        let good = ["a".repeat(43), "Az09-._~".repeat(16)];
        assert!(good.iter().all(|text| is_verifier(text)));
        let bad =
            [String::new(), "a".repeat(42), "a".repeat(129), "ä".repeat(30), format!("{} ", "a".repeat(43))];
        assert!(!bad.iter().any(|text| is_verifier(text)));
    }

    #[test]
    fn a_network_of_the_newer_kind_is_one_neighbour() -> Result<(), std::net::AddrParseError> {
        let of = |text: &str| text.parse().map(neighbourhood);
        assert_eq!(of("2001:db8:1:2:3:4:5:6")?, of("2001:db8:1:2::1")?);
        assert_ne!(of("2001:db8:1:2::1")?, of("2001:db8:1:3::1")?);
        assert_eq!(of("::ffff:192.0.2.1")?, of("192.0.2.1")?);
        assert_ne!(of("192.0.2.1")?, of("192.0.2.2")?);
        Ok(())
    }
}
