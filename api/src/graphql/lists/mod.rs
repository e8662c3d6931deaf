//! Lists: connections, filters and orders, a file for each noun.

pub mod audit;
pub mod events;
pub mod gpus;
pub mod hosts;
pub mod jobs;
pub mod log;
pub mod organizations;
mod text;

use async_graphql::SimpleObject;

use super::label::LabelInput;
use crate::fault::Fault;

/// Labels in a filter at most.
const LABELS: usize = 64;

/// Where a page lies in its list.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// More follow.
    pub has_next_page: bool,
    /// More are in front.
    pub has_previous_page: bool,
    /// The first row's cursor.
    pub start_cursor: Option<String>,
    /// The last row's cursor.
    pub end_cursor: Option<String>,
}

/// A connection type, its edge type, and how both are made of a page of rows.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ident, $of:ty, $many:literal) => {
        #[doc = concat!("A page of ", $many, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $connection {
            /// The rows with their cursors.
            pub edges: Vec<$edge>,
            /// The rows alone.
            pub nodes: Vec<$node>,
            /// Where the page lies.
            pub page_info: $crate::graphql::lists::PageInfo,
            /// Rows of the whole list.
            pub total_count: i32,
        }

        /// A row and its cursor.
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// Its place in the list.
            pub cursor: String,
            /// The row.
            pub node: $node,
        }

        impl $connection {
            pub(in crate::graphql) fn of(
                page: crate::store::page::Rows<$of>,
                place: impl Fn(&$of) -> String,
            ) -> Self {
                let cursors: Vec<String> = page.rows.iter().map(&place).collect();
                let page_info = $crate::graphql::lists::PageInfo {
                    has_next_page: page.has_next,
                    has_previous_page: page.has_previous,
                    start_cursor: cursors.first().cloned(),
                    end_cursor: cursors.last().cloned(),
                };
                let nodes = page.rows.iter().cloned().map($node).collect();
                let edges = page.rows.into_iter().zip(cursors);
                let edges = edges.map(|(row, cursor)| $edge { cursor, node: $node(row) }).collect();
                Self { edges, nodes, page_info, total_count: page.total }
            }
        }
    };
}
use connection;

/// How many rows of a short list are wanted.
///
/// # Errors
/// [`Fault::Invalid`] for less than none.
pub(in crate::graphql) fn at_most(first: Option<i32>) -> Result<usize, Fault> {
    match first.map(usize::try_from) {
        None => Ok(usize::MAX),
        Some(Ok(first)) => Ok(first),
        Some(Err(_)) => Err(Fault::invalid("first", "must be 0 or more")),
    }
}

/// Each wanted value once: there are few of them, and a list may repeat them as often as it likes.
fn once<T: PartialEq + Copy>(wanted: &[T]) -> Vec<T> {
    wanted.iter().fold(Vec::new(), |mut once, one| {
        if !once.contains(one) {
            once.push(*one);
        }
        once
    })
}

/// Refuses more labels than any row could have.
fn check_labels(labels: Option<&Vec<LabelInput>>) -> Result<(), Fault> {
    if labels.is_some_and(|labels| labels.len() > LABELS) {
        return Err(Fault::invalid("filter.labels", format!("must name at most {LABELS} labels")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
