//! Static quotas: each organization alone on its own part of the fleet, for comparing sharing with.

use crate::snapshot::{HostState, OrganizationState};

use super::World;

/// An organization alone: its part of the world, and the places of its jobs in the whole one.
#[derive(Debug, Clone)]
pub struct Alone {
    /// Its hosts and its jobs.
    pub world: World,
    /// By job: its place among the jobs of the world that it is a part of.
    pub places: Vec<usize>,
}

/// Every organization of a world on its weighted share of the GPUs, rounded up to whole hosts (of a single host, to whole
/// GPUs), and never below its largest job.
#[must_use]
pub fn apart(world: &World) -> Vec<Alone> {
    let weights: f64 = world.organizations.iter().map(|known| known.weight).sum();
    let gpus: usize = world.hosts.iter().map(|host| host.gpus.len()).sum();
    let mut next = 0;
    let mut alone = |organization: &OrganizationState| {
        let own = |job: &usize| world.jobs[*job].job.organization == organization.id;
        let places: Vec<usize> = (0..world.jobs.len()).filter(own).collect();
        let jobs: Vec<_> = places.iter().map(|place| world.jobs[*place].clone()).collect();
        let largest = jobs.iter().map(|job| job.job.requirements.count).max().unwrap_or(0);
        let share = gpus as f64 * organization.weight / weights.max(f64::MIN_POSITIVE);
        let share = (share.ceil() as usize).max(usize::try_from(largest).unwrap_or(0));
        let hosts = part(&world.hosts, share, &mut next);
        Alone { world: World { hosts, organizations: vec![organization.clone()], jobs }, places }
    };
    world.organizations.iter().map(&mut alone).collect()
}

/// Hosts with so many GPUs, from where the last part ended; since shares are rounded up, parts may overlap.
fn part(hosts: &[HostState], gpus: usize, next: &mut usize) -> Vec<HostState> {
    if let [only] = hosts {
        let mut only = only.clone();
        only.gpus.truncate(gpus);
        return vec![only];
    }
    let (mut part, mut have) = (Vec::new(), 0);
    while have < gpus && part.len() < hosts.len() {
        let host = &hosts[*next % hosts.len()];
        *next += 1;
        have += host.gpus.len();
        part.push(host.clone());
    }
    part
}
