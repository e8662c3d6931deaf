//! `gpu-fleet simulate`: asks the scheduling core "what if", in virtual time. Files are read and tables printed here; what
//! happens is decided in `domain`, by the same core that the server plans with.

mod breach;
mod csv_file;
mod dump;
mod fleet;
mod history;
mod jobs;
mod queueing;
mod reach;
mod report;
mod saturation;
mod swf;
mod tenants;
#[cfg(test)]
mod tests;
mod what_if;

use domain::plan::{PACKINGS, POLICIES, Packing, Policy, Rules};
use domain::simulate::{Estimates, Terms, World};

use crate::args::simulate::{Est, SimulateArgs};
use crate::client::Failure;
use tenants::Tenants;

/// What is simulated, and how its files name it.
struct Case {
    world: World,
    /// The jobs' names, in the order of the world.
    names: Vec<String>,
    /// The organizations by name.
    tenants: Tenants,
}

/// Does what the arguments ask for.
pub(crate) async fn run(args: &SimulateArgs) -> Result<(), Failure> {
    if let Some(folder) = &args.reach {
        return reach::print(folder, args);
    }
    if let Some(file) = &args.breach {
        return breach::replay(file, args);
    }
    let terms = terms(args)?;
    let case = match args.history {
        Some(long) => history::read(args, long).await?,
        None => from_files(args)?,
    };
    if args.arrivals_only {
        saturation::run(args, &case, &terms)
    } else if args.asks_what_if() {
        what_if::run(args, &case, &terms)
    } else {
        queueing::run(args, &case, &terms)
    }
}

/// The fleet, those who share it and the jobs.
fn from_files(args: &SimulateArgs) -> Result<Case, Failure> {
    let hosts = fleet::hosts(args)?;
    let mut tenants = tenants::read(args.tenants.as_deref())?;
    let file = args.jobs.as_deref().ok_or_else(|| Failure::Usage("--jobs is missing".to_owned()))?;
    let largest = hosts.iter().map(|host| host.gpus.len()).max().unwrap_or(0);
    let (jobs, names) = jobs::read(file, args.format, largest, &mut tenants)?;
    let organizations = tenants.organizations.clone();
    Ok(Case { world: World { hosts, organizations, jobs }, names, tenants })
}

fn terms(args: &SimulateArgs) -> Result<Terms, Failure> {
    let unknown = |what: &str, name: &str, known: Vec<&str>| {
        Failure::Usage(format!("there is no {what} '{name}'; there are {}", known.join(", ")))
    };
    let policy = Policy::named(&args.policy).ok_or_else(|| {
        unknown("policy", &args.policy, POLICIES.iter().map(|policy| policy.name).collect())
    })?;
    let packing = args.placement.as_deref().map_or(Ok(policy.packing), |name| {
        let known = || unknown("placement", name, PACKINGS.iter().map(|(_, name, _)| *name).collect());
        Packing::named(name).ok_or_else(known)
    })?;
    let estimates = match (args.est, args.history) {
        (Some(Est::Trace), _) | (None, None) => Estimates::Trace,
        (Some(Est::Exact), _) => Estimates::Exact,
        (Some(Est::Learned), _) | (None, Some(_)) => Estimates::Learned,
    };
    let rules =
        Rules { packing, whole_hosts: true, scores: usize::MAX, seed: args.seed, ..Rules::of(policy) };
    Ok(Terms { rules, estimates })
}
