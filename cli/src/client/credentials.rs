//! Which server a command speaks to, and whose token it uses: what it is told by option, file or environment; else, for a
//! server on this machine, what that keeps in its data directory for the local user. The token itself is never printed.

use std::path::Path;

use reqwest::Url;

use super::error::Failure;
use crate::args::connection::ConnectArgs;

/// The file in the data directory in which `up` keeps a token for the user who started it.
pub(crate) const OPERATOR_TOKEN_FILE: &str = "operator-token";

/// The file beside it that says where the server is.
pub(crate) const ADDRESS_FILE: &str = "server-url";

/// Where a server is when nothing says otherwise.
const DEFAULT_SERVER: &str = "http://127.0.0.1:4600";

/// The server's address.
pub(crate) fn address(args: &ConnectArgs) -> String {
    let named = args.server.clone();
    named.or_else(|| kept_address(args)).unwrap_or_else(|| DEFAULT_SERVER.to_owned())
}

fn kept_address(args: &ConnectArgs) -> Option<String> {
    let text = std::fs::read_to_string(args.data_dir.join(ADDRESS_FILE)).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The variable that may hold the token itself.
pub(crate) const TOKEN_VARIABLE: &str = "GPU_FLEET_TOKEN";

/// Finds the token; none at all is no error here, the server will say what it thinks of that.
pub(crate) fn find(args: &ConnectArgs, server: &Url) -> Result<Option<String>, Failure> {
    if let Some(path) = &args.token_file {
        return read(path).map(Some);
    }
    if let Some(token) = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.trim().is_empty()) {
        return Ok(Some(token.trim().to_owned()));
    }
    let kept = args.data_dir.join(OPERATOR_TOKEN_FILE);
    let is_kept_ones = || {
        let known = kept_address(args).and_then(|text| Url::parse(&text).ok());
        known.is_some_and(|known| known == *server)
    };
    if (is_local(server) || is_kept_ones()) && kept.exists() { read(&kept).map(Some) } else { Ok(None) }
}

/// The token in a file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read the token file {}: {error}", path.display())))?;
    // `gpu-fleet token` prints the token on its last line, so its output may be kept as it is.
    match text.lines().rev().map(str::trim).find(|line| !line.is_empty()) {
        Some(token) => Ok(token.to_owned()),
        None => Err(Failure::Usage(format!("the token file {} is empty", path.display()))),
    }
}

/// Whether a server's address is this machine's own.
pub(crate) fn is_local(server: &Url) -> bool {
    let host = server.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
    use super::*;

    #[test]
    fn only_loopback_addresses_are_local() {
        for (url, local) in [
            ("http://127.0.0.1:4600", true),
            ("http://localhost", true),
            ("http://[::1]:4600", true),
            ("http://10.0.0.1:4600", false),
            ("https://localhost.example.org", false),
        ] {
            assert_eq!(is_local(&Url::parse(url).unwrap()), local, "{url}");
        }
    }

    #[test]
    fn the_token_is_the_last_line_of_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "role operator, one hour\nabc.def.ghi\n\n").unwrap();
        assert_eq!(read(&path).unwrap(), "abc.def.ghi");
        std::fs::write(&path, "\n").unwrap();
        assert!(read(&path).is_err());
    }
}
