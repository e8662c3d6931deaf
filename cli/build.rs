//! Hands the public schema to cynic, which checks every query of this crate against it while compiling.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    cynic_codegen::register_schema("fleet").from_sdl_file("../schema.graphql")?.as_default()?;
    println!("cargo::rerun-if-changed=../schema.graphql");
    Ok(())
}
