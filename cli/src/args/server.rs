//! Arguments of the roles of the binary that are not clients: `up`, `serve`, `agent`, `token`, `migrate`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use agent::ContainerChoice;
use clap::{Args, Subcommand};

use super::identity::IdentityArgs;
use super::values::{
    LogFormat, MigrateDirection, Origin, Pair, TokenRole, duration, origin, pair, retention,
};

/// Where everything is kept unless told otherwise.
pub(crate) const DEFAULT_DATA_DIR: &str = ".gpu-fleet";

/// Where the server listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:4600";

/// The data directory, common to every role.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataDirArgs {
    /// Keeps the embedded database, the signing key and the agent's state
    #[arg(long, value_name = "DIR", env = "GPU_FLEET_DATA_DIR", default_value = DEFAULT_DATA_DIR)]
    pub(crate) data_dir: PathBuf,
}

/// What `serve` and `up` share.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) data: DataDirArgs,

    /// Address and port of the API and the dashboard
    #[arg(long, value_name = "ADDR:PORT", env = "GPU_FLEET_LISTEN", default_value = DEFAULT_LISTEN)]
    pub(crate) listen: SocketAddr,

    /// A PostgreSQL database, postgres://…; without it, embedded SQLite in the data directory
    #[arg(long, value_name = "URL", env = "GPU_FLEET_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,

    /// How long a host may run jobs without word from the server; the longest outage that no job notices
    #[arg(long, value_name = "DURATION", env = "GPU_FLEET_LEASE", default_value = "2m", value_parser = duration)]
    pub(crate) lease: Duration,

    /// How often a host is to give a sign of life; it is down after four that are missing
    #[arg(long, value_name = "DURATION", env = "GPU_FLEET_HEARTBEAT", default_value = "5s", value_parser = duration)]
    pub(crate) heartbeat: Duration,

    /// How long a job that has borrowed GPUs may keep them before their owner can claim them back
    #[arg(long, value_name = "DURATION", env = "GPU_FLEET_MIN_RUN", default_value = "10m", value_parser = duration)]
    pub(crate) min_run: Duration,

    /// How long the log of a job that has ended is kept; 0: for ever
    #[arg(long, value_name = "DURATION", env = "GPU_FLEET_LOG_RETENTION", default_value = "30d", value_parser = retention)]
    pub(crate) log_retention: Duration,

    /// Where the logs of jobs that have ended are kept, file:///PATH or s3://BUCKET/PREFIX (by the usual AWS_… variables); without
    /// it, in the database
    #[arg(long, value_name = "URL", env = "GPU_FLEET_LOG_STORE")]
    pub(crate) log_store: Option<String>,

    /// Where people and agents reach the server, when that is not where it listens: behind a TLS proxy, say
    #[arg(long, value_name = "URL", env = "GPU_FLEET_PUBLIC_URL", value_parser = origin)]
    pub(crate) public_url: Option<Origin>,

    /// Another origin whose pages may use the API, https://…; may be repeated
    #[arg(long = "allowed-origin", value_name = "ORIGIN", env = "GPU_FLEET_ALLOWED_ORIGIN", value_parser = origin, value_delimiter = ',')]
    pub(crate) allowed_origins: Vec<Origin>,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) identity: IdentityArgs,

    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

/// What long-running roles tell of themselves.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs and traces")]
pub(crate) struct TellArgs {
    /// How log lines look
    #[arg(long, value_name = "FORMAT", env = "GPU_FLEET_LOG_FORMAT", value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,

    /// An OpenTelemetry collector (OTLP over HTTP, http://127.0.0.1:4318, say) to send traces to; without it, none are made
    #[arg(long, value_name = "URL", env = "GPU_FLEET_OTLP_ENDPOINT")]
    pub(crate) otlp_endpoint: Option<String>,
}

/// How much one caller may ask for. Each default lets the bundled programs work and stops what is out of proportion.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Bytes of a request's body
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    pub(crate) max_body_bytes: usize,

    /// Bytes of a GraphQL document
    #[arg(long, value_name = "BYTES", default_value_t = 20 << 10)]
    pub(crate) max_document_bytes: usize,

    /// Levels of fields in a document
    #[arg(long, value_name = "N", default_value_t = 18)]
    pub(crate) max_depth: usize,

    /// Fields in a document, fragments in place of their spreads
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) max_fields: usize,

    /// Aliases in a document
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) max_aliases: usize,

    /// Directives in one place of a document
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) max_directives: usize,

    /// Cost of one operation: a field costs 1, what stands below a list as often as the list has rows, a mutation 100
    #[arg(long, value_name = "COST", default_value_t = 25_000)]
    pub(crate) max_cost: u32,

    /// How long a query or a mutation may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) operation_timeout: Duration,

    /// Operations at once on one socket, and event streams of one caller
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) max_subscriptions: usize,

    /// Cost that comes back to each caller in a second; 0: callers are not limited
    #[arg(long, value_name = "COST", default_value_t = 1_000_000)]
    pub(crate) rate: u32,

    /// Cost that a caller may spend at once after a rest
    #[arg(long, value_name = "COST", default_value_t = 10_000_000)]
    pub(crate) rate_burst: u32,
}

/// What `agent` and `up` share: this machine as a GPU host.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "This host")]
pub(crate) struct HostArgs {
    /// This host's name in the fleet; without it, the machine's own
    #[arg(long, value_name = "NAME", env = "GPU_FLEET_NAME")]
    pub(crate) name: Option<String>,

    /// auto (NVML; without it, `up` simulates eight and `agent` offers none), nvml, none, or
    /// simulated:4xH100-80GB[,4xA100-40GB…]
    #[arg(long, value_name = "SPEC", env = "GPU_FLEET_GPUS", default_value = "auto")]
    pub(crate) gpus: String,

    /// Path of libnvidia-ml.so.1, when it is not where the system looks
    #[arg(long, value_name = "PATH", env = "GPU_FLEET_NVML_LIBRARY")]
    pub(crate) nvml_library: Option<PathBuf>,

    /// How often the GPUs are looked at
    #[arg(long, value_name = "DURATION", env = "GPU_FLEET_SAMPLE_EVERY", default_value = "1s", value_parser = duration)]
    pub(crate) sample_every: Duration,

    /// Takes GPUs to be free when their driver can never list what runs on them, as under WSL or with virtual GPUs
    #[arg(long, env = "GPU_FLEET_ACCEPT_UNLISTED_PROCESSES")]
    pub(crate) accept_unlisted_processes: bool,

    /// Whom jobs run as: NAME for all organizations, ORGANIZATION=NAME for one; may be repeated. Only an agent that runs as root
    /// can switch; without this, its jobs run as nobody
    #[arg(long = "job-user", value_name = "[ORG=]NAME", env = "GPU_FLEET_JOB_USER", value_delimiter = ',')]
    pub(crate) job_users: Vec<String>,

    /// What runs the containers of jobs with an image: auto (the first that works of podman, apptainer and docker), one of these,
    /// or none
    #[arg(long, value_name = "RUNTIME", env = "GPU_FLEET_CONTAINER_RUNTIME", default_value = "auto")]
    pub(crate) container_runtime: ContainerChoice,

    /// A label of this host, key=value; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", env = "GPU_FLEET_LABEL", value_parser = pair, value_delimiter = ',')]
    pub(crate) labels: Vec<Pair>,
}

/// `gpu-fleet up`: server and this machine's agent in one process.
#[derive(Debug, Clone, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// `gpu-fleet agent`: this machine as a host of a fleet elsewhere.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgentArgs {
    /// The fleet's server
    #[arg(long, value_name = "URL", env = "GPU_FLEET_SERVER")]
    pub(crate) server: String,

    #[command(flatten)]
    pub(crate) data: DataDirArgs,

    /// A file with a join token (gpu-fleet token --role agent); needed only the first time
    #[arg(long, value_name = "FILE", env = "GPU_FLEET_JOIN_TOKEN_FILE")]
    pub(crate) join_token_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) host: HostArgs,

    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

/// `gpu-fleet token`: signs a token with the data directory's key.
#[derive(Debug, Clone, Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) data: DataDirArgs,

    /// What its bearer may do
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) role: TokenRole,

    /// The organization's slug; every role but operator and agent needs one
    #[arg(long, value_name = "SLUG")]
    pub(crate) org: Option<String>,

    /// How long it is valid
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) ttl: Duration,

    /// Whom it names, in events and as submitter; without it, the user who runs this
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,

    /// Writes it to a new file that only its owner can read, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `gpu-fleet schema`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SchemaArgs {
    /// Prints which role each field needs instead
    #[arg(long)]
    pub(crate) access: bool,
}

/// `gpu-fleet signing-keys …`: asks the database itself, since who can reach it can.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum SigningKeysCommand {
    /// Lists them, with when their server was last seen
    List(SigningKeysArgs),
    /// Takes one back: no token of it is accepted any more. Its server, if it still runs, must be stopped first
    Revoke(RevokeSigningKeyArgs),
}

/// Which database.
#[derive(Debug, Clone, Args)]
pub(crate) struct SigningKeysArgs {
    #[command(flatten)]
    pub(crate) data: DataDirArgs,

    /// A PostgreSQL database, postgres://…; without it, embedded SQLite in the data directory
    #[arg(long, value_name = "URL", env = "GPU_FLEET_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,

    /// Prints JSON
    #[arg(long, env = "GPU_FLEET_JSON")]
    pub(crate) json: bool,
}

/// `gpu-fleet signing-keys revoke`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RevokeSigningKeyArgs {
    /// Its id
    #[arg(value_name = "KEY-ID")]
    pub(crate) kid: String,

    #[command(flatten)]
    pub(crate) database: SigningKeysArgs,
}

/// `gpu-fleet migrate`: the database's schema.
#[derive(Debug, Clone, Args)]
pub(crate) struct MigrateArgs {
    /// Which way
    #[arg(value_enum)]
    pub(crate) direction: MigrateDirection,

    #[command(flatten)]
    pub(crate) data: DataDirArgs,

    /// A PostgreSQL database; without it, embedded SQLite in the data directory
    #[arg(long, value_name = "URL", env = "GPU_FLEET_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,

    /// Prints JSON
    #[arg(long, env = "GPU_FLEET_JSON")]
    pub(crate) json: bool,
}
