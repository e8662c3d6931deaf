//! Documents that the guard lets pass, and those that it stops in time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::time::{Duration, Instant};

use super::*;
use crate::error::ServerErrorExt as _;

fn check(text: &str) -> Result<(), String> {
    let mut request = Request::new(text);
    match parse(&mut request, &Limits::default()) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.code().unwrap_or_default().to_owned()),
    }
}

/// Fragments that each spread the next one twice: the text grows with `levels`, its expansion with two to that power.
fn doubling(levels: usize) -> String {
    let mut text = String::from("{ ...F0 }");
    for level in 0..levels {
        text += &format!(" fragment F{level} on Q {{ ...F{next} ...F{next} }}", next = level + 1);
    }
    text + &format!(" fragment F{levels} on Q {{ a }}")
}

#[test]
fn an_ordinary_document_passes() {
    assert_eq!(check("query A($x: [Int!]) { a(x: $x) { ...F } ... { b } } fragment F on A { c }"), Ok(()));
}

#[test]
fn fragments_that_multiply_are_refused_at_once() {
    assert_eq!(check(&doubling(5)), Ok(()));
    for levels in [12, 60, 90] {
        let begun = Instant::now();
        assert_eq!(check(&doubling(levels)), Err("QUERY_TOO_COMPLEX".to_owned()), "{levels}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{levels} levels took {:?}", begun.elapsed());
    }
}

#[test]
fn a_fragment_that_spreads_itself_is_invalid() {
    let text = "{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }";
    assert_eq!(check(text), Err("GRAPHQL_VALIDATION_FAILED".to_owned()));
}

#[test]
fn many_copies_of_a_field_are_refused() {
    assert_eq!(check(&format!("{{ {} }}", "a ".repeat(3_000))), Err("QUERY_TOO_COMPLEX".to_owned()));
}

#[test]
fn a_long_text_is_refused_before_it_is_parsed() {
    assert_eq!(check(&format!("{{ a }} # {}", "x".repeat(30_000))), Err("QUERY_TOO_COMPLEX".to_owned()));
}

#[test]
fn deep_brackets_are_refused_before_they_are_parsed() {
    for (open, close) in [("{a", "}"), ("{a(b:[", "])}"), ("{a(b:{c:", "})}")] {
        let text = open.repeat(2_000) + &close.repeat(2_000);
        assert_eq!(check(&text), Err("QUERY_TOO_COMPLEX".to_owned()), "{open}");
    }
}

#[test]
fn brackets_within_strings_and_comments_do_not_count() {
    let open = "{".repeat(500);
    for text in [
        format!("{{ a(b: \"{open}\") }}"),
        format!("{{ a(b: \"\\\"{open}\") }}"),
        format!("{{ a(b: \"\"\"{open} \\\"\"\" \" {open}\"\"\") }}"),
        format!("{{ a # {open}\n }}"),
    ] {
        assert_eq!(check(&text), Ok(()), "{text:.40}");
    }
    assert_eq!(nesting("{ a(b: \"\\\\\") { c } }"), 2);
    assert_eq!(nesting("\"unfinished"), 0);
    assert_eq!(nesting("}}}{"), 1);
}

#[test]
fn what_is_not_graphql_is_a_parse_failure() {
    for text in ["", "{", "{ a", "query", "\u{0}"] {
        assert_eq!(check(text), Err("GRAPHQL_PARSE_FAILED".to_owned()), "{text:?}");
    }
}
