//! Who may talk to this server from within a browser: pages of its own host, and those that the operator allows.

use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::config::HttpConfig;

/// Whether a socket may be opened: a browser always names the page's origin, other clients name none.
pub(super) fn allowed(headers: &HeaderMap, config: &HttpConfig) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    origin.to_str().is_ok_and(|origin| is_known(origin, headers, config))
}

/// Whether an origin is the one that is asked, or one that the operator allows.
pub(super) fn is_known(origin: &str, headers: &HeaderMap, config: &HttpConfig) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host));
    own || config.allowed_origins.iter().any(|known| known == origin)
}

/// Which pages of other origins may call the API over HTTP; without any, no such answer is ever shown to a page.
pub(super) fn cross_origin(config: &HttpConfig) -> CorsLayer {
    let origins = config.allowed_origins.iter().filter_map(|origin| origin.parse::<HeaderValue>().ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, ACCEPT])
        .expose_headers(
            ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"].map(HeaderName::from_static),
        )
        .max_age(Duration::from_secs(600))
}

/// Whether the host that is asked for is one of this server's: a server on a loopback address has loopback names only.
pub(super) fn is_own_host(headers: &HeaderMap, config: &HttpConfig) -> bool {
    if !config.listen.ip().is_loopback() {
        return true;
    }
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return true };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || config.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
