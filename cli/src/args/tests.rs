//! The command line as scripts use it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

use std::time::Duration;

use clap::FromArgMatches;

use super::{Cli, Command, command};

fn parse(line: &[&str]) -> Result<Command, clap::Error> {
    let matches = command().try_get_matches_from(std::iter::once("gpu-fleet").chain(line.iter().copied()))?;
    Ok(Cli::from_arg_matches(&matches)?.command)
}

#[test]
fn the_definition_is_sound() {
    command().debug_assert();
}

#[test]
fn every_option_has_a_variable_of_its_own_prefix() {
    fn check(command: &clap::Command) {
        for arg in command.get_arguments().filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
        {
            if let Some(long) = arg.get_long() {
                let name = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                assert!(
                    name.is_some_and(|name| name.starts_with("GPU_FLEET_")),
                    "{} --{long}",
                    command.get_name()
                );
            }
        }
        command.get_subcommands().for_each(check);
    }
    check(&command());
}

#[test]
fn run_takes_everything_after_the_dashes_as_the_command() {
    let line = [
        "run",
        "--gpus",
        "2",
        "--min-memory",
        "80",
        "--time-limit",
        "1h",
        "--",
        "python",
        "train.py",
        "--gpus",
        "9",
    ];
    let Command::Run(args) = parse(&line).unwrap() else { panic!("another command") };
    assert_eq!(args.spec.gpus, 2);
    assert_eq!(args.spec.min_memory, Some(80.0));
    assert_eq!(args.spec.time_limit, Some(Duration::from_secs(3600)));
    assert_eq!(args.command, ["python", "train.py", "--gpus", "9"]);
}

#[test]
fn the_command_needs_no_dashes_and_a_mistyped_option_does_not_become_one() {
    let Command::Run(args) = parse(&["run", "--gpus", "2", "python", "train.py", "--lr", "1"]).unwrap()
    else {
        panic!("another command")
    };
    assert_eq!(args.command, ["python", "train.py", "--lr", "1"]);
    for command in ["run", "submit"] {
        assert!(parse(&[command, "--gpu", "2", "python", "train.py"]).is_err(), "{command}");
        assert!(parse(&[command, "--nonsense", "--", "true"]).is_err(), "{command}");
    }
}

#[test]
fn jobs_from_a_file_are_described_there_and_nowhere_else() {
    assert!(parse(&["submit", "--from", "jobs.jsonl", "--idempotency-key", "k"]).is_ok());
    for also in [&["--gpus", "2"] as &[&str], &["--hold"], &["--loan"], &["--array", "3"], &["--", "true"]] {
        assert!(parse(&[&["submit", "--from", "jobs.jsonl"], also].concat()).is_err(), "{also:?}");
    }
}

#[test]
fn repeated_options_add_up() {
    let line = [
        "submit",
        "--gpu-type",
        "H100",
        "--gpu-type",
        "A100",
        "--label",
        "team=a",
        "--env",
        "A=b=c",
        "--",
        "true",
    ];
    let Command::Submit(args) = parse(&line).unwrap() else { panic!("another command") };
    assert_eq!(args.spec.gpu_types, ["H100", "A100"]);
    assert_eq!(args.spec.labels[0].key, "team");
    assert_eq!(args.spec.env[0].value, "b=c");
}

#[test]
fn a_job_needs_a_command_and_a_loan_must_not_have_one() {
    assert!(parse(&["run"]).is_err());
    assert!(parse(&["submit"]).is_err());
    assert!(parse(&["submit", "--loan"]).is_ok());
    assert!(parse(&["submit", "--loan", "--", "true"]).is_err());
}

#[test]
fn the_server_roles_take_what_scripts_give_them() {
    let line = [
        "up",
        "--data-dir",
        "/tmp/d",
        "--listen",
        "127.0.0.1:0",
        "--gpus",
        "simulated:4xH100-80GB,4xA100-40GB",
    ];
    let Command::Up(args) = parse(&line).unwrap() else { panic!("another command") };
    assert_eq!(args.host.gpus, "simulated:4xH100-80GB,4xA100-40GB");
    assert_eq!(args.serve.listen.port(), 0);

    let line = [
        "agent",
        "--server",
        "http://a:1",
        "--data-dir",
        "d",
        "--join-token-file",
        "t",
        "--label",
        "rack=4",
        "--label",
        "b=c",
    ];
    let Command::Agent(args) = parse(&line).unwrap() else { panic!("another command") };
    assert_eq!(args.host.labels.len(), 2);

    let Command::Token(args) = parse(&["token", "--role", "member", "--org", "a", "--ttl", "30m"]).unwrap()
    else {
        panic!("another command")
    };
    assert_eq!(args.ttl, Duration::from_secs(1800));
    assert!(parse(&["migrate", "--database-url", "postgres://h/d", "down"]).is_ok());
    assert!(parse(&["token", "--role", "king"]).is_err());
}

#[test]
fn job_states_are_read_in_any_case() {
    let Command::Jobs(args) = parse(&["jobs", "--status", "queued", "--status", "TIMED_OUT"]).unwrap() else {
        panic!("another command")
    };
    assert_eq!(args.statuses.len(), 2);
    assert!(parse(&["jobs", "--status", "lost"]).is_err());
}

#[test]
fn json_and_quiet_may_both_be_set() {
    // Variables of the environment set both, and either may be "false".
    assert!(parse(&["jobs", "--json", "--quiet"]).is_ok());
}
