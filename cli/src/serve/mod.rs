//! The roles of the binary that are not clients, put together from the `api` and `agent` crates: the only place of this
//! crate that knows the server.

mod data_dir;
mod database;
mod identity;
mod running;
mod signing_keys;
mod token;

use std::io::IsTerminal as _;
use std::path::Path;

use crate::args::server::{
    AgentArgs, MigrateArgs, SchemaArgs, ServeArgs, SigningKeysCommand, TokenArgs, UpArgs,
};
use crate::client::{Failure, parse_server};
use crate::host::agent_config;
use crate::output::say;
use crate::process::{raise_file_limit, shutdown_on_signal, start_telling};

/// Server and this machine's agent in one process, until SIGTERM or Ctrl-C.
pub(crate) async fn up(args: UpArgs) -> Result<u8, Failure> {
    let _telling = start_telling(&args.serve.tell)?;
    let shutdown = shutdown_on_signal()?;
    let running = running::Running::start(&args.serve, shutdown.clone()).await?;
    let join_token = token::join_token(running.server())?;
    let config =
        agent_config(&args.host, &running.local_url(), &args.serve.data.data_dir, Some(join_token), true)?;
    running.greet(true)?;
    let mut agent = tokio::spawn(agent::run(config, shutdown.clone()));
    let serving = running.until_stopped();
    tokio::pin!(serving);
    tokio::select! {
        outcome = &mut serving => {
            shutdown.cancel();
            ended(agent.await).and(outcome)
        }
        // Without its agent this is half of what was asked for, and nothing would tell.
        agent = &mut agent => {
            shutdown.cancel();
            let outcome = serving.await;
            ended(agent).and(outcome)
        }
    }
}

/// How this machine's agent has ended.
fn ended(agent: Result<Result<(), agent::AgentError>, tokio::task::JoinError>) -> Result<(), Failure> {
    let outcome =
        agent.map_err(|error| error.to_string()).and_then(|ended| ended.map_err(|error| error.to_string()));
    outcome.map_err(|error| Failure::Other(format!("the agent of this machine has ended: {error}")))
}

/// The server alone, until SIGTERM or Ctrl-C.
pub(crate) async fn serve(args: ServeArgs) -> Result<u8, Failure> {
    let _telling = start_telling(&args.tell)?;
    raise_file_limit();
    let shutdown = shutdown_on_signal()?;
    let running = running::Running::start(&args, shutdown).await?;
    running.greet(std::io::stdout().is_terminal())?;
    running.until_stopped().await
}

/// The agent alone, until SIGTERM or Ctrl-C.
pub(crate) async fn agent(args: AgentArgs) -> Result<u8, Failure> {
    let _telling = start_telling(&args.tell)?;
    let shutdown = shutdown_on_signal()?;
    data_dir::make(&args.data.data_dir)?;
    let join_token = match &args.join_token_file {
        None => None,
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| {
            Failure::Usage(format!("cannot read the join token in {}: {error}", file.display()))
        })?),
    };
    // `token` prints the token alone on its last line, so a file of its whole output will do.
    let last_line =
        |text: String| text.lines().rfind(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned());
    let join_token = join_token.and_then(last_line);
    let server = parse_server(&args.server)?;
    let config = agent_config(&args.host, server.as_str(), &args.data.data_dir, join_token, false)?;
    say(&format!("agent of {} for {}", config.name, args.server));
    agent::run(config, shutdown).await.map_err(|error| Failure::Other(error.to_string()))?;
    Ok(0)
}

/// Prints a token alone on the last line.
pub(crate) async fn token(args: TokenArgs) -> Result<u8, Failure> {
    token::print(&args)
}

/// Prints the public schema, or who may use what of it.
pub(crate) fn schema(args: &SchemaArgs) -> Result<u8, Failure> {
    let text = if args.access { api::graphql::access::table() } else { api::graphql::schema::sdl() };
    token::print_line(text.trim_end())?;
    Ok(0)
}

/// Lists the keys that servers sign tokens with, or takes one back.
pub(crate) async fn signing_keys(command: SigningKeysCommand) -> Result<u8, Failure> {
    match command {
        SigningKeysCommand::List(args) => signing_keys::list(&args).await,
        SigningKeysCommand::Revoke(args) => signing_keys::revoke(&args).await,
    }
}

/// Changes the database's schema, or tells where it is.
pub(crate) async fn migrate(args: MigrateArgs) -> Result<u8, Failure> {
    database::migrate(&args).await
}

/// Runs one attempt of a job; returns the exit code of this process.
pub(crate) fn shim(dir: &Path) -> i32 {
    agent::shim::main(dir)
}
