//! What the long-running roles share: log lines on standard error, traces to a collector, and an end that comes in good order.

use nix::sys::resource::{Resource as Limited, getrlimit, setrlimit};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::args::server::TellArgs;
use crate::args::values::LogFormat;
use crate::client::Failure;

/// How much is logged unless RUST_LOG says otherwise.
const DEFAULT_FILTER: &str = "warn,api=info,agent=info,gpu_fleet=info";

/// What is traced of an operation: the request, its resolvers, their statements.
const TRACED: &str =
    "warn,tower_http=debug,api=info,async_graphql=info,sea_orm=info,agent=info,gpu_fleet=info";

/// Log lines, and traces where they are wanted, until it is dropped.
#[must_use]
pub(crate) struct Telling(Option<SdkTracerProvider>);

impl Drop for Telling {
    fn drop(&mut self) {
        // What has not been sent yet.
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Sends log lines to standard error, and traces to an OpenTelemetry collector, if there is one; to be called once.
pub(crate) fn start_telling(args: &TellArgs) -> Result<Telling, Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match args.log_format {
        LogFormat::Text => lines.with_ansi(crate::output::style::wants_colours(&std::io::stderr())).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let provider = args.otlp_endpoint.as_deref().map(tracer_provider).transpose()?;
    let traces = provider.as_ref().map(|provider| {
        let tracer = provider.tracer("gpu-fleet");
        // The executor's span of this name carries the whole document with the values of its variables, some of which are
        // write-only.
        let without_values = filter_fn(|metadata| metadata.name() != "parse");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_filter(EnvFilter::new(TRACED).and(without_values))
            .boxed()
    });
    // A layer that is not there must not be among them: it would ask for every span of every library.
    let layers: Vec<_> = [Some(lines.with_filter(filter).boxed()), traces].into_iter().flatten().collect();
    // That somebody else has set a subscriber is fine: then lines go there.
    tracing_subscriber::registry().with(layers).try_init().ok();
    Ok(Telling(provider))
}

fn tracer_provider(endpoint: &str) -> Result<SdkTracerProvider, Failure> {
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(&endpoint)
        .build()
        .map_err(|error| Failure::Usage(format!("--otlp-endpoint: {error}")))?;
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_service_name("gpu-fleet").with_attribute(version).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Lets this process open as many files as the system allows it. Not for one that starts jobs, which would inherit it.
pub(crate) fn raise_file_limit() {
    let raised =
        getrlimit(Limited::RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(Limited::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
}

/// How many files this process may have open.
pub(crate) fn file_limit() -> usize {
    getrlimit(Limited::RLIMIT_NOFILE).map_or(1024, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX))
}

/// A token that is cancelled by SIGTERM or Ctrl-C. A second signal ends the process at once.
pub(crate) fn shutdown_on_signal() -> Result<CancellationToken, Failure> {
    let hear =
        |kind| signal(kind).map_err(|error| Failure::Other(format!("cannot listen for signals: {error}")));
    let (mut interrupt, mut terminate) = (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        for again in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if again {
                std::process::exit(1);
            }
            shutdown.cancel();
        }
    });
    Ok(token)
}
