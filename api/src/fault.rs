//! Everything that can go wrong below the API's edge, in words that the edge can turn into an error code.
//!
//! The store and the services share this one enum: a fault found by a transaction (a stale version, a full quota) is
//! the same fault that the caller is told about.

use domain::limits::InvalidInput;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// The input breaks a rule; which field, and which rule.
    #[error("{0}")]
    Invalid(InvalidInput),
    /// No such object, or none that the caller may know of.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Another change came first, or the object's state forbids this one.
    #[error("{message}")]
    Conflict {
        /// What stands in the way.
        message: String,
        /// The version that the object has now, where one was expected.
        current_version: Option<i32>,
    },
    /// The caller's role does not allow it.
    #[error("{0}")]
    Forbidden(String),
    /// An organization's ceiling.
    #[error("{0}")]
    Quota(String),
    /// The events after this cursor are no longer kept, or it never was a cursor.
    #[error("events after this cursor are no longer kept: read the present state and go on from there")]
    CursorExpired,
    /// The database is away or full; trying again later may help.
    #[error("the database is not available right now: {0}")]
    Unavailable(String),
    /// The connection was lost before anything was committed; the same work may be run again on another one.
    #[error("the connection to the database was lost: {0}")]
    LostConnection(String),
    /// Logs that were moved into the log store cannot be read, or none can be moved; trying again later may help.
    #[error("the log store is not available right now: {0}")]
    LogStoreAway(String),
    /// An operation asks for more rows than one may.
    #[error("the operation loads more than {0} rows: ask for less")]
    TooMuch(u64),
    /// The server's disk has no room for anything new.
    #[error("{0}: nothing new is taken until there is room again")]
    DiskFull(String),
    /// Two transactions met; the same one is run again.
    #[error("the transaction met another one")]
    Retry,
    /// A defect or an unexpected database error; never shown to callers.
    #[error("{0}")]
    Internal(String),
}

impl Fault {
    /// A conflict without a version.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict { message: message.into(), current_version: None }
    }

    /// A conflict with the version that the object has now.
    #[must_use]
    pub fn stale(what: &str, expected: i32, current: i32) -> Self {
        Self::Conflict {
            message: format!("the {what} has changed: version {expected} was expected, it is {current} now"),
            current_version: Some(current),
        }
    }

    /// A broken rule of one input field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(InvalidInput { field: field.into(), message: message.into() })
    }
}

impl From<InvalidInput> for Fault {
    fn from(invalid: InvalidInput) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(which)) = error.sql_err() {
            return unique_violation(&which);
        }
        match sql_state(&error).as_deref() {
            // Serialization failures and deadlocks.
            Some("40001" | "40P01") => return Self::Retry,
            // Shutting down, crashed.
            Some("57P01" | "57P02") => return Self::LostConnection(error.to_string()),
            // Too many connections, starting up, read only; statement, lock and idle timeouts.
            Some("53300" | "57P03" | "25006" | "57014" | "55P03" | "25P03") => {
                return Self::Unavailable(error.to_string());
            }
            // PostgreSQL's and SQLite's.
            Some("53100" | "13") => return Self::DiskFull("the database's disk is full".into()),
            // SQLite: BUSY, READONLY, IOERR, CANTOPEN; the last two with what they failed at in the higher bits.
            Some(code)
                if code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 8 | 10 | 14))
                    && code.len() < 5 =>
            {
                return Self::Unavailable(error.to_string());
            }
            _ => {}
        }
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error.to_string()),
            DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner))
                if is_lost_connection(inner) =>
            {
                Self::LostConnection(error.to_string())
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}

/// The unique indexes are walls, not doors: what runs into one has lost a race that the versions did not catch.
fn unique_violation(which: &str) -> Fault {
    if which.contains("allocation") {
        return Fault::conflict("the GPU is allocated already");
    }
    if which.contains("organization") && which.contains("slug") {
        return Fault::conflict("an organization with this slug exists already");
    }
    Fault::Retry
}

fn is_lost_connection(error: &sea_orm::sqlx::Error) -> bool {
    use sea_orm::sqlx::Error;
    matches!(error, Error::Io(_) | Error::WorkerCrashed | Error::Protocol(_))
}

fn sql_state(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))
    | DbErr::Conn(RuntimeErr::SqlxError(inner))) = error
    else {
        return None;
    };
    inner.as_database_error().and_then(|database| database.code()).map(|code| code.into_owned())
}
