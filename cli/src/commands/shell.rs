//! `gpu-fleet completions` and `gpu-fleet man`: made of the command line's own definition, so that neither can lag behind it.

use std::io::{IsTerminal, Write};
use std::path::Path;

use clap_mangen::Man;

use crate::args::command;
use crate::args::shell::{CompletionsArgs, ManArgs};
use crate::client::Failure;
use crate::output::say;

const NAME: &str = "gpu-fleet";

/// Prints a shell's script.
pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), NAME, &mut script);
    print(&script)
}

/// Prints one page, or writes all.
pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    match &args.out {
        Some(dir) => write_all(dir),
        None => {
            if std::io::stdout().is_terminal() {
                let words = args.command.join(" ");
                let shown = ["gpu-fleet man", &words].join(" ");
                say(&format!("gpu-fleet: to read it: {} | man -l -", shown.trim_end()));
            }
            print(&page(&args.command)?)
        }
    }
}

/// The page of a command, which its words lead to.
fn page(words: &[String]) -> Result<Vec<u8>, Failure> {
    let mut found = command().flatten_help(false);
    found.build();
    for word in words {
        let inner = found.find_subcommand(word).filter(|inner| !inner.is_hide_set()).cloned();
        found = inner.ok_or_else(|| {
            let all = words.join(" ");
            Failure::NotFound(format!("there is no command {all}; gpu-fleet --help lists them"))
        })?;
    }
    let mut page = Vec::new();
    Man::new(found)
        .render(&mut page)
        .map_err(|error| Failure::Other(format!("cannot make the page: {error}")))?;
    Ok(page)
}

fn write_all(dir: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::Other(format!("cannot write the pages to {}: {error}", dir.display()))
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    let whole = command().disable_help_subcommand(true);
    clap_mangen::generate_to(whole, dir).map_err(failed)?;
    say(&format!(
        "gpu-fleet: the pages are in {}; to read one: man {}/gpu-fleet.1",
        dir.display(),
        dir.display()
    ));
    Ok(())
}

fn print(text: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text).and_then(|()| stdout.flush()).map_err(|_| Failure::OutputClosed)
}
