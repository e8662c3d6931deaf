//! Everything that can go wrong for a person at a terminal, with the exit code it leads to and what to do next.

use std::time::Duration;

use serde::Deserialize;

/// How this process ends, apart from a followed job's own exit code. Scripts rely on these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Conflict = 4,
    NotAllowed = 5,
    Unreachable = 6,
}

/// What the server says about an error beside its message.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Extensions {
    pub(crate) code: Option<String>,
    pub(crate) current_version: Option<i32>,
    pub(crate) field: Option<String>,
    pub(crate) retry_after_seconds: Option<f64>,
    pub(crate) request_id: Option<String>,
    /// What to do next, where this client knows better than the table below.
    #[serde(skip)]
    pub(crate) advice: Option<String>,
}

/// A command that did not do what it was asked to.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    /// The server refused, and says why.
    #[error("{message}")]
    Refused { message: String, details: Box<Extensions> },
    /// There is no server, or it went away.
    #[error("no answer from {server}: {cause}")]
    Unreachable { server: String, cause: String },
    /// Something answered, but not as this API does.
    #[error("{server} does not answer as a gpu-fleet server: {cause}")]
    NotOurServer { server: String, cause: String },
    /// The request cannot be made as it was written.
    #[error("{0}")]
    Usage(String),
    /// Nothing here has that name.
    #[error("{0}")]
    NotFound(String),
    /// Whoever read the output has gone, as `head` does: nothing to complain about.
    #[error("the output was closed")]
    OutputClosed,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// What the server's codes lead to: code, exit, advice.
const ADVICE: &[(&str, Exit, &str)] = &[
    (
        "UNAUTHENTICATED",
        Exit::NotAllowed,
        "sign in: gpu-fleet login URL; gpu-fleet token mints a token on the server's machine",
    ),
    ("FORBIDDEN", Exit::NotAllowed, "this token's role does not allow it; use one with a higher role"),
    ("NOT_FOUND", Exit::NotFound, "gpu-fleet jobs --all, hosts and gpus list what your organization sees"),
    ("CONFLICT", Exit::Conflict, "look at it again (gpu-fleet job, gpus, hosts), then retry"),
    ("BAD_USER_INPUT", Exit::Usage, ""),
    (
        "GRAPHQL_VALIDATION_FAILED",
        Exit::Failed,
        "client and server are of different versions: compare gpu-fleet --version on both machines",
    ),
    ("QUERY_TOO_COMPLEX", Exit::Failed, "ask for less, by --limit; the server's --max-cost is the bound"),
    ("INTERNAL_SERVER_ERROR", Exit::Failed, "the server's log says more, under this request"),
    (
        "QUOTA_EXCEEDED",
        Exit::Failed,
        "wait until some of your organization's jobs have ended, or ask an operator for more",
    ),
    ("RATE_LIMITED", Exit::Failed, "wait a moment and retry"),
    ("CURSOR_EXPIRED", Exit::Failed, "start again without the cursor"),
    ("UNAVAILABLE", Exit::Unreachable, "the server is there but cannot serve now; retry in a moment"),
];

impl Failure {
    /// A refusal, as GraphQL errors carry it.
    pub(crate) fn refused(message: impl Into<String>, details: Extensions) -> Self {
        Self::Refused { message: message.into(), details: Box::new(details) }
    }

    /// The server's code, where it gave one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { details, .. } => details.code.as_deref(),
            _ => None,
        }
    }

    /// Whether somebody else changed the same thing first.
    pub(crate) fn is_conflict(&self) -> bool {
        self.code() == Some("CONFLICT")
    }

    /// Whether trying again later may help, without changing anything.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { .. } => {
                matches!(self.code(), Some("UNAVAILABLE" | "RATE_LIMITED" | "INTERNAL_SERVER_ERROR"))
            }
            _ => false,
        }
    }

    /// How long the server wants to be left alone before it is asked the same again.
    pub(crate) fn ask_again_after(&self) -> Option<Duration> {
        let Self::Refused { details, .. } = self else { return None };
        let limited = details.code.as_deref() == Some("RATE_LIMITED");
        details
            .retry_after_seconds
            .filter(|secs| limited && (0.0..=60.0).contains(secs))
            .map(Duration::from_secs_f64)
    }

    /// The exit code that it leads to.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Refused { .. } => self.advice_row().map_or(Exit::Failed, |(_, exit, _)| *exit),
            Self::Unreachable { .. } | Self::NotOurServer { .. } => Exit::Unreachable,
            Self::Usage(_) => Exit::Usage,
            Self::NotFound(_) => Exit::NotFound,
            Self::Other(_) | Self::OutputClosed => Exit::Failed,
        }
    }

    /// One line: what happened, the code, and what to do next.
    pub(crate) fn line(&self) -> String {
        let mut line = self.to_string().replace('\n', " ");
        if let Self::Refused { details, .. } = self {
            line.push_str(&detail_text(details));
        }
        match self.advice() {
            Some(advice) => format!("{line}; {advice}"),
            None => line,
        }
    }

    fn advice_row(&self) -> Option<&'static (&'static str, Exit, &'static str)> {
        ADVICE.iter().find(|(code, _, _)| Some(*code) == self.code())
    }

    fn advice(&self) -> Option<&str> {
        match self {
            Self::Refused { details, .. } if details.advice.is_some() => details.advice.as_deref(),
            Self::Refused { .. } => {
                self.advice_row().map(|(_, _, advice)| *advice).filter(|text| !text.is_empty())
            }
            Self::Unreachable { .. } => {
                Some("start one with gpu-fleet up, or name another with --server or --profile")
            }
            Self::NotOurServer { .. } => Some("check --server"),
            _ => None,
        }
    }
}

fn detail_text(details: &Extensions) -> String {
    let mut parts = Vec::new();
    parts.extend(details.code.clone());
    parts.extend(details.field.as_ref().map(|field| format!("field {field}")));
    parts.extend(details.current_version.map(|version| format!("current version {version}")));
    parts.extend(details.retry_after_seconds.map(|secs| format!("retry after {secs} s")));
    parts.extend(details.request_id.as_ref().map(|id| format!("request {id}")));
    if parts.is_empty() { String::new() } else { format!(" [{}]", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Failure {
        Failure::refused("no", Extensions { code: Some(code.to_owned()), ..Extensions::default() })
    }

    #[test]
    fn each_code_leads_to_its_documented_exit() {
        let cases = [
            ("BAD_USER_INPUT", 2),
            ("NOT_FOUND", 3),
            ("CONFLICT", 4),
            ("UNAUTHENTICATED", 5),
            ("FORBIDDEN", 5),
            ("UNAVAILABLE", 6),
            ("QUOTA_EXCEEDED", 1),
            ("INTERNAL_SERVER_ERROR", 1),
            ("A_CODE_OF_TOMORROW", 1),
        ];
        for (code, exit) in cases {
            assert_eq!(refused(code).exit() as i32, exit, "{code}");
        }
        assert_eq!(Failure::Unreachable { server: "s".into(), cause: "c".into() }.exit() as i32, 6);
        assert_eq!(Failure::Usage("u".into()).exit() as i32, 2);
        assert_eq!(Failure::NotFound("n".into()).exit() as i32, 3);
    }

    #[test]
    fn an_error_is_one_line_with_code_details_and_advice() {
        assert!(refused("UNAVAILABLE").line().ends_with("retry in a moment"));
        let details =
            Extensions { code: Some("CONFLICT".into()), current_version: Some(7), ..Extensions::default() };
        let line = Failure::refused("the job\nwas changed", details).line();
        assert!(
            line.starts_with("the job was changed [CONFLICT, current version 7]; look at it again"),
            "{line}"
        );
    }
}
