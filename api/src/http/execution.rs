//! Runs prepared operations, alike for every transport: charges their cost, bounds their time, counts them, and names them
//! in the log and in the errors that the log explains.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_graphql::{Response, ServerError};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tracing::{Instrument as _, Span};

use super::call::{Call, RequestId};
use super::document::{OperationKind, Prepared};
use super::meter::{Exhausted, Standing};
use super::server::Serving;
use crate::auth::Principal;
use crate::error::{ErrorCode, ServerErrorExt as _};

impl Serving {
    /// Charges an operation's cost to its caller; none where nothing is counted.
    pub(super) fn admit(&self, prepared: &Prepared, who: &Principal) -> Result<Option<Standing>, Exhausted> {
        match (&self.meter, who.account()) {
            (Some(meter), Some(account)) => meter.charge(&account, prepared.cost).map(Some),
            _ => Ok(None),
        }
    }

    /// Executes a query or a mutation.
    pub(super) async fn execute(&self, prepared: Prepared, call: Call) -> Response {
        let (kind, within, id) = (prepared.kind, self.config.operation_time, call.id.clone());
        let count = Count::begin(self.names.label(prepared.name.as_deref()), kind);
        let running = self.gateway.execute(prepared.request, call.clone());
        let running = running.instrument(span(&call, kind, prepared.name.as_deref()));
        let response = match tokio::time::timeout(within, running).await {
            Ok(response) => response,
            Err(_) => Response::from_errors(vec![too_slow(kind, within)]),
        };
        count.end(&response);
        named(response, &id)
    }

    /// Executes any operation; a query or a mutation is a stream of one.
    pub(super) fn stream(self: &Arc<Self>, prepared: Prepared, call: Call) -> BoxStream<'static, Response> {
        if prepared.kind != OperationKind::Subscription {
            let serving = Arc::clone(self);
            return stream::once(async move { serving.execute(prepared, call).await }).boxed();
        }
        let live = Live::begin();
        let count = Count::begin(self.names.label(prepared.name.as_deref()), prepared.kind);
        let (span, id) = (span(&call, prepared.kind, prepared.name.as_deref()), call.id.clone());
        let results = self.gateway.subscribe(prepared.request, call);
        stream::unfold((results, live, Some(count)), move |(mut results, live, mut count)| {
            let (span, id) = (span.clone(), id.clone());
            async move {
                let response = results.next().instrument(span).await?;
                if let Some(count) = count.take() {
                    count.end(&response);
                }
                Some((named(response, &id), (results, live, count)))
            }
        })
        .boxed()
    }
}

fn span(call: &Call, kind: OperationKind, name: Option<&str>) -> Span {
    tracing::info_span!(
        "operation",
        request_id = %call.id,
        subject = %call.who.subject,
        kind = kind.as_str(),
        name = name.unwrap_or_default(),
    )
}

fn too_slow(kind: OperationKind, within: Duration) -> ServerError {
    let seconds = within.as_secs();
    match kind {
        OperationKind::Mutation => ErrorCode::Unavailable.error(format!(
            "There was no answer within {seconds} s, and it is not known whether the change was made: read before you try again."
        )),
        _ => ErrorCode::QueryTooComplex.error(format!("The query took longer than {seconds} s: ask for less.")),
    }
}

/// Where the log has the cause, the error has the name to look for.
fn named(mut response: Response, id: &RequestId) -> Response {
    for error in &mut response.errors {
        if error.code() == Some(ErrorCode::Internal.as_str()) {
            *error = error.clone().with_extension("requestId", id.as_str());
        }
    }
    response
}

/// Counts an operation and its time, for a subscription until its first result.
struct Count {
    name: String,
    kind: OperationKind,
    begun: Instant,
}

impl Count {
    fn begin(name: String, kind: OperationKind) -> Self {
        Self { name, kind, begun: Instant::now() }
    }

    fn end(self, response: &Response) {
        let code = response.errors.first().map_or("OK", |error| error.code().unwrap_or("UNKNOWN")).to_owned();
        let (name, kind) = (self.name, self.kind.as_str());
        metrics::histogram!("gpu_fleet_operation_seconds", "operation" => name.clone(), "kind" => kind)
            .record(self.begun.elapsed());
        metrics::counter!("gpu_fleet_operations_total", "operation" => name, "kind" => kind, "code" => code)
            .increment(1);
    }
}

/// Names of operations that have figures of their own. Clients choose names, so there is an end to it.
#[derive(Default)]
pub(super) struct Names(Mutex<HashSet<String>>);

/// Enough for the programs that come with the server and some more.
const NAMES: usize = 100;

impl Names {
    fn label(&self, name: Option<&str>) -> String {
        let Some(name) = name else { return "anonymous".to_owned() };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = name.len() <= 64 && (known.contains(name) || known.len() < NAMES);
        if fits {
            known.insert(name.to_owned());
        }
        if fits { name.to_owned() } else { "other".to_owned() }
    }
}

/// Counts live subscriptions, however they end.
struct Live;

impl Live {
    fn begin() -> Self {
        metrics::gauge!("gpu_fleet_live_subscriptions").increment(1.0);
        Self
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        metrics::gauge!("gpu_fleet_live_subscriptions").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_share_one_figure() {
        let names = Names::default();
        for number in 0..NAMES {
            assert_eq!(names.label(Some(&format!("Q{number}"))), format!("Q{number}"));
        }
        assert_eq!(names.label(Some("Another")), "other");
        assert_eq!(names.label(Some("Q7")), "Q7", "known ones keep theirs");
        assert_eq!(names.label(None), "anonymous");
    }
}
