//! From the command line's words about an identity provider to what the server trusts.

use std::path::PathBuf;

use api::auth::{ClaimNames, Provider, RoleNames};
use api::identity::{KeySource, Trust};
use domain::role::Role;

use super::token::role;
use crate::args::identity::IdentityArgs;
use crate::client::Failure;

/// The identity provider that the command line names, if it names one.
pub(super) fn trust(args: &IdentityArgs) -> Result<Option<Trust>, Failure> {
    let (Some(issuer), Some(audience)) = (&args.oidc_issuer, &args.oidc_audience) else { return Ok(None) };
    let provider = Provider::new(issuer.clone(), audience.clone(), claims(args)?).ok_or_else(|| {
        Failure::Usage("--oidc-issuer and --oidc-audience must be those of another service".to_owned())
    })?;
    let secret = args.oidc_secret_file.as_ref().map(secret).transpose()?;
    let source = args.oidc_jwks.as_deref().map_or(Ok(KeySource::Nowhere), source)?;
    if secret.is_none() && matches!(source, KeySource::Nowhere) {
        let message = "an identity provider needs --oidc-jwks, --oidc-secret-file or both";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(Some(Trust { provider, source, secret }))
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
    let url = reqwest::Url::parse(text).map_err(|error| Failure::Usage(format!("--oidc-jwks: {error}")))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && local) {
        Ok(KeySource::Url(url))
    } else {
        Err(Failure::Usage("--oidc-jwks: an address begins with https://".to_owned()))
    }
}
