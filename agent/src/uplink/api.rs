//! Single GraphQL requests over HTTP, and how their failures differ.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use cynic::http::{CynicReqwestError, ReqwestExt};
use cynic::{GraphQlError, GraphQlResponse, Operation};
use serde::{Deserialize, Serialize};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes that nobody acknowledges for so long mean that the connection is dead, though nobody has closed it.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a call gave no data.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CallError {
    /// Nobody answered, or nobody who speaks GraphQL: to be tried again.
    #[error("the server is out of reach: {0}")]
    Unreachable(String),
    /// The server said no, and why.
    #[error("the server refuses ({code}): {message}")]
    Refused { code: String, message: String },
}

impl CallError {
    /// The code of a refusal.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Unreachable(_) => None,
            Self::Refused { code, .. } => Some(code),
        }
    }

    /// Whether the same request would fail in the same way for ever.
    pub(crate) fn is_final(&self) -> bool {
        let hopeless = [
            "BAD_USER_INPUT",
            "GRAPHQL_PARSE_FAILED",
            "GRAPHQL_VALIDATION_FAILED",
            "QUERY_TOO_COMPLEX",
            "NOT_FOUND",
        ];
        self.code().is_some_and(|code| hopeless.contains(&code))
    }
}

/// What errors carry beside their message.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Extensions {
    code: Option<String>,
}

/// The server's endpoint and who we are to it.
pub(crate) struct Api {
    /// Replaced when a request has timed out: its connections may all have been forgotten by something on the way.
    http: RwLock<reqwest::Client>,
    endpoint: String,
    bearer: RwLock<String>,
}

impl Api {
    /// An endpoint at `server_url`, which is the address that people open, with or without a path.
    pub(crate) fn new(server_url: &str) -> Result<Self, reqwest::Error> {
        let http = RwLock::new(client()?);
        Ok(Self { http, endpoint: endpoint(server_url), bearer: RwLock::default() })
    }

    /// Begins anew with fresh connections.
    fn reconnect(&self) {
        match client() {
            Ok(fresh) => *self.http.write().unwrap_or_else(PoisonError::into_inner) = fresh,
            Err(error) => tracing::warn!(%error, "cannot make a new HTTP client; the old one goes on"),
        }
    }

    /// Who we are from now on.
    pub(crate) fn set_bearer(&self, token: &str) {
        token.clone_into(&mut self.bearer.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn bearer(&self) -> String {
        self.bearer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where subscriptions are: the same address by another protocol.
    pub(crate) fn socket_url(&self) -> String {
        self.endpoint.replacen("http", "ws", 1)
    }

    /// Sends one operation.
    pub(crate) async fn call<Data, Variables>(
        &self,
        operation: &Operation<Data, Variables>,
    ) -> Result<Data, CallError>
    where
        Data: serde::de::DeserializeOwned + 'static,
        Variables: Serialize,
    {
        self.call_within(operation, REQUEST_TIMEOUT).await
    }

    /// Sends one operation whose answer is of use within this time only.
    pub(crate) async fn call_within<Data, Variables>(
        &self,
        operation: &Operation<Data, Variables>,
        timeout: Duration,
    ) -> Result<Data, CallError>
    where
        Data: serde::de::DeserializeOwned + 'static,
        Variables: Serialize,
    {
        let http = self.http.read().unwrap_or_else(PoisonError::into_inner).clone();
        let request = http.post(&self.endpoint).bearer_auth(self.bearer()).timeout(timeout);
        let answer = request.run_graphql(operation).retain_extensions::<Extensions>().await;
        if let Err(CynicReqwestError::ReqwestError(error)) = &answer
            && error.is_timeout()
        {
            self.reconnect();
        }
        data_of(answer.map_err(transport_error)?)
    }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(UNACKNOWLEDGED)
        .user_agent(concat!("gpu-fleet-agent/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The data of a response that has no errors.
pub(crate) fn data_of<Data>(response: GraphQlResponse<Data, Extensions>) -> Result<Data, CallError> {
    match (response.errors.and_then(|errors| errors.into_iter().next()), response.data) {
        (Some(error), _) => Err(refusal(error)),
        (None, Some(data)) => Ok(data),
        (None, None) => Err(CallError::Unreachable("an answer without data and without an error".to_owned())),
    }
}

fn refusal(error: GraphQlError<Extensions>) -> CallError {
    let code = error.extensions.and_then(|extensions| extensions.code).unwrap_or_default();
    CallError::Refused { code, message: error.message }
}

/// A bare 401 or 403 comes from before GraphQL; anything else that is not GraphQL comes from something on the way.
fn transport_error(error: CynicReqwestError) -> CallError {
    let refused = |code: &str, message: String| CallError::Refused { code: code.to_owned(), message };
    match error {
        CynicReqwestError::ErrorResponse(status, body) if status.as_u16() == 401 => {
            refused("UNAUTHENTICATED", body)
        }
        CynicReqwestError::ErrorResponse(status, body) if status.as_u16() == 403 => {
            refused("FORBIDDEN", body)
        }
        CynicReqwestError::ErrorResponse(status, _) => {
            CallError::Unreachable(format!("it answers with status {status}"))
        }
        CynicReqwestError::ReqwestError(error) => CallError::Unreachable(with_causes(&error)),
    }
}

/// reqwest tells the cause, such as a refused connection, only further down.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

fn endpoint(server_url: &str) -> String {
    let base = server_url.trim_end_matches('/');
    if base.ends_with("/graphql") { base.to_owned() } else { format!("{base}/graphql") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_endpoint_follows_from_any_spelling_of_the_address() {
        for url in ["http://host:8080", "http://host:8080/", "http://host:8080/graphql"] {
            assert_eq!(endpoint(url), "http://host:8080/graphql");
        }
        assert_eq!(Api::new("https://host").unwrap().socket_url(), "wss://host/graphql");
    }

    #[test]
    fn a_refusal_keeps_its_code() {
        let text = r#"{"data":null,"errors":[{"message":"stale","extensions":{"code":"CONFLICT","currentVersion":3}}]}"#;
        let error =
            data_of(serde_json::from_str::<GraphQlResponse<bool, Extensions>>(text).unwrap()).unwrap_err();
        assert_eq!(error.code(), Some("CONFLICT"));
    }
}
