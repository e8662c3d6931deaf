//! Where a fault becomes an error that a client reads: its code, its extensions, and nothing of the inside.

use async_graphql::{Error, ErrorExtensions};
use sea_orm::prelude::Uuid;

use crate::error::ErrorCode;
use crate::fault::Fault;

/// What a resolver may fail with.
#[derive(Debug, Clone)]
pub enum Failure {
    /// No caller.
    Unauthenticated,
    /// A fault from below.
    Fault(Fault),
}

/// What a resolver returns.
pub type Answer<T> = Result<T, Failure>;

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unauthenticated => coded(ErrorCode::Unauthenticated, "a valid token is needed"),
            Failure::Fault(fault) => explain(fault),
        }
    }
}

fn coded(code: ErrorCode, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

fn explain(fault: Fault) -> Error {
    let message = fault.to_string();
    match fault {
        Fault::Invalid(invalid) => coded(ErrorCode::BadUserInput, message)
            .extend_with(|_, extensions| extensions.set("field", invalid.field.as_str())),
        Fault::NotFound(_) => coded(ErrorCode::NotFound, message),
        Fault::Conflict { current_version, .. } => {
            let error = coded(ErrorCode::Conflict, message);
            match current_version {
                Some(version) => error.extend_with(|_, extensions| extensions.set("currentVersion", version)),
                None => error,
            }
        }
        Fault::Forbidden(_) => coded(ErrorCode::Forbidden, message),
        Fault::Quota(_) => coded(ErrorCode::QuotaExceeded, message),
        Fault::CursorExpired => coded(ErrorCode::CursorExpired, message),
        Fault::Retry => coded(ErrorCode::Conflict, "another change came first: read again and retry"),
        Fault::TooMuch(_) => coded(ErrorCode::QueryTooComplex, message),
        Fault::DiskFull(_) => coded(ErrorCode::Unavailable, message),
        Fault::Unavailable(cause) | Fault::LostConnection(cause) => {
            tracing::warn!(%cause, "the database is not available");
            coded(ErrorCode::Unavailable, "the database is not available right now: try again shortly")
        }
        Fault::LogStoreAway(cause) => {
            tracing::warn!(%cause, "a log cannot be read");
            coded(
                ErrorCode::Unavailable,
                "the log lies in the log store, which is not available right now: try again shortly",
            )
        }
        Fault::Internal(cause) => {
            let request_id = Uuid::now_v7().simple().to_string();
            tracing::error!(%cause, %request_id, "an internal error");
            coded(
                ErrorCode::Internal,
                "an internal error; the server's log has its cause under this request id",
            )
            .extend_with(|_, extensions| extensions.set("requestId", request_id.as_str()))
        }
    }
}
