//! `gpu-fleet keys`: the keys by which programs call the API.

use chrono::{TimeDelta, Utc};
use cynic::{MutationBuilder, QueryBuilder};

use super::Session;
use crate::api::{
    ApiKeyRow, CreateApiKey, CreateApiKeyInput, CreateApiKeyVariables, Instant, KeysOfOrganization,
    OrganizationVariables, OrganizationWithKeys, RevokeApiKey, RevokeApiKeyInput, RevokeApiKeyVariables,
};
use crate::args::access::{KeysCommand, KeysCreateArgs, KeysListArgs, KeysRevokeArgs};
use crate::client::{Client, Failure};
use crate::output::Form;
use crate::output::style::Tone;
use crate::output::table::{Cell, Column};
use crate::output::time::{ago, span};

const COLUMNS: [Column; 7] = [
    Column::new("KEY"),
    Column::new("NAME").elastic(),
    Column::new("ROLE"),
    Column::new("STATE"),
    Column::new("LAST USED").expendable(1),
    Column::new("CREATED").expendable(2),
    Column::new("BY").expendable(3),
];

/// Lists, makes or takes back.
pub(super) async fn perform(command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::List(args) => list(args).await,
        KeysCommand::Create(args) => create(args).await,
        KeysCommand::Revoke(args) => revoke(args).await,
    }
}

async fn list(args: KeysListArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let keys = organization(&session.client, args.org).await?.api_keys;
    let now = Utc::now();
    let empty = "No keys. Make one: gpu-fleet keys create NAME --role member";
    session.output.list(&keys, |key| key.id.inner(), &COLUMNS, |key| cells(key, now), empty)
}

fn cells(key: &ApiKeyRow, now: Instant) -> Vec<Cell> {
    let (state, tone) = state(key, now);
    vec![
        (&key.prefix).into(),
        (&key.name).into(),
        key.role.as_str().into(),
        Cell::toned(state, tone),
        key.last_used_at.map_or_else(|| "never".to_owned(), |at| ago(at, now)).into(),
        ago(key.created_at, now).into(),
        (&key.created_by).into(),
    ]
}

fn state(key: &ApiKeyRow, now: Instant) -> (String, Tone) {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => (format!("revoked {}", ago(at, now)), Tone::Faint),
        (None, Some(at)) if at <= now => (format!("expired {}", ago(at, now)), Tone::Faint),
        (None, Some(at)) => (format!("expires in {}", span((at - now).num_seconds())), Tone::Good),
        (None, None) => ("no end".to_owned(), Tone::Good),
    }
}

async fn create(args: KeysCreateArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let organization_id = match args.org {
        Some(slug) => Some(organization(&session.client, Some(slug)).await?.id),
        None => None,
    };
    let too_long = || Failure::Usage("--ttl is too long".to_owned());
    let until = |ttl| Utc::now().checked_add_signed(TimeDelta::from_std(ttl).ok()?);
    let expires_at = args.ttl.map(|ttl| until(ttl).ok_or_else(too_long)).transpose()?;
    let input = CreateApiKeyInput { organization_id, name: args.name, role: args.role, expires_at };
    let made = session.client.run(CreateApiKey::build(CreateApiKeyVariables { input })).await?.create_api_key;
    if session.output.form == Form::Json {
        return session.output.json(&made);
    }
    if session.output.form == Form::Tables {
        let told = format!(
            "{} {}: keep what follows, it is not shown again",
            made.api_key.id.inner(),
            made.api_key.name
        );
        session.output.notice(&told, Tone::Wait);
    }
    session.output.line(&made.secret)
}

async fn revoke(args: KeysRevokeArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let id = find(&session.client, &args.key, args.org).await?;
    let variables = RevokeApiKeyVariables { input: RevokeApiKeyInput { id } };
    let key = session.client.run(RevokeApiKey::build(variables)).await?.revoke_api_key.api_key;
    match session.output.form {
        Form::Json => session.output.json(&key),
        Form::Ids => session.output.line(key.id.inner()),
        Form::Tables => session.output.line(&format!("{} {} revoked", key.prefix, key.name)),
    }
}

/// The key that this text means: a whole id as it is, else the prefix of one of the organization's.
async fn find(client: &Client, text: &str, org: Option<String>) -> Result<cynic::Id, Failure> {
    if text.starts_with("key_") {
        return Ok(cynic::Id::new(text));
    }
    let keys = organization(client, org).await?.api_keys;
    let found = keys.into_iter().find(|key| key.prefix == text);
    let missing = || Failure::NotFound(format!("there is no key {text}; gpu-fleet keys list lists them"));
    found.map(|key| key.id).ok_or_else(missing)
}

async fn organization(client: &Client, slug: Option<String>) -> Result<OrganizationWithKeys, Failure> {
    let asked = slug.clone();
    let answer = client.run(KeysOfOrganization::build(OrganizationVariables { slug })).await?;
    answer.organization.ok_or_else(|| super::no_organization(asked.as_deref()))
}
