//! Gives every option a variable of the environment. Options that mean the same everywhere name theirs themselves
//! (`GPU_FLEET_SERVER`); each other gets `GPU_FLEET_<COMMAND>_<OPTION>` here, so that `GPU_FLEET_GPUS`, the agent's
//! device list, can never become the number of GPUs that `run` asks for.

use clap::builder::{BoolishValueParser, ValueParser};
use clap::{Arg, ArgAction, Command};

const PREFIX: &str = "GPU_FLEET";

/// Adds what is missing, to every subcommand.
pub(crate) fn with_variables(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(&name, |sub| complete(sub, &name)))
}

fn complete(command: Command, path: &str) -> Command {
    let nested: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = command.mut_args(|arg| with_variable(arg, path));
    nested.into_iter().fold(command, |command, name| {
        let path = format!("{path}_{name}");
        command.mut_subcommand(&name, |sub| complete(sub, &path))
    })
}

fn with_variable(arg: Arg, path: &str) -> Arg {
    let arg = match arg.get_action() {
        // As a variable a switch is "true", "1" or "yes", or their opposites.
        ArgAction::SetTrue => arg.value_parser(ValueParser::new(BoolishValueParser::new())),
        _ => arg,
    };
    match arg.get_long() {
        Some(long) if arg.get_env().is_none() => {
            let name = format!("{PREFIX}_{path}_{long}").to_uppercase().replace('-', "_");
            arg.env(name)
        }
        _ => arg,
    }
}
