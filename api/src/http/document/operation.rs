//! Which operation of a document is to be executed, and of what kind it is.

use async_graphql::ServerError;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};

use crate::error::ErrorCode;

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

impl OperationKind {
    /// As metrics and logs name it.
    pub(in crate::http) const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// Finds the operation that a request means, and what kind it is.
pub(super) fn choose_kind(
    document: &ExecutableDocument,
    name: Option<&str>,
) -> Result<OperationKind, ServerError> {
    let operation = choose(document, name)?;
    match operation.ty {
        OperationType::Query => Ok(OperationKind::Query),
        OperationType::Mutation => Ok(OperationKind::Mutation),
        OperationType::Subscription => {
            one_plain_field(operation)?;
            Ok(OperationKind::Subscription)
        }
    }
}

fn choose<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, ServerError> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Single(_), Some(name)) => Err(unknown(name)),
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get(name).map(|operation| &operation.node).ok_or_else(|| unknown(name))
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            match (all.next(), all.next()) {
                (Some(only), None) => Ok(&only.node),
                _ => Err(ErrorCode::BadUserInput.error(
                    "The document has several operations: operationName must say which one is meant.",
                )),
            }
        }
    }
}

fn unknown(name: &str) -> ServerError {
    let shown: String = name.chars().take(80).collect();
    ErrorCode::BadUserInput.error(format!("The document has no operation named \"{shown}\"."))
}

/// The executor opens one stream per root field and none for a fragment, so anything but one field would be silent or
/// surprising.
fn one_plain_field(operation: &OperationDefinition) -> Result<(), ServerError> {
    let items = &operation.selection_set.node.items;
    match items.as_slice() {
        [item] if matches!(item.node, Selection::Field(_)) => Ok(()),
        _ => Err(ErrorCode::ValidationFailed
            .error("A subscription has exactly one field at its root, outside of any fragment.")),
    }
}
