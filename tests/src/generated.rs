//! Operations made from the server's own schema: what a new field can be asked is asked of it by itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::Client;

/// Levels of fields that a generated selection goes down.
const DEPTH: usize = 3;

/// Levels of inputs within an argument.
const INPUT_DEPTH: usize = 8;

const INTROSPECTION: &str = "{ __schema { types { kind name enumValues { name }
    fields { name args { name type { ...T } defaultValue } type { ...T } }
    inputFields { name type { ...T } defaultValue } possibleTypes { name } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// A schema, as the server tells it.
#[derive(Debug)]
pub struct Schema {
    types: BTreeMap<String, Value>,
}

/// One field of a root, with one way to fill its arguments.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `Query.job`, say.
    pub field: String,
    /// Where the id under test stands: `input.id`, say; empty: nowhere.
    pub place: String,
    /// The document, with one variable for each argument.
    pub document: String,
    variables: Value,
    pointer: Option<String>,
}

impl Operation {
    /// The variables, with an id at the place under test.
    #[must_use]
    pub fn with(&self, id: &str) -> Value {
        let mut variables = self.variables.clone();
        if let Some(slot) = self.pointer.as_ref().and_then(|pointer| variables.pointer_mut(pointer)) {
            *slot = json!(id);
        }
        variables
    }
}

/// A value under construction, and the pointers to the ids within it.
type Filled = (Value, Option<String>);

impl Schema {
    /// Asks the server for its schema.
    pub async fn read(client: &Client) -> Self {
        let mut data = client.graphql(INTROSPECTION, json!({})).await;
        let Value::Array(types) = data["__schema"]["types"].take() else { panic!("no types") };
        let named = types.into_iter().map(|ty| (ty["name"].as_str().unwrap_or_default().to_owned(), ty));
        Self { types: named.collect() }
    }

    /// Every field of a root: once with its required arguments alone, and once for each place of an id.
    pub fn operations(&self, root: &str) -> Vec<Operation> {
        let fields = self.types[root]["fields"].as_array().expect("a root with fields");
        fields.iter().flat_map(|field| self.operations_of(root, field)).collect()
    }

    fn operations_of(&self, root: &str, field: &Value) -> Vec<Operation> {
        let args = field["args"].as_array().cloned().unwrap_or_default();
        let places: Vec<String> = args
            .iter()
            .flat_map(|arg| {
                let name = arg["name"].as_str().expect("a name");
                self.places(&arg["type"], name, 0)
            })
            .collect();
        std::iter::once(String::new())
            .chain(places)
            .map(|place| self.operation(root, field, &args, &place))
            .collect()
    }

    fn operation(&self, root: &str, field: &Value, args: &[Value], place: &str) -> Operation {
        let name = field["name"].as_str().expect("a name");
        let (mut declared, mut passed, mut variables, mut pointer) =
            (Vec::new(), Vec::new(), Map::new(), None);
        for arg in args {
            let arg_name = arg["name"].as_str().expect("a name");
            let inner = inward(place, arg_name);
            let required = arg["type"]["kind"] == "NON_NULL" && arg["defaultValue"].is_null();
            if !required && inner.is_none() {
                continue;
            }
            let (value, at) = self.fill(&arg["type"], inner);
            declared.push(format!("${arg_name}: {}", spelled(&arg["type"])));
            passed.push(format!("{arg_name}: ${arg_name}"));
            pointer = pointer.or(at.map(|at| format!("/{arg_name}{at}")));
            variables.insert(arg_name.to_owned(), value);
        }
        let list = |open: &str, items: &[String], close: &str| {
            if items.is_empty() { String::new() } else { format!("{open}{}{close}", items.join(", ")) }
        };
        let selection = self.selection(base(&field["type"]), 0);
        let document = format!(
            "{} Generated{} {{ {name}{} {selection} }}",
            root.to_lowercase(),
            list("(", &declared, ")"),
            list("(", &passed, ")"),
        );
        Operation {
            field: format!("{root}.{name}"),
            place: place.to_owned(),
            document,
            variables: Value::Object(variables),
            pointer,
        }
    }

    /// Paths to the ids in an argument.
    fn places(&self, ty: &Value, path: &str, depth: usize) -> Vec<String> {
        let name = base(ty);
        if name == "ID" {
            return vec![path.to_owned()];
        }
        let inputs = self.types[name]["inputFields"].as_array().cloned().unwrap_or_default();
        if depth == INPUT_DEPTH {
            assert!(inputs.is_empty(), "{path} goes deeper than this generator does");
        }
        let inner = |field: &Value| {
            let name = field["name"].as_str().expect("a name");
            self.places(&field["type"], &format!("{path}.{name}"), depth + 1)
        };
        inputs.iter().flat_map(inner).collect()
    }

    /// A value of a type, with the id's place in it if there is one.
    fn fill(&self, ty: &Value, place: Option<&str>) -> Filled {
        match ty["kind"].as_str() {
            Some("NON_NULL") => self.fill(&ty["ofType"], place),
            Some("LIST") => {
                let (item, at) = self.fill(&ty["ofType"], place);
                (json!([item]), at.map(|at| format!("/0{at}")))
            }
            Some("INPUT_OBJECT") => self.fill_object(base(ty), place),
            Some("ENUM") => (self.types[base(ty)]["enumValues"][0]["name"].clone(), None),
            _ => match base(ty) {
                "ID" => (json!("nothing"), place.map(|_| String::new())),
                "String" => (json!("x"), None),
                "Int" => (json!(1), None),
                "Float" => (json!(1.0), None),
                "Boolean" => (json!(false), None),
                "DateTime" => (json!("2099-01-01T00:00:00Z"), None),
                other => panic!("this generator knows no values of the type {other}"),
            },
        }
    }

    fn fill_object(&self, name: &str, place: Option<&str>) -> Filled {
        let (mut object, mut pointer) = (Map::new(), None);
        for field in self.types[name]["inputFields"].as_array().into_iter().flatten() {
            let field_name = field["name"].as_str().expect("a name");
            let inner = place.and_then(|place| inward(place, field_name));
            let required = field["type"]["kind"] == "NON_NULL" && field["defaultValue"].is_null();
            if required || inner.is_some() {
                let (value, at) = self.fill(&field["type"], inner);
                pointer = pointer.or(at.map(|at| format!("/{field_name}{at}")));
                object.insert(field_name.to_owned(), value);
            }
        }
        (Value::Object(object), pointer)
    }

    /// All that can be asked of a type without arguments, down to some depth.
    fn selection(&self, name: &str, depth: usize) -> String {
        let ty = &self.types[name];
        if !matches!(ty["kind"].as_str(), Some("OBJECT" | "INTERFACE")) {
            return String::new();
        }
        let mut parts = vec!["__typename".to_owned()];
        for possible in ty["possibleTypes"].as_array().into_iter().flatten().filter(|_| depth < DEPTH) {
            let possible = possible["name"].as_str().expect("a name");
            parts.push(format!("... on {possible} {}", self.renamed(possible, depth + 1)));
        }
        if ty["kind"] == "OBJECT" {
            parts.extend(self.fields(name, depth, ""));
        }
        format!("{{ {} }}", parts.join(" "))
    }

    /// The same under names of the type's own: fields of one name may differ between types.
    fn renamed(&self, name: &str, depth: usize) -> String {
        format!("{{ {} }}", self.fields(name, depth, name).join(" "))
    }

    fn fields(&self, name: &str, depth: usize, prefix: &str) -> Vec<String> {
        let fields = self.types[name]["fields"].as_array().cloned().unwrap_or_default();
        let of_itself = fields.iter().filter(|field| {
            let args = field["args"].as_array().cloned().unwrap_or_default();
            args.iter().all(|arg| arg["type"]["kind"] != "NON_NULL" || !arg["defaultValue"].is_null())
        });
        of_itself
            .filter_map(|field| {
                let (field_name, of) = (field["name"].as_str().expect("a name"), base(&field["type"]));
                let leaf = matches!(self.types[of]["kind"].as_str(), Some("SCALAR" | "ENUM"));
                if !leaf && depth >= DEPTH {
                    return None;
                }
                let alias =
                    if prefix.is_empty() { String::new() } else { format!("{prefix}_{field_name}: ") };
                Some(format!("{alias}{field_name} {}", self.selection(of, depth + 1)))
            })
            .collect()
    }
}

/// What of a path lies within a name: `input.id` within `input` is `id`, `id` within `id` is nothing more.
fn inward<'a>(place: &'a str, name: &str) -> Option<&'a str> {
    let rest = place.strip_prefix(name)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

/// The name at the bottom of a type.
fn base(ty: &Value) -> &str {
    match ty["name"].as_str() {
        Some(name) if ty["kind"] != "NON_NULL" && ty["kind"] != "LIST" => name,
        _ => base(&ty["ofType"]),
    }
}

fn spelled(ty: &Value) -> String {
    match ty["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", spelled(&ty["ofType"])),
        Some("LIST") => format!("[{}]", spelled(&ty["ofType"])),
        _ => base(ty).to_owned(),
    }
}
