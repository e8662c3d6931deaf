//! The parameters of a GraphQL request, as a JSON body, a query string or a socket's message carries them.

use async_graphql::{Extensions, ServerError};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::ErrorCode;

/// One request. Unknown parameters are passed over; known ones must have the right shape.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a GraphQL request, which is a JSON object")]
pub(super) struct Params {
    /// The document.
    pub(super) query: String,
    /// Which of its operations is meant.
    #[serde(default)]
    pub(super) operation_name: Option<String>,
    /// The values of its variables.
    #[serde(default)]
    pub(super) variables: Option<Map<String, Value>>,
    /// For the executor.
    #[serde(default)]
    pub(super) extensions: Option<Extensions>,
}

/// The parameters of a query string, where the maps are JSON within text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UrlParams {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Params {
    /// Reads a JSON body.
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ServerError> {
        serde_json::from_slice(body).map_err(|error| malformed(&error))
    }

    /// Reads a query string.
    pub(super) fn from_query_string(text: &str) -> Result<Self, ServerError> {
        let params: UrlParams = serde_urlencoded::from_str(text).map_err(|error| malformed(&error))?;
        Ok(Self {
            query: params.query,
            operation_name: params.operation_name,
            variables: from_text(params.variables.as_deref())?,
            extensions: from_text(params.extensions.as_deref())?,
        })
    }
}

fn from_text<'a, T: Deserialize<'a>>(text: Option<&'a str>) -> Result<Option<T>, ServerError> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => serde_json::from_str(text).map_err(|error| malformed(&error)),
    }
}

fn malformed(error: &dyn std::error::Error) -> ServerError {
    ErrorCode::BadUserInput.error(format!("This is not a GraphQL request: {error}."))
}
