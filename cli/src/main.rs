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
mod profiles;
mod serve;
mod simulate;
mod top;

use std::path::Path;
use std::process::ExitCode;

use client::Failure;
use output::style::{Tone, wants_colours};

/// An answer is made of thousands of small pieces: with the C library's allocator, a quarter of a list's time goes there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Memory that is free goes back to the system after a second, and few arenas keep it together.
#[expect(unsafe_code, reason = "the allocator finds its settings by this name")]
// SAFETY: nothing else has this name, and the text ends with a zero byte.
#[unsafe(export_name = "_rjem_malloc_conf")]
static SETTINGS: &std::ffi::CStr = c"narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";

fn main() -> ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if let [_, role, dir] = words.as_slice()
        && role == "shim"
    {
        // A job's shim lives as long as the job: it gets no runtime, no threads and no settings of ours.
        return ExitCode::from(u8::try_from(serve::shim(Path::new(dir))).unwrap_or(1));
    }
    match read_environment_file().and_then(|()| perform(args::parse().command)) {
        Ok(code) => ExitCode::from(code),
        Err(Failure::OutputClosed) => ExitCode::FAILURE,
        Err(failure) => {
            let mark = Tone::Bad.paint("error:", wants_colours(&std::io::stderr()));
            output::say(&format!("{mark} {}", failure.line()));
            ExitCode::from(failure.exit() as u8)
        }
    }
}

/// Takes settings from `.env` in this directory, before any thread is started, since that writes the environment. That there
/// is no such file is the usual case; one that cannot be read whole is an error, since half of the settings may be worse
/// than none. What stands in it is not repeated: it may be a password.
fn read_environment_file() -> Result<(), Failure> {
    let read = dotenvy::from_path(".env");
    forget_empty_settings();
    match read {
        Ok(()) => Ok(()),
        Err(dotenvy::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(dotenvy::Error::LineParse(..)) => {
            let line = std::fs::read_to_string(".env").ok().and_then(|text| first_bad_line(&text));
            let place = line.map_or_else(String::new, |line| format!(" (line {line})"));
            Err(Failure::Usage(format!("the file .env in this directory is not of lines NAME=VALUE{place}")))
        }
        Err(error) => Err(Failure::Usage(format!("cannot read the file .env in this directory: {error}"))),
    }
}

/// NAME= means that nothing is set.
fn forget_empty_settings() {
    let empty = std::env::vars_os()
        .filter(|(name, value)| value.is_empty() && name.as_encoded_bytes().starts_with(b"GPU_FLEET_"));
    for (name, _) in empty.collect::<Vec<_>>() {
        // SAFETY: no other thread has been started yet.
        unsafe { std::env::remove_var(name) };
    }
}

/// The number of the first line up to which the text cannot be read.
fn first_bad_line(text: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    (1..=lines.len()).find(|count| {
        let part = lines[..*count].join("\n");
        dotenvy::from_read_iter(part.as_bytes()).any(|entry| entry.is_err())
    })
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
