//! The parameters of a GraphQL request, as a JSON body, a query string or a socket's message carries them.

use async_graphql::{Extensions, Request, ServerError, Value, Variables};
use serde::Deserialize;

use super::limits::Limits;
use crate::error::{ErrorCode, ServerErrorExt as _};

/// One request. Unknown parameters are passed over; known ones must have the right shape.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a GraphQL request, which is a JSON object")]
pub(super) struct Params {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Variables>,
    #[serde(default)]
    extensions: Option<Extensions>,
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

    /// The request to execute.
    pub(super) fn into_request(self, limits: &Limits) -> Result<Request, ServerError> {
        let mut request = Request::new(self.query);
        request.operation_name = self.operation_name.filter(|name| !name.is_empty());
        request.variables = self.variables.unwrap_or_default();
        request.extensions = self.extensions.unwrap_or_default();
        check_strings(&request.variables, limits.string_bytes)?;
        Ok(request)
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

fn check_strings(variables: &Variables, longest: usize) -> Result<(), ServerError> {
    for (name, value) in variables.iter() {
        if let Some(path) = too_long(value, longest) {
            // A field is named by its path within the input, which is what a variable usually carries whole.
            let field = if path.is_empty() { name.to_string() } else { path.join(".") };
            return Err(ErrorCode::BadUserInput
                .error(format!("A text is longer than {longest} bytes."))
                .with_extension("field", field));
        }
    }
    Ok(())
}

/// The path to a string that is longer than `longest`, innermost last.
fn too_long(value: &Value, longest: usize) -> Option<Vec<String>> {
    let below = |step: String, value: &Value| {
        too_long(value, longest).map(|mut path| {
            path.insert(0, step);
            path
        })
    };
    match value {
        Value::String(text) if text.len() > longest => Some(Vec::new()),
        Value::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| below(index.to_string(), item))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| below(name.to_string(), field)),
        _ => None,
    }
}
