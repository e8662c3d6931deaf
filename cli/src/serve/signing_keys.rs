//! `signing-keys`: what the servers of a database sign their tokens with.

use api::store::{Actor, Store};
use api::store::open::{Location, open};

use super::data_dir;
use super::token::{print_line, user};
use crate::args::server::{RevokeSigningKeyArgs, SigningKeysArgs};
use crate::client::Failure;

async fn store(args: &SigningKeysArgs) -> Result<(Store, Option<std::fs::File>), Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    // One process at a time has an embedded database.
    let lock = match args.database_url {
        None => Some(data_dir::lock(&args.data.data_dir)?),
        Some(_) => None,
    };
    let location =
        Location::new(args.database_url.as_deref(), &args.data.data_dir).map_err(|error| refused(&error))?;
    Ok((open(&location).await.map_err(|error| refused(&error))?, lock))
}

/// Lists them.
pub(super) async fn list(args: &SigningKeysArgs) -> Result<u8, Failure> {
    let (store, _lock) = store(args).await?;
    let keys = store.list_signing_keys().await.map_err(|fault| Failure::Other(fault.to_string()))?;
    for (kid, made, seen) in keys {
        let seen = seen.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
        print_line(&format!("{kid}  published {}  last seen {seen}", made.to_rfc3339()))?;
    }
    Ok(0)
}

/// Takes one back.
pub(super) async fn revoke(args: &RevokeSigningKeyArgs) -> Result<u8, Failure> {
    let (store, _lock) = store(&args.database).await?;
    let actor = Actor::local(user());
    let revoked = store.revoke_signing_key(&args.kid, &actor).await;
    let revoked = revoked.map_err(|fault| Failure::Other(fault.to_string()))?;
    if !revoked {
        return Err(Failure::NotFound(format!("no server has published a key {}", args.kid)));
    }
    print_line(&format!(
        "{} is revoked: servers that run stop accepting its tokens within a minute",
        args.kid
    ))?;
    Ok(0)
}
