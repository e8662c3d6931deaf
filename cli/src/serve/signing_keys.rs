//! `signing-keys`: what the servers of a database sign their tokens with.

use api::store::open::{Location, open};
use api::store::{Actor, Store};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::data_dir;
use super::token::{print_line, user};
use crate::args::server::{RevokeSigningKeyArgs, SigningKeysArgs};
use crate::client::Failure;
use crate::output::{Form, Output};

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

/// A key, as programs read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    published_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
}

/// Lists them.
pub(super) async fn list(args: &SigningKeysArgs) -> Result<u8, Failure> {
    let (store, _lock) = store(args).await?;
    let keys = store.list_signing_keys().await.map_err(|fault| Failure::Other(fault.to_string()))?;
    if args.json {
        let listed = |(id, published_at, last_seen_at)| Listed { id, published_at, last_seen_at };
        let keys: Vec<Listed> = keys.into_iter().map(listed).collect();
        Output::new(Form::Json).json(&keys)?;
        return Ok(0);
    }
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
    if args.database.json {
        Output::new(Form::Json).json(&serde_json::json!({ "id": args.kid, "revoked": true }))?;
        return Ok(0);
    }
    print_line(&format!(
        "{} is revoked: servers that run stop accepting its tokens within a minute",
        args.kid
    ))?;
    Ok(0)
}
