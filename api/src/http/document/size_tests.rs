//! Documents that are let pass, and those that are stopped before anything expands them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use async_graphql::parser::parse_query;

use super::*;
use crate::error::ServerErrorExt as _;

fn check(text: &str) -> Result<(), String> {
    let limits = Limits::default();
    let checked = check_text(text, &limits).and_then(|()| check_size(&parse_query(text).unwrap(), &limits));
    checked.map_err(|error| error.code().unwrap_or_default().to_owned())
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
fn fragments_that_multiply_are_counted_without_being_expanded() {
    assert_eq!(check(&doubling(5)), Ok(()));
    for levels in [12, 60, 90] {
        // Expanded, the longest of these has more nodes than could be counted one by one before the test is stopped.
        assert_eq!(check(&doubling(levels)), Err("QUERY_TOO_COMPLEX".to_owned()), "{levels}");
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
fn aliases_directives_and_levels_are_bounded() {
    let aliases = |count: usize| (0..count).map(|n| format!("a{n}: a ")).collect::<String>();
    assert_eq!(check(&format!("{{ {} }}", aliases(50))), Ok(()));
    assert_eq!(check(&format!("{{ {} }}", aliases(51))), Err("QUERY_TOO_COMPLEX".to_owned()));
    let twice = format!("{{ a {{ ...F }} b {{ ...F }} }} fragment F on Q {{ {} }}", aliases(26));
    assert_eq!(check(&twice), Err("QUERY_TOO_COMPLEX".to_owned()), "a fragment counts wherever it is spread");
    let directives = |count: usize| format!("{{ a {} }}", "@x ".repeat(count));
    assert_eq!(check(&directives(5)), Ok(()));
    assert_eq!(check(&directives(6)), Err("QUERY_TOO_COMPLEX".to_owned()));
    let deep = |levels: usize| "{a ".repeat(levels) + &"}".repeat(levels);
    assert_eq!(check(&deep(18)), Ok(()));
    assert_eq!(check(&deep(19)), Err("QUERY_TOO_COMPLEX".to_owned()));
}
