//! What the specification lets through, what it does not, and how each is told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use serde_json::{Value, json};

use super::*;

const SDL: &str = "
    type Query { a(x: Int): A  rows(first: Int): [A!]!  page(first: Int): Page!  lines(lines: Int = 100): [A!]!
                 list(of: [In!]): Int  need(x: Int!): Int  at(t: Time, e: E): Int }
    type Mutation { m: Int }
    type Subscription { s: Int  t: Int }
    type A { b: Int  c: A }
    type Page { nodes: [A!]! }
    input In { n: Int!  inner: In  many: [String!]  d: Float = 1 }
    enum E { ONE TWO }
    scalar Time
";

fn documents() -> Documents {
    Documents::new(SDL, Limits::default()).unwrap()
}

fn prepare(query: &str, variables: Value) -> Result<Prepared, Refusals> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    documents().prepare(Params::from_json(body.as_bytes()).unwrap())
}

/// The code of the first refusal.
fn code(query: &str, variables: Value) -> String {
    let refusals = prepare(query, variables).err().unwrap_or_default();
    refusals.first().and_then(|error| error.code()).unwrap_or("OK").to_owned()
}

/// The field that a refused variable names.
fn field(query: &str, variables: Value) -> String {
    let refusals = prepare(query, variables).err().unwrap_or_default();
    let extensions = refusals.first().and_then(|error| error.extensions.as_ref());
    extensions.and_then(|known| known.get("field")).map(ToString::to_string).unwrap_or_default()
}

#[test]
fn directives_on_typename_are_looked_at() {
    assert_eq!(code("{ __typename @nope }", json!({})), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code("query($x: Boolean!) { __typename @include(if: $x) }", json!({ "x": true })), "OK");
}

#[test]
fn a_nullable_variable_may_not_stand_where_null_may_not() {
    assert_eq!(code("query($x: Int) { need(x: $x) }", json!({ "x": 1 })), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code("query($x: Int = 1) { need(x: $x) }", json!({})), "OK");
}

#[test]
fn leaves_have_no_fields_and_objects_have_some() {
    for query in ["{ a { b { c } } }", "{ a }", "{ nope }", "{ a(y: 1) { b } }"] {
        assert_eq!(code(query, json!({})), "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
}

#[test]
fn what_is_not_graphql_is_a_parse_failure() {
    for query in ["", "{", "{ a", "query", "\u{0}"] {
        assert_eq!(code(query, json!({})), "GRAPHQL_PARSE_FAILED", "{query:?}");
    }
}

#[test]
fn the_operation_is_the_one_that_is_named() {
    let two = "query Q { a { b } } mutation M { m }";
    let named = |name: &str| {
        let body = json!({ "query": two, "operationName": name }).to_string();
        documents().prepare(Params::from_json(body.as_bytes()).unwrap()).map(|prepared| prepared.kind)
    };
    assert!(matches!(named("Q"), Ok(OperationKind::Query)));
    assert!(matches!(named("M"), Ok(OperationKind::Mutation)));
    assert!(named("N").is_err());
    assert_eq!(code(two, json!({})), "BAD_USER_INPUT");
    let single = prepare("query Alone { a { b } }", json!({})).unwrap();
    assert_eq!(single.name.as_deref(), Some("Alone"));
}

#[test]
fn a_subscription_has_one_plain_field() {
    assert_eq!(code("subscription { s }", json!({})), "OK");
    for query in ["subscription { s t }", "subscription { ...F } fragment F on Subscription { s }"] {
        assert_eq!(code(query, json!({})), "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
}

#[test]
fn variables_have_the_types_that_they_declare() {
    let list = "query($v: [In!]) { list(of: $v) }";
    for good in
        [json!(null), json!([]), json!({ "n": 1 }), json!([{ "n": 1, "inner": { "n": 2, "many": "x" } }])]
    {
        assert_eq!(code(list, json!({ "v": good })), "OK", "{good}");
    }
    for (bad, at) in [
        (json!([null]), "v[0]"),
        (json!(1), "v"),
        (json!([{ "n": "1" }]), "v[0].n"),
        (json!({ "n": 2_147_483_648_i64 }), "n"),
        (json!({ "n": 1.5 }), "n"),
        (json!({}), "n"),
        (json!({ "n": 1, "inner": { "n": null } }), "inner.n"),
        (json!({ "n": 1, "many": ["a", 2] }), "many[1]"),
        (json!({ "n": 1, "d": "x" }), "d"),
        (json!({ "n": 1, "nope": 1 }), "v"),
    ] {
        assert_eq!(code(list, json!({ "v": bad })), "BAD_USER_INPUT", "{bad}");
        assert_eq!(field(list, json!({ "v": bad })), format!("\"{at}\""), "{bad}");
    }
    assert_eq!(code("query($v: Int!) { need(x: $v) }", json!({})), "BAD_USER_INPUT");
    assert_eq!(code("query($t: Time, $e: E) { at(t: $t, e: $e) }", json!({ "t": "now", "e": "TWO" })), "OK");
    assert_eq!(field("query($e: E) { at(e: $e) }", json!({ "e": "THREE" })), "\"e\"");
}

#[test]
fn a_refused_value_is_not_repeated() {
    let refusals = prepare("query($v: Int) { a(x: $v) { b } }", json!({ "v": "hunter2" })).err().unwrap();
    assert!(!refusals[0].message.contains("hunter2"), "{}", refusals[0].message);
}

/// What tools ask first; the text of graphql-js's introspection query, as it has been for years.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
    subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations
    args { ...InputValue } } } }
    fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name description
    args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue }
    interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef } }
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

fn cost(query: &str) -> u32 {
    prepare(query, json!({})).map_or(u32::MAX, |prepared| prepared.cost)
}

#[test]
fn the_schema_may_be_asked_for_once_and_not_in_circles() {
    assert!(cost(INTROSPECTION) < Limits::default().complexity / 2, "{}", cost(INTROSPECTION));
    let circles = format!(
        "{{ __type(name: \"Query\") {{ {} name {} }} }}",
        "possibleTypes { interfaces { ".repeat(7),
        "} }".repeat(7)
    );
    assert_eq!(code(&circles, json!({})), "QUERY_TOO_COMPLEX");
}

#[test]
fn what_stands_below_a_list_costs_as_often_as_the_list_has_rows() {
    assert_eq!(cost("{ a { b } }"), 2);
    assert_eq!(cost("{ rows { b } }"), 1 + 4, "an estimate, where nothing says how many");
    assert_eq!(cost("{ rows(first: 30) { b } }"), 1 + 30);
    assert_eq!(cost("{ rows(first: 1000000) { b } }"), 1 + 1000, "no list gives more");
    assert_eq!(cost("{ page { nodes { b } } }"), 1 + 50 * 2);
    assert_eq!(cost("{ page(first: 3) { nodes { b } } }"), 1 + 3 * 2);
    assert_eq!(cost("{ lines { b } }"), 1 + 100, "the schema's own default");
    assert_eq!(cost("mutation { m }"), 1 + 100);
    let body = json!({ "query": "query($n: Int = 7) { page(first: $n) { nodes { b } } }" }).to_string();
    let prepared = documents().prepare(Params::from_json(body.as_bytes()).unwrap()).unwrap();
    assert_eq!(prepared.cost, 1 + 7 * 2);
}

#[test]
fn errors_are_few_and_say_where() {
    let query = format!("{{ {} }}", (0..100).map(|n| format!("nope{n}\n")).collect::<String>());
    let refusals = prepare(&query, json!({})).err().unwrap();
    assert_eq!(refusals.len(), super::super::answer::ERRORS);
    assert_eq!(refusals[2].locations[0].line, 3);
}
