//! Refuses documents whose cost is out of proportion to their length, before the library walks them.
//!
//! The library expands every fragment anew wherever it is spread, in its limit checks and in its validation, and does so
//! without a pause in which a timeout could act. The guard therefore counts first, visiting each fragment once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest};
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Request, ServerError, ServerResult};

use super::limits::Limits;
use crate::error::ErrorCode;

/// The extension that puts [`Limits`] in force in a schema.
#[derive(Clone, Debug)]
pub struct Guard {
    limits: Limits,
}

impl Guard {
    /// A guard with these limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl ExtensionFactory for Guard {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(self.clone())
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Guard {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        parse(&mut request, &self.limits)?;
        next.run(ctx, request).await
    }
}

/// The document of a request, parsed once and kept in the request, if it is within the limits.
pub(super) fn parse<'a>(
    request: &'a mut Request,
    limits: &Limits,
) -> Result<&'a ExecutableDocument, ServerError> {
    check_text(&request.query, limits)?;
    let document = match request.parsed_query() {
        Ok(document) => document,
        Err(error) => return Err(crate::error::ServerErrorExt::with_code(error, ErrorCode::ParseFailed)),
    };
    check_nodes(document, limits)?;
    Ok(document)
}

fn check_text(text: &str, limits: &Limits) -> Result<(), ServerError> {
    if text.len() > limits.text_bytes {
        return Err(too_complex(format!("The document is longer than {} bytes.", limits.text_bytes)));
    }
    if nesting(text) > limits.nesting {
        return Err(too_complex(format!("The document is nested deeper than {} levels.", limits.nesting)));
    }
    Ok(())
}

/// The deepest level of brackets outside of strings and comments.
fn nesting(text: &str) -> usize {
    let mut bytes = text.as_bytes();
    let (mut level, mut deepest) = (0usize, 0usize);
    while let [first, rest @ ..] = bytes {
        bytes = match first {
            b'"' => after_string(bytes),
            b'#' => {
                rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(&[], |end| &rest[end..])
            }
            _ => rest,
        };
        match first {
            b'{' | b'[' | b'(' => level += 1,
            b'}' | b']' | b')' => level = level.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(level);
    }
    deepest
}

/// What follows the string, plain or block, that `bytes` begins with.
fn after_string(bytes: &[u8]) -> &[u8] {
    let (mut rest, end): (&[u8], &[u8]) = match bytes {
        [b'"', b'"', b'"', rest @ ..] => (rest, b"\"\"\""),
        [_, rest @ ..] => (rest, b"\""),
        [] => return &[],
    };
    loop {
        if let Some(after) = rest.strip_prefix(end) {
            return after;
        }
        rest = match rest {
            [b'\\', b'"', b'"', b'"', after @ ..] if end.len() == 3 => after,
            [b'\\', _, after @ ..] if end.len() == 1 => after,
            [b'\n' | b'\r', after @ ..] if end.len() == 1 => return after,
            [_, after @ ..] => after,
            [] => return &[],
        };
    }
}

fn check_nodes(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let mut count = Count { document, known: HashMap::new(), levels: limits.nesting };
    let mut nodes = 0usize;
    for (_, operation) in document.operations.iter() {
        nodes = nodes.saturating_add(count.selection(&operation.node.selection_set.node, 0)?);
    }
    // Fragments that nothing spreads are validated too.
    for name in document.fragments.keys() {
        nodes = nodes.saturating_add(count.fragment(name, 0)?);
    }
    if nodes > limits.nodes {
        return Err(too_complex(format!(
            "The document has more than {} fields, fragments included.",
            limits.nodes
        )));
    }
    Ok(())
}

/// Counts expanded nodes with a memory: `None` marks a fragment that is being counted further up.
struct Count<'a> {
    document: &'a ExecutableDocument,
    known: HashMap<&'a str, Option<usize>>,
    levels: usize,
}

impl<'a> Count<'a> {
    fn selection(&mut self, set: &'a SelectionSet, level: usize) -> Result<usize, ServerError> {
        if level > self.levels {
            return Err(too_complex(format!("The document is nested deeper than {} levels.", self.levels)));
        }
        let mut nodes = 0usize;
        for item in &set.items {
            let below = match &item.node {
                Selection::Field(field) => self.selection(&field.node.selection_set.node, level + 1)?,
                Selection::InlineFragment(inline) => {
                    self.selection(&inline.node.selection_set.node, level + 1)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, level + 1)?
                }
            };
            nodes = nodes.saturating_add(below).saturating_add(1);
        }
        Ok(nodes)
    }

    fn fragment(&mut self, name: &'a str, level: usize) -> Result<usize, ServerError> {
        match self.known.get(name) {
            Some(Some(nodes)) => return Ok(*nodes),
            Some(None) => return Err(ErrorCode::ValidationFailed.error("A fragment spreads itself.")),
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(0) };
        self.known.insert(name, None);
        let nodes = self.selection(&fragment.node.selection_set.node, level)?;
        self.known.insert(name, Some(nodes));
        Ok(nodes)
    }
}

fn too_complex(message: String) -> ServerError {
    ErrorCode::QueryTooComplex.error(message)
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
