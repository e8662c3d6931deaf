//! GraphQL documents on their way in: read, measured and validated once, remembered, and turned into requests.
//!
//! Validation is apollo-compiler's, which follows the specification to the letter. The executor's own has gaps: it
//! passes over directives on `__typename`, refuses variables that occur only there, and lets nullable variables into
//! places that are not.

mod cost;
mod operation;
mod size;
mod variables;

use std::sync::Arc;

use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument as Checked, Schema};
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Pos, Request, ServerError};
use moka::sync::Cache;

use super::limits::Limits;
use super::params::Params;
use crate::error::{ErrorCode, ServerErrorExt as _};
pub(super) use operation::OperationKind;

/// Bytes of text whose documents are remembered. What is parsed takes some twenty times as much.
const REMEMBERED_BYTES: u64 = 1 << 20;

/// Why a request is not executed: at least one error, each with its code.
pub(super) type Refusals = Vec<ServerError>;

/// Reads documents against one schema.
pub(super) struct Documents {
    schema: Valid<Schema>,
    limits: Limits,
    known: Cache<String, Arc<Document>>,
}

/// A valid document, as its two readers know it.
struct Document {
    checked: Valid<Checked>,
    parsed: ExecutableDocument,
}

/// A request that may be executed.
pub(super) struct Prepared {
    /// What to execute.
    pub(super) request: Request,
    /// The kind of its operation.
    pub(super) kind: OperationKind,
    /// The operation's name, if it has one.
    pub(super) name: Option<String>,
    /// What it costs, in fields that it may bring.
    pub(super) cost: u32,
}

/// The schema in the schema definition language is not one.
#[derive(Debug, thiserror::Error)]
#[error("the server's own schema is not valid: {0}")]
pub struct SchemaError(String);

impl Documents {
    /// Reads the schema.
    pub(super) fn new(sdl: &str, limits: Limits) -> Result<Self, SchemaError> {
        let schema = Schema::parse_and_validate(sdl, "schema.graphql")
            .map_err(|invalid| SchemaError(invalid.errors.to_string()))?;
        let weight = |text: &String, _: &Arc<Document>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let known = Cache::builder().max_capacity(REMEMBERED_BYTES).weigher(weight).build();
        Ok(Self { schema, limits, known })
    }

    /// Makes a request of its parameters, if it may be executed.
    pub(super) fn prepare(&self, params: Params) -> Result<Prepared, Refusals> {
        let document = self.read(&params.query)?;
        let name = params.operation_name.filter(|name| !name.is_empty());
        let kind = operation::choose_kind(&document.parsed, name.as_deref()).map_err(one)?;
        let operation = document.checked.operations.get(name.as_deref()).map_err(|_| {
            one(ErrorCode::BadUserInput.error("The document does not say which operation is meant."))
        })?;
        let given = params.variables.unwrap_or_default();
        variables::check(&self.schema, operation, &given, self.limits.string_bytes).map_err(one)?;
        let cost = cost::of(&document.checked, operation, &given);
        if cost > self.limits.complexity {
            let message =
                format!("The operation costs {cost}, and at most {} is allowed.", self.limits.complexity);
            return Err(one(ErrorCode::QueryTooComplex.error(message)));
        }
        let name = operation.name.as_ref().map(ToString::to_string);
        let mut request = Request::new(params.query);
        request.operation_name = name.clone();
        request.variables = async_graphql::Variables::from_json(given.into());
        request.extensions = params.extensions.unwrap_or_default();
        request.set_parsed_query(document.parsed.clone());
        Ok(Prepared { request, kind, name, cost })
    }

    fn read(&self, text: &str) -> Result<Arc<Document>, Refusals> {
        if let Some(known) = self.known.get(text) {
            return Ok(known);
        }
        size::check_text(text, &self.limits).map_err(one)?;
        let parsed = parse_query(text).map_err(|error| one(parse_failure(error.into())))?;
        size::check_size(&parsed, &self.limits).map_err(one)?;
        let checked = self.validate(text)?;
        let document = Arc::new(Document { checked, parsed });
        self.known.insert(text.to_owned(), document.clone());
        Ok(document)
    }

    fn validate(&self, text: &str) -> Result<Valid<Checked>, Refusals> {
        // The text is within bounds already; these are only not to be the narrower ones.
        let mut parser =
            Parser::new().recursion_limit(self.limits.nesting * 4).token_limit(self.limits.text_bytes);
        let syntax = parser.parse_ast(text, "document");
        let syntax = syntax.map_err(|invalid| told(&invalid.errors, ErrorCode::ParseFailed))?;
        syntax
            .to_executable_validate(&self.schema)
            .map_err(|invalid| told(&invalid.errors, ErrorCode::ValidationFailed))
    }
}

fn one(error: ServerError) -> Refusals {
    vec![error]
}

fn parse_failure(error: ServerError) -> ServerError {
    error.with_code(ErrorCode::ParseFailed)
}

/// What the validator has found, as GraphQL errors.
fn told(found: &DiagnosticList, code: ErrorCode) -> Refusals {
    let first = found.iter().take(super::answer::ERRORS);
    let errors = first.map(|diagnostic| {
        let told = diagnostic.to_json();
        let at = told.locations.first().map(|place| Pos { line: place.line, column: place.column });
        ServerError::new(told.message, at).with_code(code)
    });
    errors.collect()
}

#[cfg(test)]
mod tests;
