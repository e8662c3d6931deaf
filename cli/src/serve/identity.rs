//! From the command line's words about an identity provider to what the server trusts.

use std::path::PathBuf;
use std::time::Duration;

use api::auth::{ClaimNames, Provider, RoleNames};
use api::identity::{KeySource, SignInTerms, Trust, is_guarded};
use domain::role::Role;

use super::token::role;
use crate::args::identity::IdentityArgs;
use crate::client::Failure;

/// The longest that a person stays signed in: what the provider takes back counts by then.
const LONGEST_SESSION: Duration = Duration::from_secs(24 * 3600);
/// Characters of the provider's name on the sign-in page.
const NAME_CHARS: usize = 60;

/// The identity provider that the command line names, if it names one.
pub(super) fn trust(args: &IdentityArgs) -> Result<Option<Trust>, Failure> {
    let Some(issuer) = &args.oidc_issuer else { return Ok(None) };
    let Some(audience) = args.oidc_audience.as_ref().or(args.oidc_client_id.as_ref()) else {
        return Err(usage("an identity provider needs --oidc-audience, --oidc-client-id or both"));
    };
    let provider = Provider::new(issuer.clone(), audience.clone(), claims(args)?)
        .ok_or_else(|| usage("--oidc-issuer and --oidc-audience must be those of another service"))?;
    let secret = args.oidc_secret_file.as_ref().map(secret).transpose()?;
    let sign_in = args.oidc_client_id.as_ref().map(|id| sign_in(args, issuer, id)).transpose()?;
    let source = match args.oidc_jwks.as_deref() {
        Some(text) => source(text)?,
        None if sign_in.is_some() => KeySource::Discovered,
        None if secret.is_some() => KeySource::Nowhere,
        None => {
            return Err(usage(
                "an identity provider needs --oidc-jwks, --oidc-secret-file or --oidc-client-id",
            ));
        }
    };
    Ok(Some(Trust { provider, source, secret, sign_in }))
}

/// How people sign in with it.
fn sign_in(args: &IdentityArgs, issuer: &str, client_id: &str) -> Result<SignInTerms, Failure> {
    let url = guarded("--oidc-issuer", issuer)?;
    let name = args.oidc_name.clone().or_else(|| url.host_str().map(str::to_owned)).unwrap_or_default();
    if name.trim().is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return Err(usage(&format!("--oidc-name: a name has 1 to {NAME_CHARS} characters")));
    }
    let scopes: Vec<&str> = args.oidc_scopes.split_whitespace().collect();
    if !scopes.contains(&"openid") {
        return Err(usage("--oidc-scopes: without openid there is no ID token to sign in with"));
    }
    if args.oidc_session > LONGEST_SESSION {
        return Err(usage("--oidc-session is 24h at most: what the provider takes back must count by then"));
    }
    Ok(SignInTerms {
        client_id: client_id.to_owned(),
        client_secret: args.oidc_client_secret_file.as_ref().map(client_secret).transpose()?,
        scopes: scopes.join(" "),
        name,
        session: args.oidc_session,
    })
}

fn client_secret(path: &PathBuf) -> Result<String, Failure> {
    let text = String::from_utf8(secret(path)?).ok().filter(|text| !text.is_empty());
    text.ok_or_else(|| usage(&format!("there is no client secret in {}", path.display())))
}

fn usage(message: &str) -> Failure {
    Failure::Usage(message.to_owned())
}

fn claims(args: &IdentityArgs) -> Result<ClaimNames, Failure> {
    let mut roles = RoleNames { otherwise: args.oidc_default_role.map(role), ..RoleNames::default() };
    for pair in &args.oidc_roles {
        let known = pair.value.parse::<Role>().ok().filter(|role| *role != Role::Agent);
        let unknown = || {
            Failure::Usage(format!("--oidc-role {}: the role is viewer, member, admin or operator", pair.key))
        };
        roles.names.insert(pair.key.clone(), known.ok_or_else(unknown)?);
    }
    if roles.otherwise.is_some_and(|role| !Role::Admin.includes(role)) {
        let message = "--oidc-default-role is viewer, member or admin: nobody runs the fleet by default";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(ClaimNames {
        subject: args.oidc_subject_claim.clone(),
        organization: args.oidc_organization_claim.clone(),
        role: args.oidc_role_claim.clone(),
        roles,
    })
}

fn secret(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    let text = std::fs::read(path).map_err(|error| {
        Failure::Usage(format!("cannot read the identity provider's secret in {}: {error}", path.display()))
    })?;
    // Editors end a file with a line's end, which is no part of a secret.
    Ok(text.trim_ascii_end().to_vec())
}

/// A file, or an address that nobody on the way can answer for.
fn source(text: &str) -> Result<KeySource, Failure> {
    if !text.contains("://") {
        return Ok(KeySource::File(PathBuf::from(text)));
    }
    guarded("--oidc-jwks", text).map(KeySource::Url)
}

fn guarded(option: &str, text: &str) -> Result<reqwest::Url, Failure> {
    let url = reqwest::Url::parse(text).map_err(|error| Failure::Usage(format!("{option}: {error}")))?;
    if is_guarded(&url) { Ok(url) } else { Err(usage(&format!("{option}: an address begins with https://"))) }
}
