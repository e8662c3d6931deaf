//! A running server with its transport.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use api::http::{self, HttpConfig, Rate};
use api::log_store::LogStore;
use api::scheduler::LeaseTerms;
use api::server::{Server, ServerConfig, StartError};
use api::store::open::Location;
use chrono::TimeDelta;
use domain::plan::Rules;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{data_dir, identity, token};
use crate::args::server::ServeArgs;
use crate::client::Failure;
use crate::client::credentials::{ADDRESS_FILE, OPERATOR_TOKEN_FILE};
use crate::output::say;
use crate::process::file_limit;

/// What the transport is told by the command line.
fn http_config(args: &ServeArgs, address: SocketAddr) -> HttpConfig {
    let limits = &args.limits;
    let mut config = HttpConfig::new(address);
    config.hosts = args.public_url.iter().map(|origin| origin.host.clone()).collect();
    config.allowed_origins =
        args.public_url.iter().chain(&args.allowed_origins).map(|origin| origin.text.clone()).collect();
    // A third of the files is left for the database and whatever else.
    config.connections = config.connections.min(file_limit() / 3 * 2);
    config.body_bytes = limits.max_body_bytes;
    config.subscriptions = limits.max_subscriptions;
    config.operation_time = limits.operation_timeout;
    config.rate = NonZeroU32::new(limits.rate).map(|per_second| Rate {
        per_second,
        burst: NonZeroU32::new(limits.rate_burst).unwrap_or(per_second),
    });
    config.limits.text_bytes = limits.max_document_bytes;
    config.limits.depth = limits.max_depth;
    config.limits.nodes = limits.max_fields;
    config.limits.aliases = limits.max_aliases;
    config.limits.directives = limits.max_directives;
    config.limits.complexity = limits.max_cost;
    config
}

/// A server that listens, and what it has to keep while it does.
pub(super) struct Running {
    server: Arc<Server>,
    address: SocketAddr,
    /// Where people reach it, when that is elsewhere.
    public_url: Option<String>,
    data_dir: std::path::PathBuf,
    transport: JoinHandle<()>,
    _lock: File,
}

impl Running {
    /// Takes the data directory and the port, opens the database, and serves.
    pub(super) async fn start(args: &ServeArgs, shutdown: CancellationToken) -> Result<Self, Failure> {
        let dir = &args.data.data_dir;
        let lock = data_dir::lock(dir)?;
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|error| Failure::Other(format!("cannot listen on {}: {error}", args.listen)))?;
        let address = listener.local_addr().map_err(|error| Failure::Other(error.to_string()))?;
        let location = Location::new(args.database_url.as_deref(), dir)
            .map_err(|error| Failure::Usage(error.to_string()))?;
        let metrics = http::install_metrics().map_err(|error| Failure::Other(error.to_string()))?;
        let terms =
            LeaseTerms::new(args.lease, args.heartbeat).map_err(|error| Failure::Usage(error.to_string()))?;
        let trust = identity::trust(&args.identity)?;
        let traced = args.tell.otlp_endpoint.is_some();
        let rules = Rules { min_run_secs: args.min_run.as_secs().cast_signed(), ..Rules::default() };
        let log_store = args.log_store.as_deref().map(LogStore::at).transpose();
        let log_store = log_store.map_err(|error| Failure::Usage(error.to_string()))?;
        let log_retention = TimeDelta::from_std(args.log_retention).ok().filter(|time| !time.is_zero());
        let data_dir = dir.clone();
        let config =
            ServerConfig { data_dir, location, terms, rules, trust, log_store, log_retention, traced };
        let server = Server::start(&config, shutdown.clone())
            .await
            .map_err(|error: StartError| Failure::Other(error.to_string()))?;
        let config = http_config(args, address);
        let router = http::router(server.clone(), &config, shutdown.clone(), metrics)
            .map_err(|error| Failure::Other(error.to_string()))?;
        let transport = tokio::spawn(http::serve(listener, router, shutdown));
        let public_url = args.public_url.as_ref().map(|origin| origin.text.clone());
        let running = Self { server, address, public_url, data_dir: dir.clone(), transport, _lock: lock };
        running.write_operator_token()?;
        data_dir::write_secret(&dir.join(ADDRESS_FILE), &format!("{}\n", running.local_url()))?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"), %address, data_dir = %dir.display(),
            database = if args.database_url.is_some() { "PostgreSQL" } else { "SQLite" }, "serving"
        );
        Ok(running)
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Where this machine reaches the server.
    pub(super) fn local_url(&self) -> String {
        let ip = match self.address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// Says where it is and, unless that would end up in a log, prints one link to sign in. The token stands behind the #,
    /// which browsers do not send.
    pub(super) fn greet(&self, with_link: bool) -> Result<(), Failure> {
        token::print_line(&format!("gpu-fleet is up at {}", self.local_url()))?;
        let url = self.public_url.clone().unwrap_or_else(|| self.local_url());
        if with_link {
            let token = token::operator_token(&self.server)?;
            return token::print_line(&format!("sign in: {url}/#token={token}"));
        }
        let kept = self.data_dir.join(OPERATOR_TOKEN_FILE);
        token::print_line(&format!("sign in at {url} with the token in {}", kept.display()))
    }

    /// For the commands of whoever may read the data directory.
    fn write_operator_token(&self) -> Result<(), Failure> {
        let text = token::operator_token(&self.server)?;
        data_dir::write_secret(&self.data_dir.join(OPERATOR_TOKEN_FILE), &format!("{text}\n"))
    }

    /// Serves until shutdown, and keeps the operator's token fresh.
    pub(super) async fn until_stopped(mut self) -> Result<u8, Failure> {
        let mut renew = tokio::time::interval(token::OPERATOR_TTL / 2);
        renew.tick().await;
        loop {
            tokio::select! {
                ended = &mut self.transport => {
                    say("stopped");
                    return match ended {
                        Ok(()) => Ok(0),
                        Err(error) => Err(Failure::Other(format!("the server has stopped: {error}"))),
                    };
                }
                _ = renew.tick() => self.write_operator_token()?,
            }
        }
    }
}
