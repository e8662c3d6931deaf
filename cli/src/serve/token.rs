//! Tokens: minted with the data directory's key.

use std::io::Write;
use std::time::Duration;

use api::auth::{Claims, SigningKey};
use api::server::{FIRST_ORGANIZATION, Server};
use chrono::Utc;
use domain::role::Role;

use super::data_dir;
use crate::args::server::TokenArgs;
use crate::args::values::TokenRole;
use crate::client::Failure;

/// The join token of this machine's own agent is used within seconds.
const JOIN_TTL: Duration = Duration::from_secs(600);
/// How long the sign-in link and the local user's token are valid; a running server writes a new token in time.
pub(super) const OPERATOR_TTL: Duration = Duration::from_secs(12 * 3600);

pub(super) fn role(of: TokenRole) -> Role {
    match of {
        TokenRole::Viewer => Role::Viewer,
        TokenRole::Member => Role::Member,
        TokenRole::Admin => Role::Admin,
        TokenRole::Operator => Role::Operator,
        TokenRole::Agent => Role::Agent,
    }
}

/// The local user's name, for events.
pub(super) fn user() -> String {
    let by_id = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|user| user.name);
    by_id.unwrap_or_else(|| "local".to_owned())
}

fn claims(subject: Option<String>, org: Option<String>, role: Role, ttl: Duration) -> Claims {
    Claims::new(subject.unwrap_or_else(user), org, role, Utc::now(), ttl, uuid::Uuid::now_v7())
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// Prints a token alone on the last line.
pub(super) fn print(args: &TokenArgs) -> Result<u8, Failure> {
    let role = role(args.role);
    let org = match (&args.org, role) {
        (Some(slug), _) => Some(slug.clone()),
        (None, Role::Agent) => None,
        // Its own organization, for what it submits itself; it sees all of them.
        (None, Role::Operator) => Some(FIRST_ORGANIZATION.to_owned()),
        (None, _) => {
            return Err(Failure::Usage(format!(
                "a token of the role {role} needs an organization: --org SLUG"
            )));
        }
    };
    if !args.data.data_dir.is_dir() {
        return Err(Failure::NotFound(format!(
            "there is no data directory {}; start gpu-fleet up first, or name the server's with --data-dir",
            args.data.data_dir.display()
        )));
    }
    data_dir::make(&args.data.data_dir)?;
    let key = SigningKey::load_or_create(&args.data.data_dir).map_err(refused)?;
    let subject = args.subject.clone();
    let token = key.mint(&claims(subject, org, role, args.ttl)).map_err(refused)?;
    match &args.out {
        Some(path) => data_dir::write_new_secret(path, &format!("{token}\n"))?,
        None => print_line(&token)?,
    }
    Ok(0)
}

/// A token with which this machine's own agent joins.
pub(super) fn join_token(server: &Server) -> Result<String, Failure> {
    server.mint(&claims(Some("up".to_owned()), None, Role::Agent, JOIN_TTL)).map_err(refused)
}

/// A token for whoever may read the data directory: the local operator.
pub(super) fn operator_token(server: &Server) -> Result<String, Failure> {
    let org = Some(FIRST_ORGANIZATION.to_owned());
    server.mint(&claims(None, org, Role::Operator, OPERATOR_TTL)).map_err(refused)
}

/// Prints a line of a command's result.
pub(super) fn print_line(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}").map_err(|_| Failure::OutputClosed)
}
