//! Signing in with an identity provider's tokens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use system_tests::{Client, Engine, Fleet, Place, ProviderKey, eventually};

const ISSUER: &str = "https://project.supabase.co/auth/v1";
const WHO: &str = "{ viewer { subject role organization { slug } } }";

/// As Supabase Auth writes them: `role` is the database's, what is ours stands in `app_metadata`.
fn claims(role: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": "authenticated", "sub": "0198-ada", "exp": Utc::now().timestamp() + 600,
        "iat": Utc::now().timestamp(), "role": "authenticated", "email": "ada@example.org",
        "app_metadata": {"provider": "email", "organization": "default", "role": role},
    })
}

/// A provider's published keys, and how often they were asked for.
#[derive(Clone, Default)]
struct Published {
    keys: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Published {
    fn set(&self, keys: &[&ProviderKey]) {
        *self.keys.lock().unwrap() = keys.iter().map(|key| key.public.clone()).collect();
    }

    async fn serve(&self) -> String {
        let keys = |State(published): State<Self>| async move {
            published.asked.fetch_add(1, Ordering::Relaxed);
            Json(json!({"keys": published.keys.lock().unwrap().clone()}))
        };
        let router = Router::new().route("/keys", get(keys)).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/keys")
    }
}

async fn fleet(words: &[&str]) -> Fleet {
    let words = [
        &["--oidc-issuer", ISSUER, "--oidc-audience", "authenticated"],
        &["--oidc-organization-claim", "app_metadata.organization"][..],
        &["--oidc-role-claim", "app_metadata.role", "--oidc-role", "gpu-admins=operator"],
        words,
    ];
    Fleet::serve_with(Place::create(Engine::Sqlite).await, &words.concat()).await
}

fn bearing(fleet: &Fleet, token: &str) -> Client {
    Client::new(&fleet.origin(), token)
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_a_shared_secret_are_understood() {
    let secret = "a secret of a project, at least 32 bytes long";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let fleet = fleet(&["--oidc-secret-file", &file.display().to_string()]).await;
    let sign = |claims: &Value| {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
    };
    let ada = bearing(&fleet, &sign(&claims("member")));
    let who = ada.graphql(WHO, json!({})).await;
    let expected = json!({"subject": "0198-ada", "role": "MEMBER", "organization": {"slug": "default"}});
    assert_eq!(who["viewer"], expected);
    let job = ada.submit(json!({"name": "hers", "hold": true})).await;
    assert_eq!(ada.job(&job, "submittedBy").await["submittedBy"], "0198-ada");
    let operator = bearing(&fleet, &sign(&claims("gpu-admins")));
    assert_eq!(operator.graphql(WHO, json!({})).await["viewer"]["role"], "OPERATOR");
    let refused = async |changes: &[(&str, Value)]| {
        let mut claims = claims("member");
        for (pointer, value) in changes {
            *claims.pointer_mut(pointer).unwrap() = value.clone();
        }
        bearing(&fleet, &sign(&claims)).ask(WHO, json!({})).await.unwrap_err().code
    };
    let cases = [
        ("/aud", json!("anon")),
        ("/iss", json!("https://other.supabase.co/auth/v1")),
        ("/exp", json!(Utc::now().timestamp() - 60)),
        ("/app_metadata/role", json!("operator")),
        ("/app_metadata/role", json!("agent")),
        ("/app_metadata/organization", json!("nobody")),
        ("/app_metadata/organization", json!("a\u{0}b")),
    ];
    for case in cases {
        assert_eq!(refused(std::slice::from_ref(&case)).await, "UNAUTHENTICATED", "{case:?}");
    }
    // The server's own tokens hold as before.
    assert_eq!(fleet.operator().await.graphql(WHO, json!({})).await["viewer"]["role"], "OPERATOR");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_from_their_address_and_replaced_as_they_are_there() {
    let (published, old, new) = (Published::default(), ProviderKey::new("old"), ProviderKey::new("new"));
    published.set(&[&old]);
    let url = published.serve().await;
    let fleet = fleet(&["--oidc-jwks", &url]).await;
    let old_caller = bearing(&fleet, &old.sign(&claims("viewer")));
    assert_eq!(old_caller.graphql(WHO, json!({})).await["viewer"]["role"], "VIEWER");
    // A key that came with nobody's word.
    let stranger = ProviderKey::new("stranger");
    let refused = bearing(&fleet, &stranger.sign(&claims("admin"))).ask(WHO, json!({})).await.unwrap_err();
    assert_eq!(refused.code, "UNAUTHENTICATED");
    // Names of keys that callers make up do not make the server ask and ask.
    let before = published.asked.load(Ordering::Relaxed);
    for n in 0..50 {
        let made_up = ProviderKey::new(&format!("made-up-{n}"));
        bearing(&fleet, &made_up.sign(&claims("admin"))).ask(WHO, json!({})).await.unwrap_err();
    }
    assert!(published.asked.load(Ordering::Relaxed) <= before + 1);
    // The provider changes its key.
    published.set(&[&new]);
    let new_caller = bearing(&fleet, &new.sign(&claims("viewer")));
    eventually("the new key counts", 30, async || new_caller.ask(WHO, json!({})).await.ok()).await;
    assert_eq!(old_caller.ask(WHO, json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_keys_is_read_and_one_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("keys.json"), ProviderKey::new("one"));
    std::fs::write(&file, json!({"keys": [key.public]}).to_string()).unwrap();
    let path = file.display().to_string();
    let fleet = fleet(&["--oidc-jwks", &path]).await;
    let caller = bearing(&fleet, &key.sign(&claims("admin")));
    assert_eq!(caller.graphql(WHO, json!({})).await["viewer"]["role"], "ADMIN");
    // Sockets end with the token.
    let mut short = claims("admin");
    short["exp"] = json!(Utc::now().timestamp() + 2);
    let short = bearing(&fleet, &key.sign(&short));
    let mut updates = short.subscribe("subscription { jobUpdates { cursor } }", json!({})).await;
    assert_eq!(updates.closed().await, 4403);
    std::fs::write(&file, "{}").unwrap();
    let place = Place::create(Engine::Sqlite).await;
    let words =
        ["--listen", "127.0.0.1:0", "--oidc-issuer", ISSUER, "--oidc-audience", "x", "--oidc-jwks", &path];
    let ended = place.run(&place.words(&[&["serve"], &words[..]].concat())).await;
    assert!(ended.code != Some(0) && ended.stderr.contains("Key Set"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_is_a_passing_fault() {
    let key = ProviderKey::new("one");
    let fleet = fleet(&["--oidc-jwks", "http://127.0.0.1:1/keys"]).await;
    let refused = bearing(&fleet, &key.sign(&claims("admin"))).ask(WHO, json!({})).await.unwrap_err();
    assert_eq!(refused.code, "UNAVAILABLE");
    assert_eq!(fleet.operator().await.graphql(WHO, json!({})).await["viewer"]["role"], "OPERATOR");
}
