//! Who may talk to this server from within a browser: pages of its own host, and those that the operator allows.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

use super::config::HttpConfig;

/// Whether a socket may be opened: a browser always names the page's origin, other clients name none.
pub(super) fn allowed(headers: &HeaderMap, config: &HttpConfig) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host));
    own || config.allowed_origins.iter().any(|known| known == origin)
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
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
