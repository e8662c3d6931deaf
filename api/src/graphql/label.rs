//! Labels of hosts and jobs.

use async_graphql::{InputObject, SimpleObject};
use domain::requirements::Label as DomainLabel;

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

/// Labels as the schema has them.
#[must_use]
pub fn labels(of: &[DomainLabel]) -> Vec<Label> {
    of.iter().map(|label| Label { key: label.key.clone(), value: label.value.clone() }).collect()
}
