//! Which server a command speaks to, and whose token it uses. The command line goes before the environment, that before the
//! profile in use, and that before what a server on this machine keeps in its data directory for the local user. A profile's
//! token goes to the server that it was kept for and to no other, the local user's to servers on this machine and to the one
//! whose directory it is. The token itself is never printed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::error::Failure;
use super::parse_server;
use crate::args::connection::{ServerArgs, Told};
use crate::output::describe::quoted;
use crate::profiles::{Place, Profile, Profiles};

/// The file in the data directory in which `up` keeps a token for the user who started it.
pub(crate) const OPERATOR_TOKEN_FILE: &str = "operator-token";

/// The file beside it that says where the server is.
pub(crate) const ADDRESS_FILE: &str = "server-url";

/// Where a server is when nothing says otherwise.
const DEFAULT_SERVER: &str = "http://127.0.0.1:4600";

/// The variable that may hold the token itself.
pub(crate) const TOKEN_VARIABLE: &str = "GPU_FLEET_TOKEN";

/// Where a token comes from, for what is said when it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Another part of this program.
    Given,
    /// There is none.
    Nowhere,
    /// The environment.
    Variable,
    /// A file that was named.
    File(PathBuf),
    /// A profile.
    Profile(String),
    /// The data directory of a server on this machine.
    DataDir(PathBuf),
}

impl Origin {
    /// What to do when the server does not take the token.
    pub(crate) fn advice(&self, server: &Url) -> Option<String> {
        let server = quoted(server.as_str().trim_end_matches('/'));
        match self {
            Self::Given => None,
            Self::Nowhere => Some(format!("sign in: gpu-fleet login {server}")),
            Self::Variable => Some(format!(
                "the token is that of {TOKEN_VARIABLE}: set another, or unset it and run gpu-fleet login {server}"
            )),
            Self::File(path) => Some(format!("the token is that in {}: put a new one there", path.display())),
            Self::Profile(name) => Some(format!("sign in again: gpu-fleet login {server} --profile {name}")),
            Self::DataDir(path) => Some(format!(
                "the token is that in {}, which the server renews while it runs: sign in with another by gpu-fleet login {server}",
                path.display()
            )),
        }
    }
}

/// A server, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) server: Url,
    /// None at all is no error here: the server will say what it thinks of that.
    pub(crate) token: Option<String>,
    pub(crate) origin: Origin,
}

/// Finds them.
pub(crate) fn find(args: &ServerArgs) -> Result<Found, Failure> {
    let variable = std::env::var(TOKEN_VARIABLE).ok().map(|token| token.trim().to_owned());
    let variable = variable.filter(|token| !token.is_empty());
    // What needs no profile must not stumble over their file.
    let told = args.server > Told::Nowhere && (args.token_file > Told::Nowhere || variable.is_some());
    let profiles = match told && args.profile == Told::Nowhere {
        true => Profiles::default(),
        false => Place::of_user().and_then(|place| place.read()).or_else(|failure| match failure {
            // A service without a home has no profiles.
            Failure::Other(_) if args.profile == Told::Nowhere => Ok(Profiles::default()),
            failure => Err(failure),
        })?,
    };
    choose(args, variable, &profiles)
}

fn choose(args: &ServerArgs, variable: Option<String>, profiles: &Profiles) -> Result<Found, Failure> {
    let asked = args.options.profile.as_deref().map(|name| profiles.named(name)).transpose()?;
    let (named, usual) = match args.profile {
        Told::Line => (asked, None),
        Told::Environment => (None, asked),
        Told::Nowhere => (None, profiles.in_use()),
    };
    let server = parse_server(&address(args, named, usual))?;
    let found = |token, origin| Ok(Found { server: server.clone(), token: Some(token), origin });
    let is_of = |profile: &Profile| parse_server(&profile.server).is_ok_and(|its| its == server);
    let from_file = |path: &PathBuf| found(read(path)?, Origin::File(path.clone()));
    let from_profile =
        |(name, profile): (&str, &Profile)| found(profile.token.clone(), Origin::Profile(name.to_owned()));
    if let (Told::Line, Some(path)) = (args.token_file, &args.options.token_file) {
        return from_file(path);
    }
    if let Some((name, profile)) = named {
        return if is_of(profile) {
            from_profile((name, profile))
        } else {
            Err(Failure::Usage(format!(
                "the profile {name} is of {}, and --server names {server}: leave out one of the two",
                profile.server
            )))
        };
    }
    if let Some(path) = &args.options.token_file {
        return from_file(path);
    }
    if let Some(token) = variable {
        return found(token, Origin::Variable);
    }
    let kept = kept_token(args, &server)?;
    let usual = usual.filter(|(_, profile)| is_of(profile));
    match (kept, usual) {
        (Some((token, path)), _) if args.data_dir > Told::Nowhere => found(token, Origin::DataDir(path)),
        (_, Some(profile)) => from_profile(profile),
        (Some((token, path)), None) => found(token, Origin::DataDir(path)),
        (None, None) => Ok(Found { server, token: None, origin: Origin::Nowhere }),
    }
}

/// The server's address.
fn address(args: &ServerArgs, named: Option<(&str, &Profile)>, usual: Option<(&str, &Profile)>) -> String {
    let told = args.options.server.clone();
    let its = |profile: Option<(&str, &Profile)>| profile.map(|(_, profile)| profile.server.clone());
    let on_line = if args.server == Told::Line { told.clone() } else { None };
    let chosen_dir = if args.data_dir > Told::Nowhere { kept_address(args) } else { None };
    on_line
        .or_else(|| its(named))
        .or(told)
        .or(chosen_dir)
        .or_else(|| its(usual))
        .or_else(|| kept_address(args))
        .unwrap_or_else(|| DEFAULT_SERVER.to_owned())
}

/// Only of a server of this user's or of root's: whoever works in a directory that somebody else has prepared does not tell
/// that one a token.
fn kept_address(args: &ServerArgs) -> Option<String> {
    let file = args.options.data_dir.join(ADDRESS_FILE);
    let text = std::fs::read_to_string(&file).ok().filter(|_| is_trusted(&file))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The local user's token, for a server on this machine or the one whose directory this is.
fn kept_token(args: &ServerArgs, server: &Url) -> Result<Option<(String, PathBuf)>, Failure> {
    let kept = args.options.data_dir.join(OPERATOR_TOKEN_FILE);
    let is_kept_ones = || {
        let known = kept_address(args).and_then(|text| Url::parse(&text).ok());
        known.is_some_and(|known| known == *server)
    };
    if !(is_local(server) || is_kept_ones()) || !kept.exists() {
        return Ok(None);
    }
    Ok(Some((read(&kept)?, kept)))
}

/// Whether a file is this user's or root's, and nobody else may write it.
pub(crate) fn is_trusted(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| {
        let owner = found.uid();
        (owner == 0 || owner == nix::unistd::geteuid().as_raw()) && found.mode() & 0o022 == 0
    })
}

/// The token in a file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read the token file {}: {error}", path.display())))?;
    last_line(&text).ok_or_else(|| Failure::Usage(format!("the token file {} is empty", path.display())))
}

/// `gpu-fleet token` prints the token on its last line, so its output may be kept as it is.
pub(crate) fn last_line(text: &str) -> Option<String> {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// Whether a server's address is this machine's own.
pub(crate) fn is_local(server: &Url) -> bool {
    let host = server.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
