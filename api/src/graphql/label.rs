//! Labels of hosts and jobs.

use async_graphql::{InputObject, SimpleObject};
use domain::requirements::Label as DomainLabel;

use super::failure::Answer;
use super::lists::at_most;

/// A key and a value.
#[derive(SimpleObject, Clone, Debug)]
pub struct Label {
    /// Left of the equals sign.
    pub key: String,
    /// Right of it.
    pub value: String,
}

/// A key and a value.
#[derive(InputObject, Clone, Debug, PartialEq, Eq)]
pub struct LabelInput {
    /// Left of the equals sign.
    pub key: String,
    /// Right of it.
    pub value: String,
}

/// Labels as the schema has them, so many of them.
///
/// # Errors
/// See [`at_most`].
pub(super) fn labels(of: &[DomainLabel], first: Option<i32>) -> Answer<Vec<Label>> {
    let wanted = of.iter().take(at_most(first)?);
    Ok(wanted.map(|label| Label { key: label.key.clone(), value: label.value.clone() }).collect())
}
