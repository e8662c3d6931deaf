//! Registers the public schema, so that the uplink's operations are checked against it when they compile.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    cynic_codegen::register_schema("fleet").from_sdl_file("../schema.graphql")?.as_default()?;
    Ok(())
}
