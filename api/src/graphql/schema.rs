//! The schema, put together: the roots, the limits, and what a request carries.

use async_graphql::{SDLExportOptions, Schema, SchemaBuilder, ValidationMode};

use super::mutation::Mutation;
use super::query::Query;
use super::subscription::Subscription;

/// The schema of this server.
pub type FleetSchema = Schema<Query, Mutation, Subscription>;

/// The schema before data and limits are added.
#[must_use]
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query, Mutation::default(), Subscription::default())
        .register_output_type::<super::enums::ErrorCode>()
        // Documents are validated before they get here, to the letter of the specification.
        .validation_mode(ValidationMode::Fast)
}

/// What the GraphQL specification defines.
const STANDARD_DIRECTIVES: [&str; 5] = ["skip", "include", "deprecated", "specifiedBy", "oneOf"];

/// The schema in the schema definition language, as it is committed beside the code.
#[must_use]
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    let text = builder().finish().sdl_with_options(options);
    // Written anew without what every schema has; if it could not be read, a test would say so.
    let Ok(mut schema) = apollo_compiler::Schema::parse(text.as_str(), "schema.graphql") else { return text };
    schema.directive_definitions.retain(|name, _| !STANDARD_DIRECTIVES.contains(&name.as_str()));
    schema.to_string()
}
