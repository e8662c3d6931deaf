//! A stand-in for an identity provider: its keys, its word about itself, a sign-in that asks nobody for a password, and the
//! exchange of codes, with every fault that a test wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// A key that a provider signs with.
pub struct ProviderKey {
    name: String,
    private: EncodingKey,
    /// What it publishes of it.
    pub public: Value,
}

impl ProviderKey {
    /// A new one of this name.
    pub fn new(name: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Self {
            name: name.to_owned(),
            private: EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()),
            public: json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": name, "use": "sig", "alg": "EdDSA"}),
        }
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.name.clone());
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }
}

/// How an endpoint behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    /// As it should.
    #[default]
    None,
    /// It takes the request and says nothing.
    Mute,
    /// It does not come to an end.
    Boundless,
    /// It sends the caller elsewhere.
    Elsewhere,
    /// It has a fault of its own.
    Broken,
    /// It says what is no JSON.
    Babble,
}

/// What the provider does, for the test to change.
#[derive(Default)]
pub struct Conduct {
    /// Of its word about itself.
    pub discovery: Trouble,
    /// Of the exchange of codes.
    pub exchange: Trouble,
    /// What it says of itself otherwise than usual.
    pub metadata: Value,
    /// What its ID tokens say otherwise than usual; null: they do not say it.
    pub claims: Value,
    /// A secret that its client must show.
    pub secret: Option<String>,
    codes: HashMap<String, HashMap<String, String>>,
    issued: usize,
}

struct Inner {
    issuer: String,
    key: ProviderKey,
    conduct: Mutex<Conduct>,
}

/// A provider that listens; gone when it is dropped.
pub struct IdentityProvider {
    inner: Arc<Inner>,
    task: tokio::task::JoinHandle<()>,
}

impl IdentityProvider {
    /// As whom it knows the server.
    pub const CLIENT_ID: &str = "fleet";

    /// One that behaves.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner { issuer, key: ProviderKey::new("one"), conduct: Mutex::default() });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(exchange))
            .with_state(inner.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self { inner, task }
    }

    /// Its name and address.
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// What it does, to be changed.
    pub fn conduct(&self) -> MutexGuard<'_, Conduct> {
        self.inner.conduct.lock().expect("no test has panicked with it")
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answer of an endpoint in trouble; none where it behaves.
async fn in_trouble(trouble: Trouble) -> Option<Response> {
    match trouble {
        Trouble::None => None,
        Trouble::Mute => std::future::pending().await,
        Trouble::Boundless => {
            let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
            Some(Body::from_stream(endless).into_response())
        }
        Trouble::Elsewhere => Some((StatusCode::FOUND, [(LOCATION, "/keys")]).into_response()),
        Trouble::Broken => Some(StatusCode::BAD_GATEWAY.into_response()),
        Trouble::Babble => Some("<html>".into_response()),
    }
}

/// `changes` over `usual`; null takes away.
fn changed(mut usual: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(usual.as_object_mut().unwrap().remove(name)),
            value => usual[name] = value.clone(),
        }
    }
    usual
}

async fn metadata(State(inner): State<Arc<Inner>>) -> Response {
    let (trouble, changes) = {
        let conduct = inner.conduct.lock().unwrap();
        (conduct.discovery, conduct.metadata.clone())
    };
    if let Some(answer) = in_trouble(trouble).await {
        return answer;
    }
    let issuer = &inner.issuer;
    let usual = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
    });
    Json(changed(usual, &changes)).into_response()
}

async fn keys(State(inner): State<Arc<Inner>>) -> Json<Value> {
    Json(json!({"keys": [inner.key.public]}))
}

/// Whoever comes is Ada, and agrees.
async fn authorize(
    State(inner): State<Arc<Inner>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let says = |name: &str, value: &str| asked.get(name).is_some_and(|text| text == value);
    let usual = says("response_type", "code")
        && says("client_id", IdentityProvider::CLIENT_ID)
        && says("code_challenge_method", "S256")
        && asked.get("scope").is_some_and(|scope| scope.split(' ').any(|one| one == "openid"));
    if !usual {
        return (StatusCode::BAD_REQUEST, format!("not a request for a code with PKCE: {asked:?}"))
            .into_response();
    }
    let mut conduct = inner.conduct.lock().unwrap();
    conduct.issued += 1;
    let code = format!("code-{}", conduct.issued);
    let back = format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"]);
    conduct.codes.insert(code, asked);
    (StatusCode::SEE_OTHER, [(LOCATION, back)]).into_response()
}

async fn exchange(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let trouble = inner.conduct.lock().unwrap().exchange;
    if let Some(answer) = in_trouble(trouble).await {
        return answer;
    }
    let mut conduct = inner.conduct.lock().unwrap();
    if !is_client(&headers, &form, conduct.secret.as_deref()) {
        let body = json!({"error": "invalid_client", "error_description": "a secret place is hurt"});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    // A code is good once, whatever becomes of it.
    let asked = form.get("code").and_then(|code| conduct.codes.remove(code)).unwrap_or_default();
    let verifier = form.get("code_verifier").map(String::as_bytes).unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier));
    let good = form.get("grant_type").is_some_and(|kind| kind == "authorization_code")
        && asked.get("redirect_uri") == form.get("redirect_uri")
        && asked.get("code_challenge") == Some(&challenge);
    if !good {
        let body = json!({"error": "invalid_grant", "error_description": "a secret place is hurt"});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    let now = Utc::now().timestamp();
    let usual = json!({
        "iss": inner.issuer, "aud": IdentityProvider::CLIENT_ID, "sub": "0198-ada", "name": "Ada",
        "iat": now, "exp": now + 300, "nonce": asked.get("nonce"), "org": "default", "role": "member",
    });
    let id_token = inner.key.sign(&changed(usual, &conduct.claims));
    let access_token = "an access token, which nobody needs";
    Json(json!({"id_token": id_token, "access_token": access_token, "token_type": "Bearer"})).into_response()
}

/// A public client names itself, one with a secret shows it in the header.
fn is_client(headers: &HeaderMap, form: &HashMap<String, String>, secret: Option<&str>) -> bool {
    match secret {
        None => form.get("client_id").is_some_and(|id| id == IdentityProvider::CLIENT_ID),
        Some(secret) => {
            let pair = STANDARD.encode(format!("{}:{secret}", IdentityProvider::CLIENT_ID));
            headers.get(AUTHORIZATION).is_some_and(|shown| *shown == format!("Basic {pair}"))
        }
    }
}
