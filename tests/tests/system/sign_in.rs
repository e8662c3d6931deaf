//! Signing in to the dashboard with an identity provider, as its page does it: over HTTP, with a provider that checks what it is
//! shown, misleads, is slow or is away.

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN, RETRY_AFTER, SET_COOKIE};
use serde_json::{Value, json};
use system_tests::answer::text;
use system_tests::{Client, Engine, Fleet, IdentityProvider, Place, Trouble, both, eventually};

const WHO: &str = "{ viewer { subject role organization { slug } } }";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CLIENT_SECRET: &str = "the-client-s-own";

both! {
    a_person_signs_in_and_the_trail_says_so,
    an_organization_that_is_unknown_is_said,
}

/// The dashboard's page, as the server and the provider see it.
struct Page {
    origin: String,
    http: reqwest::Client,
}

impl Page {
    fn of(fleet: &Fleet) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self { origin: fleet.origin(), http: http.build().unwrap() }
    }

    async fn offer(&self) -> (u16, Value) {
        let answer = self.http.get(format!("{}/sign-in/provider", self.origin)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Where the provider lets people in: as the server says, once it does.
    async fn provider(&self) -> Value {
        eventually("the server offers the provider", 30, async || {
            Some(self.offer().await.1["provider"].take()).filter(|provider| !provider.is_null())
        })
        .await
    }

    /// What a person comes back with from the provider.
    async fn grant(&self) -> Value {
        let provider = self.provider().await;
        let redirect_uri = format!("{}/sign-in/callback", self.origin);
        let mut address = reqwest::Url::parse(&text(&provider["authorizationEndpoint"])).unwrap();
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &text(&provider["clientId"])),
            ("scope", &text(&provider["scopes"])),
            ("redirect_uri", &redirect_uri),
            ("state", "s-1"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let answer = self.http.get(address).send().await.unwrap();
        let back = answer.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
        let back = reqwest::Url::parse(&back.expect("the provider sends people back")).unwrap();
        let (_, code) = back.query_pairs().find(|(name, _)| name == "code").expect("a code");
        json!({"code": code, "codeVerifier": VERIFIER, "nonce": "n-1", "redirectUri": redirect_uri})
    }

    fn posting(&self, grant: &Value) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/sign-in/token", self.origin)).json(grant)
    }

    async fn sign_in_with(&self, grant: &Value) -> (u16, Value) {
        let answer = self.posting(grant).header(ORIGIN, &self.origin).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn sign_in(&self) -> (u16, Value) {
        let grant = self.grant().await;
        self.sign_in_with(&grant).await
    }

    /// The status, code and text of a refusal.
    async fn refused(&self) -> (u16, String, String) {
        refusal(self.sign_in().await)
    }
}

fn refusal((status, answer): (u16, Value)) -> (u16, String, String) {
    let error = &answer["errors"][0];
    (status, text(&error["extensions"]["code"]), text(&error["message"]))
}

fn words<'a>(provider: &'a IdentityProvider, more: &[&'a str]) -> Vec<&'a str> {
    let usual = ["--oidc-issuer", provider.issuer(), "--oidc-client-id", IdentityProvider::CLIENT_ID];
    [&usual[..], &["--oidc-name", "Example"], more].concat()
}

async fn fleet(provider: &IdentityProvider, more: &[&str]) -> Fleet {
    Fleet::serve_with(Place::create(Engine::Sqlite).await, &words(provider, more)).await
}

async fn a_person_signs_in_and_the_trail_says_so(engine: Engine) {
    let provider = IdentityProvider::start().await;
    provider.conduct().secret = Some(CLIENT_SECRET.to_owned());
    let place = Place::create(engine).await;
    let file = place.folder().join("secret");
    std::fs::write(&file, format!("{CLIENT_SECRET}\n")).unwrap();
    let file = file.display().to_string();
    let gpus = ["--gpus", "simulated:1xH100-80GB", "--oidc-client-secret-file", &file];
    // A log that tells all it can.
    let fleet = Fleet::start_in(place, &words(&provider, &gpus), &[("RUST_LOG", "debug")]).await;
    let page = Page::of(&fleet);
    let offered = json!({
        "name": "Example", "issuer": provider.issuer(), "clientId": "fleet", "scopes": "openid profile email",
        "authorizationEndpoint": format!("{}/authorize", provider.issuer()),
    });
    assert_eq!(page.provider().await, offered);

    let grant = page.grant().await;
    let answer = page.posting(&grant).header(ORIGIN, &page.origin).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    assert!(answer.headers().get(SET_COOKIE).is_none());
    let signed_in: Value = answer.json().await.unwrap();
    let token = text(&signed_in["token"]);
    let ada = Client::new(&fleet.origin(), &token);
    let expected = json!({"subject": "0198-ada", "role": "MEMBER", "organization": {"slug": "default"}});
    assert_eq!(ada.graphql(WHO, json!({})).await["viewer"], expected);
    let job = ada.submit(json!({"name": "hers", "hold": true})).await;
    assert_eq!(ada.job(&job, "submittedBy").await["submittedBy"], "0198-ada");

    let trail = "{ auditLog(filter: {action: [SIGN_IN]}) { nodes { actor role action subject address organization { slug } } } }";
    let trail = fleet.operator().await.graphql(trail, json!({})).await;
    let line = json!({
        "actor": "0198-ada", "role": "MEMBER", "action": "SIGN_IN", "subject": null, "address": "127.0.0.1",
        "organization": {"slug": "default"},
    });
    assert_eq!(trail["auditLog"]["nodes"], json!([line]));

    // A code is good once, and by whoever has begun alone.
    let (status, code, message) = refusal(page.sign_in_with(&grant).await);
    assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"));
    assert!(message.contains("Example refused the sign-in: invalid_grant."), "{message}");
    assert!(!message.contains("secret place"), "{message}");
    let mut stolen = page.grant().await;
    stolen["codeVerifier"] = json!("a".repeat(43));
    assert_eq!(refusal(page.sign_in_with(&stolen).await).0, 401);

    // A browser that comes back asks for the page with the code in its address.
    let back = format!("{}/sign-in/callback?code=a-code-in-an-address&state=s", page.origin);
    let answer = page.http.get(back).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    let log = fleet.log();
    assert!(log.contains("signed in") && log.contains("/sign-in/callback"), "{log}");
    for secret in [token.as_str(), VERIFIER, CLIENT_SECRET, "a-code-in-an-address", &text(&grant["code"])] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
}

async fn an_organization_that_is_unknown_is_said(engine: Engine) {
    let provider = IdentityProvider::start().await;
    let fleet = Fleet::serve_with(Place::create(engine).await, &words(&provider, &[])).await;
    let page = Page::of(&fleet);
    let cases = [
        (json!({"org": "physics"}), "\"physics\" does not exist here. Ask an operator to make it"),
        (json!({"org": "<b>No slug</b>"}), "look at --oidc-organization-claim"),
        (json!({"org": "a\u{0}b"}), "look at --oidc-organization-claim"),
        (json!({"org": null}), "names no organization"),
        (json!({"role": null}), "gives you no role here"),
        (json!({"role": "operator"}), "gives you no role here"),
        (json!({"role": "agent"}), "gives you no role here"),
    ];
    for (claims, expected) in cases {
        provider.conduct().claims = claims.clone();
        let (status, code, message) = page.refused().await;
        assert_eq!((status, code.as_str()), (403, "FORBIDDEN"), "{claims}");
        assert!(message.contains(expected), "{claims}: {message}");
    }
    provider.conduct().claims = json!({"org": "physics"});
    fleet.tenant("physics").await;
    assert_eq!(page.sign_in().await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_for_somebody_else_opens_nothing() {
    let provider = IdentityProvider::start().await;
    let fleet = fleet(&provider, &["--oidc-role", "gpu-admins=operator", "--oidc-session", "10m"]).await;
    let page = Page::of(&fleet);
    let cases = [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"aud": "another"}),
        json!({"aud": ["fleet", "another"]}),
        json!({"azp": "another"}),
        json!({"iss": "https://evil.example.org"}),
        json!({"iss": "gpu-fleet"}),
        json!({"exp": 1_000_000_000}),
        json!({"sub": null}),
    ];
    for claims in cases {
        provider.conduct().claims = claims.clone();
        let (status, code, _) = page.refused().await;
        assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"), "{claims}");
    }
    // Who runs the fleet needs no organization.
    provider.conduct().claims = json!({"role": ["gpu-admins", "member"], "org": null});
    let (_, signed_in) = page.sign_in().await;
    let operator = Client::new(&fleet.origin(), &text(&signed_in["token"]));
    let expected = json!({"subject": "0198-ada", "role": "OPERATOR", "organization": null});
    assert_eq!(operator.graphql(WHO, json!({})).await["viewer"], expected);
    let ends = chrono::DateTime::parse_from_rfc3339(&text(&signed_in["expiresAt"])).unwrap();
    assert!(ends.to_utc() <= chrono::Utc::now() + chrono::TimeDelta::minutes(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_in_trouble_is_a_passing_fault() {
    let provider = IdentityProvider::start().await;
    let fleet = fleet(&provider, &[]).await;
    let page = Page::of(&fleet);
    let troubles = [Trouble::Broken, Trouble::Elsewhere, Trouble::Boundless, Trouble::Mute];
    for trouble in troubles {
        provider.conduct().exchange = trouble;
        let (status, code, message) = page.refused().await;
        assert_eq!((status, code.as_str()), (503, "UNAVAILABLE"), "{trouble:?}");
        assert!(message.contains("Example does not answer as it should"), "{trouble:?}: {message}");
    }
    provider.conduct().exchange = Trouble::Babble;
    assert_eq!(page.refused().await.0, 401);
    provider.conduct().exchange = Trouble::None;
    assert_eq!(page.sign_in().await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_says_of_itself_is_believed_when_it_is_its_own() {
    let provider = IdentityProvider::start().await;
    provider.conduct().metadata = json!({"issuer": "https://evil.example.org"});
    let fleet = fleet(&provider, &[]).await;
    let page = Page::of(&fleet);
    let (status, code, _) = refusal(page.offer().await);
    assert_eq!((status, code.as_str()), (503, "UNAVAILABLE"));
    assert!(fleet.log().contains("they must be equal"), "{}", fleet.log());
    let made_up = json!({
        "code": "c", "codeVerifier": VERIFIER, "nonce": "n", "redirectUri": format!("{}/sign-in/callback", page.origin),
    });
    assert_eq!(refusal(page.sign_in_with(&made_up).await).0, 503);
    // The server's own tokens hold as ever.
    assert_eq!(fleet.operator().await.graphql(WHO, json!({})).await["viewer"]["role"], "OPERATOR");
    provider.conduct().metadata = Value::Null;
    assert_eq!(page.sign_in().await.0, 200, "it is asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_while_its_provider_is_silent() {
    let provider = IdentityProvider::start().await;
    provider.conduct().discovery = Trouble::Mute;
    let fleet = fleet(&provider, &[]).await;
    let page = Page::of(&fleet);
    assert_eq!(refusal(page.offer().await).0, 503);
    provider.conduct().discovery = Trouble::None;
    assert_eq!(page.sign_in().await.0, 200, "it is asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_the_server_sign_anybody_in() {
    let provider = IdentityProvider::start().await;
    let fleet = fleet(&provider, &["--public-url", "https://fleet.example.org"]).await;
    let page = Page::of(&fleet);
    let grant = page.grant().await;
    for origin in ["https://evil.example.org", "null", "http://127.0.0.1:1", "https://fleet.example.org.evil"]
    {
        let answer = page.posting(&grant).header(ORIGIN, origin).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{origin}");
        assert!(answer.headers().get("access-control-allow-origin").is_none());
    }
    let changed = |name: &str, value: Value| {
        let mut grant = grant.clone();
        grant[name] = value;
        grant
    };
    let bad = [
        changed("redirectUri", json!("https://evil.example.org/sign-in/callback")),
        changed("redirectUri", json!(format!("{}/elsewhere", page.origin))),
        changed("codeVerifier", json!("short")),
        changed("nonce", json!("")),
        changed("code", Value::Null),
        json!([]),
    ];
    for grant in bad {
        assert_eq!(page.sign_in_with(&grant).await.0, 400, "{grant}");
    }
    let plain = page.http.post(format!("{}/sign-in/token", page.origin)).header(CONTENT_TYPE, "text/plain");
    let plain = plain.body(grant.to_string()).send().await.unwrap();
    assert_eq!(plain.status(), 415);
    let long = changed("code", json!("c".repeat(20_000)));
    assert_eq!(page.sign_in_with(&long).await.0, 413);
    let read = page.http.get(format!("{}/sign-in/token", page.origin)).send().await.unwrap();
    assert_eq!(read.status(), 405);
    // After all of this the code is still good, for the page that has asked for it.
    assert_eq!(page.sign_in_with(&grant).await.0, 200);
    // Under its public name the server is itself, too; the provider then has a word to say about the code.
    let redirect_uri = "https://fleet.example.org/sign-in/callback";
    let public = page.posting(&changed("redirectUri", json!(redirect_uri)));
    let answer = public.header(ORIGIN, "https://fleet.example.org").send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_tries_without_end_is_told_when_to_come_back() {
    let provider = IdentityProvider::start().await;
    let fleet = fleet(&provider, &["--rate", "0"]).await;
    let page = Page::of(&fleet);
    let refused = async || {
        let answer = page.posting(&json!({})).send().await.unwrap();
        (answer.status() == 429).then_some(answer)
    };
    let answer = eventually("it is refused", 30, refused).await;
    assert!(answer.headers().contains_key(RETRY_AFTER));
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    // Nobody else is kept from anything.
    assert_eq!(page.offer().await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_there_is_nothing_to_sign_in_with() {
    let fleet = Fleet::serve(Place::create(Engine::Sqlite).await).await;
    let page = Page::of(&fleet);
    assert_eq!(page.offer().await, (200, json!({"provider": null})));
    let grant = json!({
        "code": "c", "codeVerifier": VERIFIER, "nonce": "n", "redirectUri": format!("{}/sign-in/callback", page.origin),
    });
    assert_eq!(refusal(page.sign_in_with(&grant).await).0, 404);
    let place = Place::create(Engine::Sqlite).await;
    let issuer = ["serve", "--listen", "127.0.0.1:0", "--oidc-issuer"];
    let cases: [(&[&str], &str); 5] = [
        (&["https://id.example.org"], "needs --oidc-audience, --oidc-client-id or both"),
        (&["http://id.example.org", "--oidc-client-id", "x"], "begins with https://"),
        (&["https://id.example.org", "--oidc-client-id", "x", "--oidc-scopes", "profile"], "without openid"),
        (&["https://id.example.org", "--oidc-client-id", "x", "--oidc-session", "25h"], "24h at most"),
        (&["https://id.example.org", "--oidc-client-id", "x", "--oidc-name", " "], "--oidc-name"),
    ];
    for (words, expected) in cases {
        let ended = place.run(&place.words(&[&issuer[..], words].concat())).await;
        assert!(ended.code == Some(2) && ended.stderr.contains(expected), "{ended:?}");
    }
}
