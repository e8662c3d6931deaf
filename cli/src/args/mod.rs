//! The command line: which commands there are and what each takes. No command's work is done here.

pub(crate) mod access;
pub(crate) mod connection;
pub(crate) mod doctor;
pub(crate) mod environment;
pub(crate) mod fleet;
pub(crate) mod identity;
pub(crate) mod job;
pub(crate) mod profile;
pub(crate) mod server;
pub(crate) mod shell;
pub(crate) mod simulate;
pub(crate) mod top;
pub(crate) mod values;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Shares a fleet of GPUs between organizations: a server, an agent for each host, and these commands.
#[derive(Debug, Parser)]
#[command(name = "gpu-fleet", version, max_term_width = 110, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Every option can also be set in the environment or in a .env file; --help of each command names the variable.

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 not found, 4 conflict (something changed meanwhile),
5 not signed in or not allowed, 6 server unreachable. `run` and `wait` return the job's own exit code.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the server and this machine's agent in one process
    Up(server::UpArgs),
    /// Runs the server: API, scheduler, dashboard
    Serve(server::ServeArgs),
    /// Runs the agent of a GPU host
    Agent(server::AgentArgs),
    /// Says what is wrong on this host, and how to mend it; changes nothing
    Doctor(doctor::DoctorArgs),
    /// Prints a new token, on the last line
    Token(server::TokenArgs),
    /// Prints the GraphQL schema, or who may use what of it
    Schema(server::SchemaArgs),
    /// Changes the database's schema, or tells where it is
    Migrate(server::MigrateArgs),
    /// Lists the keys that servers sign tokens with, or takes one back
    #[command(subcommand)]
    SigningKeys(server::SigningKeysCommand),
    /// Signs in to a fleet: reads a token or an API key, never from the command line, and keeps it as a profile
    Login(profile::LoginArgs),
    /// Forgets a profile
    Logout(profile::LogoutArgs),
    /// Lists the profiles, and says which is in use
    Profiles(profile::ProfilesArgs),
    /// Shows the fleet and its queue, live
    Top(top::TopArgs),
    /// Submits a job, follows it, and returns its exit code
    Run(job::RunArgs),
    /// Submits a job, or many, and prints their ids
    Submit(job::SubmitArgs),
    /// Lists jobs
    Jobs(job::JobsArgs),
    /// Shows one job
    Job(job::JobArgs),
    /// Prints a job's log
    Logs(job::LogsArgs),
    /// Cancels jobs
    Cancel(job::CancelArgs),
    /// Gives back a loan's GPUs
    Release(job::JobArgs),
    /// Submits a job that has ended anew, and prints the new one
    Retry(job::JobArgs),
    /// Keeps a waiting job from starting
    Hold(job::JobArgs),
    /// Lets a held job start
    Unhold(job::JobArgs),
    /// Changes a job's priority
    Priority(job::PriorityArgs),
    /// Changes a waiting job's time limit
    TimeLimit(job::TimeLimitArgs),
    /// Says everything that a job waits for
    Explain(job::JobArgs),
    /// Waits for a job's end and returns its exit code
    Wait(job::JobArgs),
    /// Gives a waiting job these GPUs, now
    Allocate(job::AllocateArgs),
    /// Lists GPUs
    Gpus(fleet::ListArgs),
    /// Lists hosts
    Hosts(fleet::ListArgs),
    /// Gives a host no new jobs
    Drain(fleet::DrainArgs),
    /// Gives a drained host jobs again
    Undrain(fleet::UndrainArgs),
    /// Changes the fleet's hosts (operators only)
    #[command(subcommand)]
    Host(fleet::HostCommand),
    /// Lists organizations (operators only)
    Orgs(fleet::ListArgs),
    /// Changes organizations (operators only)
    #[command(subcommand)]
    Org(fleet::OrgCommand),
    /// Makes, lists and takes back API keys (admins and operators)
    #[command(subcommand)]
    Keys(access::KeysCommand),
    /// Lists who changed what (operators only)
    Audit(access::AuditArgs),
    /// Tells how many GPU-hours organizations held
    Usage(access::UsageArgs),
    /// Replays a trace of jobs through the scheduling core, in virtual time
    Simulate(Box<simulate::SimulateArgs>),
    /// Shows the whole life of jobs on a throw-away server with simulated GPUs
    Demo(fleet::DemoArgs),
    /// Prints a script that completes this command line in a shell
    Completions(shell::CompletionsArgs),
    /// Prints a manual page, or writes all of them
    Man(shell::ManArgs),
}

/// The command line with a variable of the environment behind every option.
pub(crate) fn command() -> clap::Command {
    environment::with_variables(Cli::command())
}

/// Parses this process's arguments; prints help or a usage error and exits when that is what they amount to.
pub(crate) fn parse() -> Cli {
    let matches = command().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod documents_tests;
