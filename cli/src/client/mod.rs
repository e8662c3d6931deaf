//! The connection to a server: typed operations over HTTP here, subscriptions in `stream`.

pub(crate) mod credentials;
pub(crate) mod error;
mod pages;
mod resolve;
mod socket;
mod stream;

use std::time::Duration;

use cynic::{GraphQlResponse, Operation};
use reqwest::Url;
use serde::Serialize;
use serde::de::DeserializeOwned;

use credentials::Origin;
pub(crate) use error::{Exit, Extensions, Failure};
pub(crate) use pages::{all_gpus, all_hosts, all_organizations, newest, newest_jobs, next};
pub(crate) use resolve::{find_gpus, find_host, job_by_id, job_id, no_job, short_id};
pub(crate) use stream::{
    Followed, Following, follow_gpus, follow_hosts, follow_jobs, follow_log, follow_queue, follow_readings,
    follow_totals,
};

use crate::args::connection::ServerArgs;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// One server, as one principal.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    server: Url,
    token: Option<String>,
    origin: Origin,
}

impl Client {
    /// From a command's arguments.
    pub(crate) fn from_args(args: &ServerArgs) -> Result<Self, Failure> {
        let found = credentials::find(args)?;
        Ok(Self { origin: found.origin, ..Self::new(found.server, found.token)? })
    }

    /// From an address and a token.
    pub(crate) fn new(server: Url, token: Option<String>) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .user_agent(concat!("gpu-fleet/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::Other(format!("cannot make an HTTP client: {error}")))?;
        Ok(Self { http, server, token, origin: Origin::Given })
    }

    /// Whether the server is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        credentials::is_local(&self.server)
    }

    /// Where it is.
    pub(crate) fn server(&self) -> &Url {
        &self.server
    }

    /// Whether the other speaks as somebody else.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        self.server != other.server || self.token != other.token
    }

    /// Runs a query or a mutation; the first GraphQL error is the failure.
    pub(crate) async fn run<Data, Variables>(
        &self,
        operation: Operation<Data, Variables>,
    ) -> Result<Data, Failure>
    where
        Data: DeserializeOwned + 'static,
        Variables: Serialize,
    {
        let mut request = self.http.post(self.endpoint("graphql")?).json(&operation);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| self.unreachable(&error))?;
        match serde_json::from_str::<GraphQlResponse<Data, Extensions>>(&text) {
            Ok(answer) => unwrap_answer(answer).map_err(|failure| self.advised(failure)),
            Err(_) if status == reqwest::StatusCode::UNAUTHORIZED => Err(self.advised(unauthenticated())),
            Err(error) if status.is_success() => Err(self.not_ours(error.to_string())),
            Err(_) => Err(self.not_ours(format!("HTTP {status}"))),
        }
    }

    /// An address under the server's own.
    pub(crate) fn endpoint(&self, path: &str) -> Result<Url, Failure> {
        let mut url = self.server.clone();
        let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&joined);
        Ok(url)
    }

    /// A failure with what to do about it, where that depends on whose token this is.
    fn advised(&self, mut failure: Failure) -> Failure {
        if let Failure::Refused { details, .. } = &mut failure
            && details.code.as_deref() == Some("UNAUTHENTICATED")
        {
            details.advice = self.origin.advice(&self.server);
        }
        failure
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        Failure::Unreachable { server: self.server.to_string(), cause: root_cause(error) }
    }

    fn not_ours(&self, cause: String) -> Failure {
        Failure::NotOurServer { server: self.server.to_string(), cause }
    }
}

/// Reads a server's address, with or without its scheme.
pub(crate) fn parse_server(text: &str) -> Result<Url, Failure> {
    let complete = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    match Url::parse(&complete) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(url),
        _ => Err(Failure::Usage(format!("{text} is not a server's address; write http://host:4600"))),
    }
}

/// An answer's data, or its first error.
fn unwrap_answer<Data>(answer: GraphQlResponse<Data, Extensions>) -> Result<Data, Failure> {
    if let Some(error) = answer.errors.into_iter().flatten().next() {
        return Err(Failure::refused(error.message, error.extensions.unwrap_or_default()));
    }
    answer.data.ok_or_else(|| Failure::Other("the server answered without data".to_owned()))
}

fn unauthenticated() -> Failure {
    let details = Extensions { code: Some("UNAUTHENTICATED".to_owned()), ..Extensions::default() };
    Failure::refused("the server does not accept this token", details)
}

/// The innermost cause, which is the one that says something: "Connection refused".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
    use super::*;

    #[test]
    fn a_server_may_be_written_without_its_scheme_and_keeps_its_path() {
        let client = Client::new(parse_server("gpu.example.org:4600/fleet/").unwrap(), None).unwrap();
        assert_eq!(client.endpoint("graphql").unwrap().as_str(), "http://gpu.example.org:4600/fleet/graphql");
        assert!(parse_server("ftp://a").is_err());
        assert!(parse_server("").is_err());
    }

    #[test]
    fn the_first_error_wins_over_partial_data() {
        let text = r#"{"data":null,"errors":[{"message":"no","locations":[],"path":["job"],
            "extensions":{"code":"CONFLICT","currentVersion":4,"unknown":1}}]}"#;
        let answer: GraphQlResponse<i32, Extensions> = serde_json::from_str(text).unwrap();
        let failure = unwrap_answer(answer).unwrap_err();
        assert!(failure.is_conflict());
        assert_eq!(failure.exit(), Exit::Conflict);
    }
}
