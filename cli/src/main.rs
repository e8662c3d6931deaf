//! `gpu-fleet`: the one binary. Its roles are put together here and in `serve`; what users type is in `args`, what it does
//! as a client of the API in `commands`. No rule of the fleet lives in this crate.

mod api;
mod args;
mod client;
mod commands;
mod demo;
mod host;
mod output;
mod process;
mod serve;

use std::path::Path;
use std::process::ExitCode;

use client::Failure;
use output::style::{Tone, wants_colours};

fn main() -> ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if let [_, role, dir] = words.as_slice()
        && role == "shim"
    {
        // A job's shim lives as long as the job: it gets no runtime, no threads and no settings of ours.
        return ExitCode::from(u8::try_from(serve::shim(Path::new(dir))).unwrap_or(1));
    }
    // Before any thread is started, since it writes the environment. That there is no .env file is the usual case.
    if let Err(error @ dotenvy::Error::LineParse(..)) = dotenvy::dotenv() {
        output::say(&format!("gpu-fleet: the .env file is not read further: {error}"));
    }
    let command = args::parse().command;
    match perform(command) {
        Ok(code) => ExitCode::from(code),
        Err(Failure::OutputClosed) => ExitCode::FAILURE,
        Err(failure) => {
            let mark = Tone::Bad.paint("error:", wants_colours(&std::io::stderr()));
            output::say(&format!("{mark} {}", failure.line()));
            ExitCode::from(failure.exit() as u8)
        }
    }
}

fn perform(command: args::Command) -> Result<u8, Failure> {
    // Two crates bring TLS along; this names the one provider that both are to use.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("cannot start: {error}")))?;
    let result = runtime.block_on(commands::perform(command));
    runtime.shutdown_background();
    result
}
