//! What holds for every plan of every world.

use std::collections::HashSet;

use proptest::prelude::*;

use crate::ids::{HostId, JobId};
use crate::plan::core::Promise;
use crate::plan::moment::moment;
use crate::plan::{BlockerCode, Plan, Rules, load};
use crate::snapshot::WaitingJob;

use super::checker::{Kept, Leftover, eligible};
use super::random_world::world;
use super::world::{World, at};

/// A plan, with what its pass kept for one job, or which job it promised a moment.
struct Outcome<'w> {
    world: &'w World,
    plan: Plan,
    kept: Kept<'w>,
    promised: Option<JobId>,
    left: Leftover,
}

impl<'w> Outcome<'w> {
    fn of(world: &'w World) -> Self {
        let snapshot = &world.snapshot;
        let mut core = load::core(snapshot, &Rules::default(), moment(at(0)));
        let outcome = core.pass(moment(at(0)));
        let promise = outcome.promises.first();
        let kept = match promise {
            Some(Promise::Kept(reservation)) => Kept {
                gpus: reservation
                    .parts
                    .iter()
                    .flat_map(|part| {
                        part.cards.iter().map(|card| core.fleet.hosts[part.host].cards[*card].state.id)
                    })
                    .collect(),
                job: snapshot.waiting.iter().find(|job| job.id == reservation.job),
            },
            _ => Kept::default(),
        };
        let promised = promise.filter(|promise| promise.moment().is_some()).map(Promise::job);
        let plan = world.plan();
        Self { world, left: Leftover::after(snapshot, &plan), plan, kept, promised }
    }

    fn waiting(&self) -> impl Iterator<Item = &'w WaitingJob> {
        self.world.snapshot.waiting.iter().filter(|job| self.plan.waiting.contains_key(&job.id))
    }

    fn is_blocked_by(&self, job: &WaitingJob, code: BlockerCode) -> bool {
        self.plan.waiting[&job.id].blockers.iter().any(|blocker| blocker.code == code)
    }
}

fn cases() -> ProptestConfig {
    ProptestConfig { cases: 1000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_job_is_placed_or_explained_and_never_both(world in world()) {
        let plan = world.plan();
        for job in &world.snapshot.waiting {
            let placed = plan.placements.iter().filter(|placement| placement.job == job.id).count();
            let explained = plan.waiting.get(&job.id);
            prop_assert_eq!(placed + usize::from(explained.is_some()), 1);
            prop_assert!(explained.is_none_or(|explanation| !explanation.blockers.is_empty()));
            prop_assert!(placed == 0 || (!job.held && job.unfinished_dependencies.is_empty()));
        }
        prop_assert_eq!(plan.placements.len() + plan.waiting.len(), world.snapshot.waiting.len());
    }

    #[test]
    fn no_gpu_and_no_host_gives_more_than_it_has(world in world()) {
        let outcome = Outcome::of(&world);
        for (before, after) in world.snapshot.hosts.iter().zip(&outcome.left.hosts) {
            prop_assert!(after.gpus.iter().all(|gpu| gpu.allocated_milli <= 1000));
            prop_assert!(after.cpus_allocated <= before.cpus.max(before.cpus_allocated) + 1e-6);
        }
    }

    #[test]
    fn a_gang_is_whole_and_on_gpus_that_answer_it(world in world()) {
        for placement in world.plan().placements {
            let job = world.snapshot.waiting.iter().find(|job| job.id == placement.job).unwrap();
            prop_assert_eq!(placement.gpus.len(), job.requirements.count as usize);
            let distinct: HashSet<_> = placement.gpus.iter().map(|placed| placed.gpu).collect();
            prop_assert_eq!(distinct.len(), placement.gpus.len());
            let hosts: Vec<HostId> = placement.gpus.iter().map(|placed| placed.host).collect();
            let groups = hosts.chunk_by(|a, b| a == b).count();
            prop_assert_eq!(groups, hosts.iter().collect::<HashSet<_>>().len());
            prop_assert!(groups == 1 || !job.requirements.single_host);
            for placed in &placement.gpus {
                let host = world.snapshot.hosts.iter().find(|host| host.id == placed.host).unwrap();
                let gpu = host.gpus.iter().find(|gpu| gpu.id == placed.gpu).unwrap();
                prop_assert!(eligible(job, host, gpu) && placed.milli == job.requirements.milli);
            }
        }
    }

    #[test]
    fn ceilings_hold(world in world()) {
        let plan = world.plan();
        for organization in &world.snapshot.organizations {
            let own = |id| world.snapshot.waiting.iter().any(|job| job.id == id && job.organization == organization.id);
            let placed = plan.placements.iter().filter(|placement| own(placement.job));
            let given: i64 = placed.flat_map(|placement| &placement.gpus).map(|gpu| i64::from(gpu.milli)).sum();
            let ceiling = organization.max_gpus_milli.unwrap_or(i64::MAX);
            prop_assert!(given == 0 || organization.allocated_milli + given <= ceiling);
        }
    }

    #[test]
    fn the_order_of_the_lists_does_not_matter(world in world(), seed in any::<u64>()) {
        prop_assert_eq!(shuffled(&world, seed).plan(), world.plan());
    }

    #[test]
    fn no_job_waits_beside_free_gpus_that_fit_it(world in world()) {
        let outcome = Outcome::of(&world);
        for job in outcome.waiting().filter(|job| !job.held && job.unfinished_dependencies.is_empty()) {
            let over_quota = outcome.is_blocked_by(job, BlockerCode::OverQuota);
            let would_delay = outcome.promised.is_some_and(|head| head != job.id)
                && outcome.is_blocked_by(job, BlockerCode::ReservedForEarlierJob);
            prop_assert!(over_quota || would_delay || !outcome.left.fits(job, &outcome.kept), "{:?} fits", job.id);
        }
    }

    #[test]
    fn blockers_are_true(world in world()) {
        let outcome = Outcome::of(&world);
        let nothing_kept = Kept::default();
        for job in outcome.waiting() {
            let own = outcome.kept.job.is_some_and(|kept| kept.id == job.id) || outcome.promised == Some(job.id);
            let kept = if own { &nothing_kept } else { &outcome.kept };
            let possible = outcome.left.could_fit_when_empty(job);
            let fits_but_for_kept = outcome.left.fits(job, &nothing_kept);
            prop_assert_eq!(outcome.is_blocked_by(job, BlockerCode::NoMatchingGpu), !possible);
            prop_assert_eq!(outcome.is_blocked_by(job, BlockerCode::GpusBusy), possible && !fits_but_for_kept);
            if outcome.is_blocked_by(job, BlockerCode::ReservedForEarlierJob) {
                prop_assert!(!own && (outcome.promised.is_some() || !outcome.left.fits(job, kept)));
            } else {
                prop_assert!(own || !fits_but_for_kept || outcome.left.fits(job, kept));
            }
        }
    }

    #[test]
    fn what_is_kept_would_serve_its_job(world in world()) {
        let outcome = Outcome::of(&world);
        let Some(job) = outcome.kept.job else { return Ok(()) };
        prop_assert_eq!(outcome.kept.gpus.len(), job.requirements.count as usize);
        let hosts: Vec<_> = world.snapshot.hosts.iter()
            .filter(|host| host.gpus.iter().any(|gpu| outcome.kept.gpus.contains(&gpu.id)))
            .collect();
        prop_assert!(hosts.len() == 1 || !job.requirements.single_host);
        for host in hosts {
            let kept = host.gpus.iter().filter(|gpu| outcome.kept.gpus.contains(&gpu.id));
            prop_assert!(kept.into_iter().all(|gpu| eligible(job, host, gpu)));
        }
    }
}

/// The same world with every list in another order.
fn shuffled(world: &World, seed: u64) -> World {
    let mut world = world.clone();
    let snapshot = &mut world.snapshot;
    shuffle(&mut snapshot.hosts, seed);
    for host in &mut snapshot.hosts {
        shuffle(&mut host.gpus, seed);
        shuffle(&mut host.labels, seed);
    }
    shuffle(&mut snapshot.waiting, seed);
    shuffle(&mut snapshot.running, seed);
    shuffle(&mut snapshot.organizations, seed);
    world
}

/// Fisher and Yates, drawing from a linear congruential sequence.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for last in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (seed >> 33) as usize % (last + 1));
    }
}
