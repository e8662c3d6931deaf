//! Prints the schema without building the clients that are checked against it: `make schema` must work while they wait for it.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(api::graphql::schema::sdl().as_bytes())
}
