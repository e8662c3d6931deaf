//! The router, and what every handler shares.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;

use super::config::HttpConfig;
use super::document::{Documents, SchemaError};
use super::execution::Names;
use super::gateway::Gateway;
use super::meter::Meter;
use super::sign_in::{self, SignIns};
use super::slots::Slots;
use super::{answer, assets, graphql, origin};
use crate::error::ErrorCode;

const LARGE_BODIES: usize = 4;
const FORGET_EVERY: Duration = Duration::from_secs(60);
const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// What every handler shares.
pub(super) struct Serving {
    pub(super) gateway: Arc<dyn Gateway>,
    pub(super) config: HttpConfig,
    pub(super) shutdown: CancellationToken,
    /// What stays open: sockets and event streams.
    pub(super) sockets: TaskTracker,
    pub(super) documents: Documents,
    pub(super) meter: Option<Meter>,
    pub(super) names: Names,
    pub(super) streams: Slots,
    /// Long bodies that are read at once.
    pub(super) large_bodies: Semaphore,
    pub(super) sign_ins: SignIns,
    metrics: PrometheusHandle,
}

/// The router with what it needs for a graceful end.
pub struct Served {
    pub(super) router: Router,
    pub(super) sockets: TaskTracker,
    pub(super) connections: usize,
}

/// Installs the process's metrics recorder.
///
/// # Errors
/// When one is installed already.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
    const ROWS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    PrometheusBuilder::new()
        .set_buckets(&SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &ROWS)?
        .install_recorder()
}

/// Everything that the server answers.
///
/// # Errors
/// When the gateway's schema is not valid.
pub fn router(
    gateway: Arc<dyn Gateway>,
    config: &HttpConfig,
    shutdown: CancellationToken,
    metrics: PrometheusHandle,
) -> Result<Served, SchemaError> {
    let sockets = TaskTracker::new();
    let serving = Arc::new(Serving {
        documents: Documents::new(gateway.sdl(), config.limits.clone())?,
        meter: config.rate.map(Meter::new),
        names: Names::default(),
        streams: Slots::new(config.subscriptions),
        large_bodies: Semaphore::new(LARGE_BODIES),
        sign_ins: SignIns::default(),
        gateway,
        config: config.clone(),
        shutdown,
        sockets: sockets.clone(),
        metrics,
    });
    tokio::spawn(forget_idle(serving.clone()));
    let router = Router::new()
        .route("/graphql", any(graphql::handle).layer(origin::cross_origin(config)))
        .route("/sign-in/provider", get(sign_in::offer))
        .route("/sign-in/token", post(sign_in::token))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(measurements))
        .fallback(get(assets::handle).layer(CompressionLayer::new()))
        .layer(from_fn_with_state(serving.clone(), guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(serving);
    Ok(Served { router, sockets, connections: config.connections })
}

/// Keeps the buckets of those who ask no more from piling up.
async fn forget_idle(serving: Arc<Serving>) {
    loop {
        tokio::select! {
            () = serving.shutdown.cancelled() => return,
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
        serving.meter.iter().for_each(Meter::forget_idle);
        serving.sign_ins.forget_idle();
    }
}

/// A request's span has its path alone: what follows may be a variable's value, or a code that signs somebody in.
fn span(request: &Request) -> tracing::Span {
    tracing::debug_span!("request", method = %request.method(), path = request.uri().path(), version = ?request.version())
}

async fn measurements(State(serving): State<Arc<Serving>>) -> String {
    serving.gateway.measure().await;
    serving.metrics.render()
}

async fn ready(State(serving): State<Arc<Serving>>) -> Response {
    match serving.gateway.ready().await {
        Ok(None) => "ready".into_response(),
        // Whoever balances load goes on: requests are answered.
        Ok(Some(ailment)) => format!("degraded: {ailment}").into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason).into_response(),
    }
}

/// Refuses foreign host names, and sets the headers that every answer carries.
async fn guard(State(serving): State<Arc<Serving>>, request: Request, next: Next) -> Response {
    let mut response = if origin::is_own_host(request.headers(), &serving.config) {
        next.run(request).await
    } else {
        let error = ErrorCode::Forbidden.error("this server has no such host name");
        answer::refusal(StatusCode::MISDIRECTED_REQUEST, vec![error], super::accept::MediaType::Json)
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    response
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let error = ErrorCode::Internal.error("an internal error");
    answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, vec![error], super::accept::MediaType::Json)
}
