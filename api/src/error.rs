//! The codes that an error can carry to a client, and the one way to build such an error.
//!
//! This mirrors `enum ErrorCode` of the public schema: every error that leaves the server has one of these codes in
//! `extensions.code`.

use std::fmt;

use async_graphql::{ErrorExtensionValues, ServerError};

/// What went wrong, as a client may branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The document is not GraphQL.
    ParseFailed,
    /// The document does not fit the schema.
    ValidationFailed,
    /// A value, a parameter or the shape of the request is wrong.
    BadUserInput,
    /// No token, or one that does not hold.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// There is no such object, or not for this caller.
    NotFound,
    /// The object has changed since the caller read it, or is in a state that does not allow this.
    Conflict,
    /// The organization's quota does not allow this.
    QuotaExceeded,
    /// Too much in too short a time.
    RateLimited,
    /// The query costs more than one query may.
    QueryTooComplex,
    /// The cursor is older than the history that is kept.
    CursorExpired,
    /// Not now; the same request may succeed later.
    Unavailable,
    /// A fault of the server, whose cause is in its log.
    Internal,
}

impl ErrorCode {
    /// The code as clients read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::RateLimited => "RATE_LIMITED",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL_SERVER_ERROR",
        }
    }

    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::ParseFailed,
        Self::ValidationFailed,
        Self::BadUserInput,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::QuotaExceeded,
        Self::RateLimited,
        Self::QueryTooComplex,
        Self::CursorExpired,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Whether the same request, unchanged, may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::QuotaExceeded | Self::Unavailable)
    }

    /// An error with this code, not yet tied to a place in the document.
    #[must_use]
    pub fn error(self, message: impl Into<String>) -> ServerError {
        ServerError::new(message, None).with_code(self)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads and writes `extensions` of an error.
pub trait ServerErrorExt: Sized {
    /// Sets the code, in place of any it had.
    #[must_use]
    fn with_code(self, code: ErrorCode) -> Self;

    /// Sets another extension.
    #[must_use]
    fn with_extension(self, name: &str, value: impl Into<async_graphql::Value>) -> Self;

    /// The code that the error carries.
    fn code(&self) -> Option<&str>;
}

impl ServerErrorExt for ServerError {
    fn with_code(self, code: ErrorCode) -> Self {
        self.with_extension("code", code.as_str())
    }

    fn with_extension(mut self, name: &str, value: impl Into<async_graphql::Value>) -> Self {
        self.extensions.get_or_insert_with(ErrorExtensionValues::default).set(name, value);
        self
    }

    fn code(&self) -> Option<&str> {
        match self.extensions.as_ref()?.get("code")? {
            async_graphql::Value::String(code) => Some(code),
            async_graphql::Value::Enum(code) => Some(code),
            _ => None,
        }
    }
}
