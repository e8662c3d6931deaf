//! Every command that the documents show is one that this program takes.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::command;

const DOCUMENTS: [(&str, &str); 4] = [
    ("README.md", include_str!("../../../README.md")),
    ("docs/habits.md", include_str!("../../../docs/habits.md")),
    ("docs/operating.md", include_str!("../../../docs/operating.md")),
    ("docs/terminal.md", include_str!("../../../docs/terminal.md")),
];

/// Code spans and lines of blocks that begin with the program's name.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<bool> = None;
    let mut carried = String::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            // A block without a language is what was printed.
            block = match block {
                Some(_) => None,
                None => Some(language == "sh"),
            };
        } else if let Some(is_shell) = block {
            if !is_shell {
                continue;
            }
            let line = format!("{carried}{}", line.trim());
            carried = line.strip_suffix('\\').map(str::to_owned).unwrap_or_default();
            let shown = line.split(" #").next().unwrap_or_default();
            let plain = shown.split_whitespace().skip_while(|word| is_variable(word)).collect::<Vec<_>>();
            if carried.is_empty() && plain.first() == Some(&"gpu-fleet") {
                found.push(plain.join(" "));
            }
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            found.extend(spans.filter(|span| span.starts_with("gpu-fleet ")).map(str::to_owned));
        }
    }
    found
}

fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// What stands for a value, and what the shell takes, as this program would get it.
fn words(shown: &str) -> Vec<String> {
    let plain = shown.split(" | ").next().unwrap_or_default();
    let plain = plain.split(" > ").next().unwrap_or_default().split(" < ").next().unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    for word in plain.split_whitespace() {
        let word = word.trim_matches(['"', '\'']);
        let takes_a_command = words.get(1).is_some_and(|name| name == "run" || name == "submit");
        match word {
            "…" if takes_a_command || is_option(words.last()) => words.push("true".to_owned()),
            "…" => {}
            "N" => words.push("7".to_owned()),
            other => words.push(other.to_owned()),
        }
    }
    words
}

fn is_option(word: Option<&String>) -> bool {
    word.is_some_and(|word| word.len() > 2 && word.starts_with("--"))
}

#[test]
fn every_command_in_the_documents_is_taken() {
    let mut checked = 0;
    for (name, text) in DOCUMENTS {
        for shown in commands(text) {
            // A name with placeholders for the whole rest tells of the program, not of a command.
            if shown.contains("COMMAND") || shown == "gpu-fleet" {
                continue;
            }
            let words = words(&shown);
            if let Err(error) = command().try_get_matches_from(&words) {
                let fine = [clap::error::ErrorKind::DisplayHelp, clap::error::ErrorKind::DisplayVersion];
                // A command may be named without what it needs.
                let named = words.len() <= 3
                    && error.kind() == clap::error::ErrorKind::MissingRequiredArgument
                    || error.kind() == clap::error::ErrorKind::MissingSubcommand
                    || error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
                assert!(fine.contains(&error.kind()) || named, "{name}: `{shown}`: {error}");
            }
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} commands were found");
}

#[test]
fn a_command_that_is_not_taken_is_found_out() {
    let text = "see `gpu-fleet jobz`, and\n```sh\nA=b gpu-fleet submit --gpus 2 \\\n  --nonsense -- true   # so\n```\n";
    assert_eq!(commands(text), ["gpu-fleet jobz", "gpu-fleet submit --gpus 2 --nonsense -- true"]);
    for shown in commands(text) {
        assert!(command().try_get_matches_from(words(&shown)).is_err(), "{shown}");
    }
}

#[test]
fn every_command_that_clients_have_is_somewhere_in_the_documents() {
    let all: String = DOCUMENTS.iter().map(|(_, text)| *text).collect();
    let names: Vec<String> = command().get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let untold: Vec<&String> =
        names.iter().filter(|name| !all.contains(&format!("gpu-fleet {name}"))).collect();
    assert!(untold.is_empty(), "{untold:?}");
}
