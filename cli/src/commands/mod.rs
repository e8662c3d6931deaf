//! The user's commands, each a client of the public API and nothing more. A command answers with the exit code that this
//! process is to have.

mod allocate;
mod audit;
mod bulk;
mod cancel;
mod doctor;
mod drain;
mod follow;
mod interrupt;
mod job;
mod jobs;
mod keys;
mod listings;
mod logs;
mod organizations;
mod profile;
mod remove_host;
mod shell;
mod spec;
mod submit;
mod update;
mod usage;

use crate::args::Command;
use crate::args::connection::ConnectArgs;
use crate::args::fleet::{HostCommand, OrgCommand};
use crate::client::{Client, Failure};
use crate::output::Output;
use crate::{demo, serve, simulate, top};

pub(crate) use spec::job_input;

/// A server and a place to print, as a command's arguments ask for.
struct Session {
    client: Client,
    output: Output,
}

impl Session {
    fn open(args: &ConnectArgs) -> Result<Self, Failure> {
        Ok(Self { client: Client::from_args(&args.to)?, output: Output::from_args(&args.output) })
    }
}

/// What is said when there is no such organization, or none of one's own.
fn no_organization(slug: Option<&str>) -> Failure {
    match slug {
        Some(slug) => {
            Failure::NotFound(format!("there is no organization {slug}; gpu-fleet orgs lists them"))
        }
        None => Failure::Usage("this token belongs to no organization; name one with --org".to_owned()),
    }
}

/// Does what the command line asks for.
pub(crate) async fn perform(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Up(args) => serve::up(args).await,
        Command::Serve(args) => serve::serve(args).await,
        Command::Agent(args) => serve::agent(args).await,
        Command::Doctor(args) => doctor::perform(args).await,
        Command::Token(args) => serve::token(args).await,
        Command::Schema(args) => serve::schema(&args),
        Command::Migrate(args) => serve::migrate(args).await,
        Command::SigningKeys(command) => serve::signing_keys(command).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Simulate(args) => simulate::run(&args).await.map(|()| 0),
        Command::Top(args) => top::run(args).await,
        Command::Run(args) => submit::run(args).await,
        Command::Wait(args) => follow::wait(args).await,
        other => one_answer(other).await.map(|()| 0),
    }
}

/// Commands that have done all they can once they are answered.
async fn one_answer(command: Command) -> Result<(), Failure> {
    match command {
        Command::Login(args) => profile::login(args).await,
        Command::Logout(args) => profile::logout(&args),
        Command::Profiles(args) => profile::profiles(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
        Command::Submit(args) => submit::submit(args).await,
        Command::Jobs(args) => jobs::list(args).await,
        Command::Job(args) => job::show(args).await,
        Command::Explain(args) => job::explain(args).await,
        Command::Logs(args) => logs::print(args).await,
        Command::Cancel(args) => cancel::cancel(args).await,
        Command::Release(args) => cancel::release(args).await,
        Command::Retry(args) => cancel::retry(args).await,
        Command::Hold(args) => update::hold(args, true).await,
        Command::Unhold(args) => update::hold(args, false).await,
        Command::Priority(args) => update::priority(args).await,
        Command::TimeLimit(args) => update::time_limit(args).await,
        Command::Allocate(args) => allocate::allocate(args).await,
        Command::Gpus(args) => listings::gpus(args).await,
        Command::Hosts(args) => listings::hosts(args).await,
        Command::Drain(args) => drain::drain(args).await,
        Command::Undrain(args) => drain::undrain(args).await,
        Command::Host(HostCommand::Remove(args)) => remove_host::remove(args).await,
        Command::Orgs(args) => organizations::list(args).await,
        Command::Org(OrgCommand::Create(args)) => organizations::create(args).await,
        Command::Org(OrgCommand::Update(args)) => organizations::update(args).await,
        Command::Keys(command) => keys::perform(command).await,
        Command::Audit(args) => audit::list(args).await,
        Command::Usage(args) => usage::list(args).await,
        _ => Ok(()),
    }
}
