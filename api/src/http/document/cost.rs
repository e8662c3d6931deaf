//! What an operation costs before it is executed: each field costs 1, what stands below a list costs as often as the list
//! may have rows, and a mutation costs what its transaction does beside.
//!
//! The number of rows is what the request asks for (`first`, `last`, `ids`, `lines`), or an estimate where a list has no
//! such argument. So the cost is of the request, not of the answer, and known before anything is read.

use std::collections::HashMap;

use apollo_compiler::Name;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use serde_json::{Map, Value as Json};

/// Rows of a page whose length the request does not say, and the most that any list gives.
const PAGE: u32 = 50;
const MOST: i32 = 1000;
/// Rows of a list whose length the request does not say. What really is there is bounded while it is read.
const ROWS: u32 = 4;
/// Rows of a list in which the schema describes itself.
const SCHEMA_ROWS: u32 = 5;
/// A field of a mutation: a durable transaction, beside what is read of its payload.
const MUTATION: u32 = 100;
/// Fields that cost more than their rows: the scheduler plans anew for them, several times over, or they sum up much.
const WEIGHTS: [(&str, &str, u32); 3] = [
    ("Query", "previewJob", 100),
    ("PendingExplanation", "suggestions", 100),
    ("Query", "usageBreakdown", 1_000),
];
/// To look for a text in a page of a log, which may be megabytes.
const SEARCH: u32 = 1_000;
/// Changes of all that pass a filter: each of so many is a transaction, and many of them are committed together.
const BULK: [&str; 2] = ["cancelJobs", "retryJobs"];
const BULK_CHANGE: u32 = 10;
/// Arguments that say how many rows there will be at most.
const LENGTHS: [&str; 3] = ["first", "last", "lines"];

/// What an operation costs with these values of its variables.
pub(super) fn of(document: &ExecutableDocument, operation: &Operation, variables: &Map<String, Json>) -> u32 {
    let mut count = Count { document, operation, variables, fragments: HashMap::new() };
    let fields = count.selections(&operation.selection_set);
    if !operation.is_mutation() {
        return fields;
    }
    let changes = u32::try_from(operation.selection_set.selections.len()).unwrap_or(u32::MAX);
    fields.saturating_add(changes.saturating_mul(MUTATION))
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    operation: &'a Operation,
    variables: &'a Map<String, Json>,
    fragments: HashMap<&'a Name, u32>,
}

impl<'a> Count<'a> {
    fn selections(&mut self, set: &'a SelectionSet) -> u32 {
        set.selections.iter().fold(0, |sum, selection| {
            sum.saturating_add(match selection {
                Selection::Field(field) => self.field(field, set.ty.as_str()),
                Selection::InlineFragment(inline) => self.selections(&inline.selection_set),
                Selection::FragmentSpread(spread) => self.fragment(&spread.fragment_name),
            })
        })
    }

    fn fragment(&mut self, name: &'a Name) -> u32 {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        // A valid document has no cycles and spreads nothing unknown.
        let cost =
            self.document.fragments.get(name).map_or(0, |fragment| self.selections(&fragment.selection_set));
        self.fragments.insert(name, cost);
        cost
    }

    fn field(&mut self, field: &'a Field, of: &str) -> u32 {
        let below = self.selections(&field.selection_set);
        let own = self.weight(field, of);
        self.rows(field).saturating_mul(below).saturating_add(own)
    }

    /// What a field costs by itself, whatever is read of it.
    fn weight(&self, field: &Field, of: &str) -> u32 {
        let name = field.name.as_str();
        if of == "Job" && name == "log" && argument(field, "contains").is_some_and(|text| !text.is_null()) {
            return SEARCH;
        }
        if of == "Mutation" && BULK.contains(&name) {
            let first = argument(field, "input").and_then(|input| self.number_in(input, "first"));
            return first.unwrap_or(MOST).clamp(0, MOST).unsigned_abs() * BULK_CHANGE;
        }
        let known = WEIGHTS.iter().find(|(parent, field, _)| *parent == of && *field == name);
        known.map_or(1, |(_, _, weight)| *weight)
    }

    /// A number in an input object.
    fn number_in(&self, input: &Value, name: &str) -> Option<i32> {
        match input {
            Value::Object(fields) => self.number(&fields.iter().find(|(field, _)| field == name)?.1),
            Value::Variable(variable) => match self.variables.get(variable.as_str()) {
                Some(given) => given.get(name)?.as_i64().and_then(|number| i32::try_from(number).ok()),
                None => self.number_in(self.default_of(variable)?, name),
            },
            _ => None,
        }
    }

    fn rows(&self, field: &Field) -> u32 {
        if let Some(ids) = argument(field, "ids") {
            return self.length(ids);
        }
        let is_list = field.definition.ty.is_list();
        if let Some(asked) = LENGTHS.iter().find_map(|name| self.number(argument(field, name)?)) {
            return asked.clamp(0, MOST).unsigned_abs();
        }
        if !is_list && LENGTHS.iter().any(|name| field.definition.argument_by_name(name).is_some()) {
            return PAGE;
        }
        match (is_list, field.definition.ty.inner_named_type().starts_with("__")) {
            (false, _) => 1,
            (true, true) => SCHEMA_ROWS,
            // The rows of a page were counted at the page.
            (true, false) if is_of_page(field) => 1,
            (true, false) => self.default_rows(field).unwrap_or(ROWS),
        }
    }

    /// What the schema says of a list that has a length when the request says none.
    fn default_rows(&self, field: &Field) -> Option<u32> {
        let defaults =
            LENGTHS.iter().filter_map(|name| field.definition.argument_by_name(name)?.default_value.as_ref());
        defaults.filter_map(|value| self.number(value)).map(i32::unsigned_abs).next()
    }

    fn number(&self, value: &Value) -> Option<i32> {
        match value {
            Value::Int(number) => number.try_to_i32().ok(),
            Value::Variable(name) => match self.variables.get(name.as_str()) {
                Some(given) => given.as_i64().and_then(|number| i32::try_from(number).ok()),
                None => self.number(self.default_of(name)?),
            },
            _ => None,
        }
    }

    fn length(&self, value: &Value) -> u32 {
        let length = match value {
            Value::List(items) => items.len(),
            Value::Variable(name) => match self.variables.get(name.as_str()) {
                Some(given) => given.as_array().map_or(1, Vec::len),
                None => self.default_of(name).map_or(0, |value| self.length(value) as usize),
            },
            _ => 1,
        };
        u32::try_from(length).unwrap_or(u32::MAX)
    }

    fn default_of(&self, name: &Name) -> Option<&Value> {
        let variable = self.operation.variables.iter().find(|variable| variable.name == *name)?;
        variable.default_value.as_deref()
    }
}

fn argument<'a>(field: &'a Field, name: &str) -> Option<&'a Value> {
    field.argument_by_name(name).ok().map(|value| &**value)
}

fn is_of_page(field: &Field) -> bool {
    matches!(field.name.as_str(), "nodes" | "edges")
}
