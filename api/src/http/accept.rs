//! Which media type an answer has: what the `Accept` header of GraphQL over HTTP asks for.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};

/// The media types that answers come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`: a well-formed request is answered with status 200, whatever became of it.
    Json,
    /// `application/graphql-response+json`: the status says whether the request was executed.
    GraphqlResponse,
    /// `text/event-stream`: results as they come; what is refused before is told as the newer of the other two.
    Events,
}

impl MediaType {
    /// As the `Content-Type` header carries it.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse | Self::Events => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// What a client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The best type for one answer: the newer JSON when it is asked for by name and nothing is above it; events only when they
    /// are above both, since clients that merely know them list them beside the others.
    pub(super) answer: MediaType,
    /// Results may come as events.
    pub(super) events: bool,
}

/// What the client accepts. `None`: nothing that there is.
pub(super) fn negotiate(headers: &HeaderMap) -> Option<Accepted> {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .map(parse_range)
        .peekable();
    if ranges.peek().is_none() {
        return Some(Accepted { answer: MediaType::Json, events: false });
    }
    let mut quality = Quality::default();
    for (name, q) in ranges {
        quality.note(&name, q);
    }
    quality.best()
}

/// What the client gives to each type; the more exact range counts.
#[derive(Default)]
struct Quality {
    events: Option<f32>,
    newer: Option<f32>,
    json: Option<f32>,
    application: Option<f32>,
    any: Option<f32>,
}

impl Quality {
    fn note(&mut self, name: &str, q: f32) {
        let slot = match name {
            "text/event-stream" => &mut self.events,
            "application/graphql-response+json" => &mut self.newer,
            "application/json" => &mut self.json,
            "application/*" => &mut self.application,
            "*/*" => &mut self.any,
            _ => return,
        };
        *slot = Some(slot.unwrap_or(0.0).max(q));
    }

    fn best(&self) -> Option<Accepted> {
        let (events, newer) = (self.events.unwrap_or(0.0), self.newer.unwrap_or(0.0));
        let json = self.json.or(self.application).or(self.any).unwrap_or(0.0);
        let answer = if events > newer.max(json) {
            MediaType::Events
        } else if newer > 0.0 && newer >= json {
            MediaType::GraphqlResponse
        } else if json > 0.0 {
            MediaType::Json
        } else {
            return None;
        };
        Some(Accepted { answer, events: events > 0.0 })
    }
}

/// The name of a media range, in lower case, and its weight.
fn parse_range(range: &str) -> (String, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let q = parts
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
        .map_or(1.0, |(_, value)| value.trim().parse().unwrap_or(0.0));
    (name, q)
}

/// Whether a body is JSON in UTF-8 by its `Content-Type`. Nothing else is executed: a browser sends other types to
/// foreign servers without asking them first.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let mut parts = value.split(';').map(str::trim);
    let json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.filter_map(|part| part.split_once('=')).all(|(key, value)| {
        !key.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    json && utf8
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    fn accepted(accept: &str) -> Option<Accepted> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        negotiate(&headers)
    }

    fn negotiated(accept: &str) -> Option<MediaType> {
        accepted(accept).map(|accepted| accepted.answer)
    }

    #[test]
    fn the_newer_type_is_given_when_it_is_named() {
        let silent = negotiate(&HeaderMap::new());
        assert_eq!(silent, Some(Accepted { answer: MediaType::Json, events: false }));
        for accept in ["*/*", "application/*", "application/json", "text/html, */*;q=0.1", ""] {
            assert_eq!(negotiated(accept), Some(MediaType::Json), "{accept}");
        }
        for accept in [
            "application/graphql-response+json",
            "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
            "application/json, Application/GraphQL-Response+JSON",
            "application/graphql-response+json;q=0.9, */*;q=0.1",
        ] {
            assert_eq!(negotiated(accept), Some(MediaType::GraphqlResponse), "{accept}");
        }
        assert_eq!(
            negotiated("application/graphql-response+json;q=0.5, application/json"),
            Some(MediaType::Json)
        );
    }

    #[test]
    fn events_are_given_to_who_asks_for_them_first() {
        assert_eq!(negotiated("text/event-stream"), Some(MediaType::Events));
        assert_eq!(negotiated("text/event-stream, application/json;q=0.9"), Some(MediaType::Events));
        assert_eq!(negotiated("application/json, text/event-stream;q=0.5"), Some(MediaType::Json));
        let all = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
        assert_eq!(accepted(all), Some(Accepted { answer: MediaType::GraphqlResponse, events: true }));
    }

    #[test]
    fn a_client_that_accepts_neither_gets_neither() {
        for accept in ["text/html", "application/json;q=0", "image/*", "application/json;q=0, */*"] {
            assert_eq!(negotiated(accept), None, "{accept}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_a_body() {
        let json = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            is_json(&headers)
        };
        assert!(json("application/json"));
        assert!(json("Application/JSON; charset=\"UTF-8\""));
        assert!(!json("application/json; charset=latin1"));
        assert!(!json("text/plain"));
        assert!(!json("application/jsonp"));
        assert!(!is_json(&HeaderMap::new()));
    }
}
