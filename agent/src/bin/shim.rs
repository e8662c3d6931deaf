//! The shim alone, without the rest of `gpu-fleet`: for tests, and for agents that are embedded in another program.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let code = match std::env::args_os().nth(2) {
        Some(dir) => agent::shim::main(Path::new(&dir)),
        None => agent::shim::EXIT_FAILED,
    };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
