//! Refuses documents whose cost is out of proportion to their length, before anything walks them.
//!
//! The executor expands every fragment anew wherever it is spread, and does so without a pause in which a timeout could
//! act. So the expansion is counted first, visiting each fragment once; and brackets before that, since parsers recurse.

use std::collections::HashMap;

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Positioned, ServerError};

use crate::error::ErrorCode;
use crate::http::limits::Limits;

/// Looks at the text alone: its length, and how deep its brackets go.
pub(super) fn check_text(text: &str, limits: &Limits) -> Result<(), ServerError> {
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

/// What a part of a document amounts to, every fragment in place of its spreads.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    aliases: usize,
    /// Levels of fields.
    depth: usize,
    /// Levels of selection sets, fragments included.
    levels: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.depth = self.depth.max(other.depth);
        self.levels = self.levels.max(other.levels);
    }
}

/// Measures the parsed document.
pub(super) fn check_size(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let mut measure = Measure { document, known: HashMap::new(), limits };
    let mut whole = Size::default();
    for (_, operation) in document.operations.iter() {
        check_directives(&operation.node.directives, limits)?;
        whole.add(measure.selection(&operation.node.selection_set.node, 0)?);
    }
    // Fragments that nothing spreads are validated too.
    for name in document.fragments.keys() {
        whole.nodes = whole.nodes.saturating_add(measure.fragment(name, 0)?.nodes);
    }
    for (found, most, what) in [
        (whole.nodes, limits.nodes, "fields, fragments included"),
        (whole.aliases, limits.aliases, "aliases"),
        (whole.depth, limits.depth, "levels of fields"),
        (whole.levels, limits.recursion, "levels of selection sets"),
    ] {
        if found > most {
            return Err(too_complex(format!("The document has more than {most} {what}.")));
        }
    }
    Ok(())
}

fn check_directives(directives: &[Positioned<Directive>], limits: &Limits) -> Result<(), ServerError> {
    if directives.len() <= limits.directives {
        return Ok(());
    }
    Err(too_complex(format!("The document has more than {} directives in one place.", limits.directives)))
}

/// Measures with a memory: `None` marks a fragment that is being measured further up.
struct Measure<'a> {
    document: &'a ExecutableDocument,
    known: HashMap<&'a str, Option<Size>>,
    limits: &'a Limits,
}

impl<'a> Measure<'a> {
    fn selection(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, ServerError> {
        if level > self.limits.nesting {
            return Err(too_complex(format!(
                "The document is nested deeper than {} levels.",
                self.limits.nesting
            )));
        }
        let mut whole = Size::default();
        for item in &set.items {
            let mut one = self.item(&item.node, level)?;
            one.nodes = one.nodes.saturating_add(1);
            whole.add(one);
        }
        if !set.items.is_empty() {
            whole.levels += 1;
        }
        Ok(whole)
    }

    fn item(&mut self, item: &'a Selection, level: usize) -> Result<Size, ServerError> {
        match item {
            Selection::Field(field) => {
                check_directives(&field.node.directives, self.limits)?;
                let mut below = self.selection(&field.node.selection_set.node, level + 1)?;
                below.aliases = below.aliases.saturating_add(usize::from(field.node.alias.is_some()));
                below.depth += 1;
                Ok(below)
            }
            Selection::InlineFragment(inline) => {
                check_directives(&inline.node.directives, self.limits)?;
                self.selection(&inline.node.selection_set.node, level + 1)
            }
            Selection::FragmentSpread(spread) => {
                check_directives(&spread.node.directives, self.limits)?;
                self.fragment(&spread.node.fragment_name.node, level + 1)
            }
        }
    }

    fn fragment(&mut self, name: &'a str, level: usize) -> Result<Size, ServerError> {
        match self.known.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(ErrorCode::ValidationFailed.error("A fragment spreads itself.")),
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
        check_directives(&fragment.node.directives, self.limits)?;
        self.known.insert(name, None);
        let size = self.selection(&fragment.node.selection_set.node, level)?;
        self.known.insert(name, Some(size));
        Ok(size)
    }
}

fn too_complex(message: String) -> ServerError {
    ErrorCode::QueryTooComplex.error(message)
}

#[cfg(test)]
#[path = "size_tests.rs"]
mod tests;
