//! Calls to an identity provider: bounded in time and size, and never led elsewhere.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};

const ANSWER_TIME: Duration = Duration::from_secs(10);
const ANSWER_BYTES: usize = 1 << 20;

/// Whether nobody on the way to an address can answer for it: it is encrypted, or on this machine.
#[must_use]
pub fn is_guarded(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_local(url))
}

/// Whether an address is on this machine.
pub(super) fn is_local(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Asks a provider.
pub(super) struct Calls(reqwest::Client);

impl Calls {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        reqwest::Client::builder().timeout(ANSWER_TIME).redirect(Policy::none()).build().map(Self)
    }

    /// What is at an address.
    pub(super) async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        let answer = self.0.get(url.clone()).send().await.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the answer has the status {}", answer.status()));
        }
        read(answer).await
    }

    /// What is answered to a form.
    pub(super) async fn post(
        &self,
        url: &Url,
        form: String,
        credentials: Option<(String, String)>,
    ) -> Result<(StatusCode, Vec<u8>), String> {
        let request = self.0.post(url.clone()).header(ACCEPT, "application/json").body(form);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = match credentials {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        let answer = request.send().await.map_err(|error| error.to_string())?;
        Ok((answer.status(), read(answer).await?))
    }
}

async fn read(answer: Response) -> Result<Vec<u8>, String> {
    let mut body = answer.bytes_stream();
    let mut text = Vec::new();
    while let Some(part) = body.next().await {
        text.extend_from_slice(&part.map_err(|error| error.to_string())?);
        if text.len() > ANSWER_BYTES {
            return Err(format!("the answer has more than {ANSWER_BYTES} bytes"));
        }
    }
    Ok(text)
}
