//! Reading answers: each look either finds what the test leans on, or fails with the whole answer.

use serde_json::Value;

/// A text in an answer.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A list in an answer.
pub fn rows(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// One field of each object of a list, as text.
pub fn column(list: &Value, field: &str) -> Vec<String> {
    rows(list).iter().map(|row| text(&row[field])).collect()
}
