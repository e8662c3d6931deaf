//! The schema, put together: the roots, the limits, and what a request carries.

use async_graphql::{Schema, SchemaBuilder, ValidationMode};

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

/// The schema in the schema definition language, as it is committed beside the code.
#[must_use]
pub fn sdl() -> String {
    let options =
        async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    let text = builder().finish().sdl_with_options(options);
    let mut text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}
