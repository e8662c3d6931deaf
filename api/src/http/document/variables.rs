//! Whether the values of a request's variables are of the types that its operation declares, and where they are not.
//!
//! This is CoerceVariableValues of the GraphQL specification (6.1.2) without the coercion, which the executor does. A
//! refused value is named by its path and never repeated: it may be large, and it may be a secret.

use std::fmt::Write as _;

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use apollo_compiler::validation::Valid;
use async_graphql::ServerError;
use chrono::DateTime;
use serde_json::{Map, Value};

use crate::error::{ErrorCode, ServerErrorExt as _};

/// Checks the values given for an operation's variables.
pub(super) fn check(
    schema: &Valid<Schema>,
    operation: &Operation,
    given: &Map<String, Value>,
    string_bytes: usize,
) -> Result<(), ServerError> {
    for variable in &operation.variables {
        let name = variable.name.as_str();
        let checked = match given.get(name) {
            Some(value) => Check { schema, string_bytes }.value(&variable.ty, value),
            None if variable.default_value.is_some() || !variable.ty.is_non_null() => Ok(()),
            None => Err(Wrong::new(format!("a value of type {} is needed", variable.ty))),
        };
        checked.map_err(|wrong| wrong.in_variable(name))?;
    }
    Ok(())
}

/// A value that does not fit, and where it is.
struct Wrong {
    message: String,
    /// From the value outwards.
    path: Vec<Step>,
}

enum Step {
    Field(String),
    Item(usize),
}

struct Check<'a> {
    schema: &'a Valid<Schema>,
    string_bytes: usize,
}

impl Check<'_> {
    fn value(&self, wanted: &Type, value: &Value) -> Result<(), Wrong> {
        match (wanted, value) {
            (Type::Named(_) | Type::List(_), Value::Null) => Ok(()),
            (_, Value::Null) => Err(Wrong::new(format!("a value of type {wanted} is needed, not null"))),
            (Type::List(item) | Type::NonNullList(item), Value::Array(items)) => self.items(item, items),
            // A single value stands for a list of one.
            (Type::List(item) | Type::NonNullList(item), single) => self.value(item, single),
            (Type::Named(name) | Type::NonNullNamed(name), value) => self.named(name.as_str(), value),
        }
    }

    fn items(&self, wanted: &Type, items: &[Value]) -> Result<(), Wrong> {
        let mut items = items.iter().enumerate();
        items.try_for_each(|(place, item)| {
            self.value(wanted, item).map_err(|wrong| wrong.within(Step::Item(place)))
        })
    }

    fn named(&self, name: &str, value: &Value) -> Result<(), Wrong> {
        let fits = match (self.schema.types.get(name), value) {
            (Some(ExtendedType::InputObject(object)), Value::Object(fields)) => {
                return self.fields(object, fields);
            }
            (Some(ExtendedType::Enum(known)), Value::String(text)) => {
                known.values.contains_key(text.as_str())
            }
            (Some(ExtendedType::Scalar(_)), value) => {
                self.bounded(value)?;
                scalar_fits(name, value)
            }
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(Wrong::new(format!("a value of type {name} is needed, not {}", kind(value))))
        }
    }

    fn fields(&self, object: &InputObjectType, given: &Map<String, Value>) -> Result<(), Wrong> {
        let at = |field: &str| Step::Field(field.to_owned());
        if let Some(unknown) = given.keys().find(|field| !object.fields.contains_key(field.as_str())) {
            let shown: String = unknown.chars().take(80).collect();
            return Err(Wrong::new(format!("{} has no field \"{shown}\"", object.name)));
        }
        for (field, wanted) in &object.fields {
            match given.get(field.as_str()) {
                Some(value) => self.value(&wanted.ty, value).map_err(|wrong| wrong.within(at(field)))?,
                None if wanted.default_value.is_some() || !wanted.ty.is_non_null() => {}
                None => {
                    let needed = Wrong::new(format!("a value of type {} is needed", wanted.ty));
                    return Err(needed.within(at(field)));
                }
            }
        }
        Ok(())
    }

    /// Only scalars hold texts, custom ones within anything.
    fn bounded(&self, value: &Value) -> Result<(), Wrong> {
        let (fits, most) = match value {
            Value::String(text) => (text.len() <= self.string_bytes, self.string_bytes),
            _ => (true, 0),
        };
        if fits { Ok(()) } else { Err(Wrong::new(format!("a text has at most {most} bytes"))) }
    }
}

/// Numbers that a double holds exactly, and those beyond that a JSON reader would round.
const EXACT: f64 = 9_007_199_254_740_991.0;

fn scalar_fits(name: &str, value: &Value) -> bool {
    match name {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_f64() || value.as_f64().is_some_and(|number| number.abs() <= EXACT),
        "String" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "ID" => value.is_string() || value.is_i64() || value.is_u64(),
        "DateTime" => value.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()),
        // The executor reads the server's other scalars, all of which are texts.
        _ => value.is_string(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "this number",
        Value::String(_) => "this text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Wrong {
    fn new(message: String) -> Self {
        Self { message, path: Vec::new() }
    }

    fn within(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }

    /// A field is named by its path within the input, which is what a variable usually carries whole.
    fn in_variable(self, name: &str) -> ServerError {
        let mut field = String::new();
        for step in self.path.iter().rev() {
            // Writing to a String cannot fail.
            let _ = match step {
                Step::Field(name) if field.is_empty() => write!(field, "{name}"),
                Step::Field(name) => write!(field, ".{name}"),
                Step::Item(place) => write!(field, "[{place}]"),
            };
        }
        if field.is_empty() || field.starts_with('[') {
            field.insert_str(0, name);
        }
        let message = format!("{field}: {}", self.message);
        ErrorCode::BadUserInput.error(message).with_extension("field", field)
    }
}
