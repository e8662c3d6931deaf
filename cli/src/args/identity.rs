//! Arguments of `serve` and `up` about an identity provider.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{Pair, TokenRole, duration, pair};

/// An identity provider whose tokens the server accepts besides its own.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Identity provider")]
pub(crate) struct IdentityArgs {
    /// The issuer of its tokens, exactly as their claim iss has it; without it, only the server's own tokens and keys count
    #[arg(long, value_name = "ISSUER", env = "GPU_FLEET_OIDC_ISSUER")]
    pub(crate) oidc_issuer: Option<String>,

    /// What their claim aud must name; without it, the client ID
    #[arg(long, value_name = "AUDIENCE", env = "GPU_FLEET_OIDC_AUDIENCE", requires = "oidc_issuer")]
    pub(crate) oidc_audience: Option<String>,

    /// Its public keys (RS256, ES256, EdDSA): a JSON Web Key Set in a file or at https://…; without it, where the provider says
    /// that they are, if people sign in with it
    #[arg(long, value_name = "FILE|URL", env = "GPU_FLEET_OIDC_JWKS", requires = "oidc_issuer")]
    pub(crate) oidc_jwks: Option<String>,

    /// A file with the secret that it signs with (HS256), at least 32 bytes
    #[arg(long, value_name = "FILE", env = "GPU_FLEET_OIDC_SECRET_FILE", requires = "oidc_issuer")]
    pub(crate) oidc_secret_file: Option<PathBuf>,

    /// The claim with the caller's name; dots lead inwards, as in all of these
    #[arg(long, value_name = "CLAIM", env = "GPU_FLEET_OIDC_SUBJECT_CLAIM", default_value = "sub")]
    pub(crate) oidc_subject_claim: String,

    /// The claim with the slug of the caller's organization
    #[arg(long, value_name = "CLAIM", env = "GPU_FLEET_OIDC_ORGANIZATION_CLAIM", default_value = "org")]
    pub(crate) oidc_organization_claim: String,

    /// The claim with the caller's role, or with a list of which the greatest counts
    #[arg(long, value_name = "CLAIM", env = "GPU_FLEET_OIDC_ROLE_CLAIM", default_value = "role")]
    pub(crate) oidc_role_claim: String,

    /// What a role is called there, gpu-admins=admin; may be repeated. VIEWER, MEMBER and ADMIN need no other name; who is an
    /// operator is said here or nowhere
    #[arg(long = "oidc-role", value_name = "NAME=ROLE", env = "GPU_FLEET_OIDC_ROLE", value_parser = pair, value_delimiter = ',')]
    pub(crate) oidc_roles: Vec<Pair>,

    /// The role of whoever has none; without it, such a token is refused
    #[arg(long, value_name = "ROLE", env = "GPU_FLEET_OIDC_DEFAULT_ROLE", value_enum, ignore_case = true)]
    pub(crate) oidc_default_role: Option<TokenRole>,

    /// Lets people sign in to the dashboard with it, as this client; its redirect URI there is https://HOST/sign-in/callback
    #[arg(long, value_name = "ID", env = "GPU_FLEET_OIDC_CLIENT_ID", requires = "oidc_issuer")]
    pub(crate) oidc_client_id: Option<String>,

    /// A file with the client's secret; without it, the client is a public one, and PKCE alone protects the sign-in
    #[arg(long, value_name = "FILE", env = "GPU_FLEET_OIDC_CLIENT_SECRET_FILE", requires = "oidc_client_id")]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,

    /// What is asked for at the sign-in, with spaces between
    #[arg(
        long,
        value_name = "SCOPES",
        env = "GPU_FLEET_OIDC_SCOPES",
        default_value = "openid profile email"
    )]
    pub(crate) oidc_scopes: String,

    /// What the sign-in page calls it; without it, the name of its host
    #[arg(long, value_name = "NAME", env = "GPU_FLEET_OIDC_NAME", requires = "oidc_client_id")]
    pub(crate) oidc_name: Option<String>,

    /// How long people stay signed in, 24h at most
    #[arg(long, value_name = "DURATION", env = "GPU_FLEET_OIDC_SESSION", default_value = "8h", value_parser = duration)]
    pub(crate) oidc_session: Duration,
}
