//! `gpu-fleet simulate`: asks the scheduling core "what if", in virtual time. Files are read and tables printed here; what
//! happens is decided in `domain`, by the same core that the server plans with.

mod csv_file;
mod dump;
mod fleet;
mod jobs;
mod queueing;
mod reach;
mod report;
mod saturation;
mod swf;
mod tenants;
#[cfg(test)]
mod tests;

use domain::plan::{PACKINGS, POLICIES, Packing, Policy, Rules};
use domain::simulate::{Estimates, Terms, World};

use crate::args::simulate::{Est, SimulateArgs};
use crate::client::Failure;

/// Does what the arguments ask for.
pub(crate) fn run(args: &SimulateArgs) -> Result<(), Failure> {
    if let Some(folder) = &args.reach {
        return reach::print(folder, args);
    }
    let terms = terms(args)?;
    let world = world(args)?;
    if args.arrivals_only {
        saturation::run(args, &world, &terms)
    } else {
        queueing::run(args, &world, &terms)
    }
}

/// The fleet, those who share it and the jobs.
fn world(args: &SimulateArgs) -> Result<World, Failure> {
    let mut world = World { hosts: fleet::hosts(args)?, ..World::default() };
    let mut tenants = tenants::read(args.tenants.as_deref())?;
    let file = args.jobs.as_deref().ok_or_else(|| Failure::Usage("--jobs is missing".to_owned()))?;
    let largest = world.hosts.iter().map(|host| host.gpus.len()).max().unwrap_or(0);
    world.jobs = jobs::read(file, args.format, largest, &mut tenants)?;
    world.organizations = tenants.organizations;
    Ok(world)
}

fn terms(args: &SimulateArgs) -> Result<Terms, Failure> {
    let unknown = |what: &str, name: &str, known: Vec<&str>| {
        Failure::Usage(format!("there is no {what} '{name}'; there are {}", known.join(", ")))
    };
    let policy = Policy::named(&args.policy).ok_or_else(|| {
        unknown("policy", &args.policy, POLICIES.iter().map(|policy| policy.name).collect())
    })?;
    let packing = Packing::named(&args.placement).ok_or_else(|| {
        unknown("placement", &args.placement, PACKINGS.iter().map(|(_, name, _)| *name).collect())
    })?;
    let estimates = match args.est {
        Est::Trace => Estimates::Trace,
        Est::Exact => Estimates::Exact,
        Est::Learned => Estimates::Learned,
    };
    let rules = Rules { policy, packing, whole_hosts: true, seed: args.seed, ..Rules::default() };
    Ok(Terms { rules, estimates })
}
