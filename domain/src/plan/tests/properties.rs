//! What holds for every plan of every world.

use std::collections::HashSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::ids::{HostId, JobId, OrganizationId};
use crate::plan::core::Promise;
use crate::plan::moment::moment;
use crate::plan::{BlockerCode, Plan, Rules, load, plan_by};
use crate::snapshot::{RunningJob, WaitingJob};

use super::checker::{Kept, Leftover, eligible};
use super::random_world::world;
use super::world::{H100, World, at};

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
        self.plan.waiting[&job.id].states(code)
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
            prop_assert!(explained.is_none_or(|explanation| explanation.blockers().next().is_some()));
            prop_assert!(placed == 0 || !job.is_held_back());
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
    fn sixteen_threads_plan_what_one_does(world in world()) {
        let alone = world.plan();
        let together: Vec<Plan> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| world.plan())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        prop_assert!(together.iter().all(|plan| *plan == alone));
    }

    #[test]
    fn only_what_was_borrowed_long_enough_ago_is_asked_back_for_what_is_guaranteed(world in world()) {
        let snapshot = &world.snapshot;
        let plan = world.plan();
        for preemption in &plan.preemptions {
            let victim = snapshot.running.iter().find(|job| job.id == preemption.job).unwrap();
            let claimant = snapshot.waiting.iter().find(|job| job.id == preemption.claimed_by).unwrap();
            prop_assert!(at(0) - victim.started_at.unwrap() >= TimeDelta::seconds(Rules::default().min_run_secs));
            prop_assert!(!victim.stopping && victim.organization != claimant.organization);
            let of = |id| snapshot.organizations.iter().find(|state| state.id == id).unwrap();
            prop_assert!(of(victim.organization).allocated_milli > of(victim.organization).guaranteed_milli);
            let own = of(claimant.organization);
            let asked = i64::from(claimant.requirements.count) * i64::from(claimant.requirements.milli);
            prop_assert!(own.allocated_milli + asked <= own.guaranteed_milli);
        }
        let victims: HashSet<JobId> = plan.preemptions.iter().map(|one| one.job).collect();
        prop_assert_eq!(victims.len(), plan.preemptions.len());
    }

    #[test]
    fn whoever_is_asked_to_stop_makes_room_for_the_claimant(world in world()) {
        let plan = world.plan();
        let Some(first) = plan.preemptions.first().map(|one| one.claimed_by) else { return Ok(()) };
        let leaves = |job: &RunningJob| {
            job.stopping || plan.preemptions.iter().any(|one| one.claimed_by == first && one.job == job.id)
        };
        let mut after = Leftover::after(&world.snapshot, &plan);
        for job in world.snapshot.running.iter().filter(|job| leaves(job)) {
            after.give_back(job);
        }
        let claimant = world.snapshot.waiting.iter().find(|job| job.id == first).unwrap();
        prop_assert!(after.fits(claimant, &Kept::default()));
    }

    #[test]
    fn a_job_starts_once_all_its_blockers_are_gone(world in world()) {
        // Who has waited for long is not to change when jobs are taken away.
        let rules = Rules { urgency_secs: i64::MAX, ..Rules::default() };
        let plan = plan_by(&world.snapshot, &rules, at(0));
        let after = carried_out(&world, &plan);
        let held_back = |job: &&WaitingJob| job.is_held_back();
        let held_back: HashSet<JobId> = world.snapshot.waiting.iter().filter(held_back).map(|job| job.id).collect();
        for (id, explanation) in plan.waiting.iter().filter(|(id, _)| !held_back.contains(id)) {
            let mut freed = after.clone();
            // What is said of jobs ahead is about GPUs, not about the cores beside them.
            freed.snapshot.waiting.retain(|job| job.id == *id || job.requirements.cpus.is_none());
            for blocker in explanation.blockers() {
                remove(&mut freed, *id, blocker.code);
            }
            let started = plan_by(&freed.snapshot, &rules, at(0)).placements;
            let starts = started.iter().any(|placement| placement.job == *id);
            // A job of its own organization that starts before it gives the next turn to others.
            let of = |id: JobId| freed.snapshot.waiting.iter().find(|job| job.id == id).unwrap().organization;
            let turn_is_over = started.iter().any(|placement| of(placement.job) == of(*id));
            // Among organizations that hold as much, that of the oldest job goes first, which may be a job that was taken away.
            let served = |id: OrganizationId| {
                let state = freed.snapshot.organizations.iter().find(|state| state.id == id);
                state.map_or(0.0, |state| state.allocated_milli as f64 / state.weight)
            };
            let tied = started.iter().any(|placement| served(of(placement.job)) == served(of(*id)));
            prop_assert!(starts || turn_is_over || tied, "{:?} still waits without {:?}", id, explanation.blockers().collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_job_waits_beside_free_gpus_that_fit_it(world in world()) {
        let outcome = Outcome::of(&world);
        for job in outcome.waiting().filter(|job| !job.is_held_back()) {
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
            let anywhere = WaitingJob { needs_container: false, ..job.clone() };
            let possible_anywhere = outcome.left.could_fit_when_empty(&anywhere);
            prop_assert_eq!(outcome.is_blocked_by(job, BlockerCode::NoMatchingGpu), !possible_anywhere);
            let excluded = outcome.left.hosts.iter().any(|host| {
                !host.runs_containers && host.gpus.iter().any(|gpu| eligible(&anywhere, host, gpu))
            });
            let lacks = job.needs_container && !possible && excluded;
            prop_assert_eq!(outcome.is_blocked_by(job, BlockerCode::NoContainerRuntime), lacks);
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

/// The world with a plan carried out.
fn carried_out(world: &World, plan: &Plan) -> World {
    let mut world = world.clone();
    let snapshot = &mut world.snapshot;
    snapshot.hosts = Leftover::after(snapshot, plan).hosts;
    for placement in &plan.placements {
        let place = snapshot.waiting.iter().position(|job| job.id == placement.job).unwrap();
        let job = snapshot.waiting.remove(place);
        let own = snapshot.organizations.iter_mut().filter(|state| state.id == job.organization);
        let milli: i64 = placement.gpus.iter().map(|gpu| i64::from(gpu.milli)).sum();
        own.for_each(|state| state.allocated_milli += milli);
    }
    world
}

/// Takes a blocker away as a person could: releases, ends other jobs, buys GPUs that match.
fn remove(world: &mut World, id: JobId, code: BlockerCode) {
    let snapshot = &mut world.snapshot;
    let place = snapshot.waiting.iter().position(|job| job.id == id).unwrap();
    let organization = snapshot.waiting[place].organization;
    match code {
        BlockerCode::Held => snapshot.waiting[place].held = false,
        BlockerCode::Dependency => snapshot.waiting[place].unfinished_dependencies.clear(),
        BlockerCode::RetryPause => snapshot.waiting[place].rests_until = None,
        BlockerCode::OverQuota => {
            let own = snapshot.organizations.iter_mut().filter(|state| state.id == organization);
            own.for_each(|state| state.max_gpus_milli = None);
            // It is lifted for this job alone.
            snapshot.waiting.retain(|job| job.id == id);
        }
        BlockerCode::GpusBusy => {
            // Whose turn it is stays as it was: as if the jobs that run had moved to hosts of their own.
            snapshot.running.clear();
            for host in &mut snapshot.hosts {
                (host.cpus_allocated, host.memory_gb_allocated) = (0.0, 0.0);
                host.gpus.iter_mut().for_each(|gpu| gpu.allocated_milli = 0);
            }
        }
        BlockerCode::ReservedForEarlierJob | BlockerCode::HigherPriorityAhead | BlockerCode::FairShare => {
            snapshot.waiting.retain(|job| job.id == id);
        }
        BlockerCode::NoContainerRuntime => {
            // Those that get what runs containers are emptied for it, and are for this job.
            snapshot.waiting.retain(|job| job.id == id);
            snapshot.running.clear();
            for host in &mut snapshot.hosts {
                host.runs_containers = true;
                (host.cpus_allocated, host.memory_gb_allocated) = (0.0, 0.0);
                host.gpus.iter_mut().for_each(|gpu| gpu.allocated_milli = 0);
            }
        }
        BlockerCode::NoMatchingGpu => {
            let job = &mut snapshot.waiting[place];
            let card = job.requirements.gpu_types.first().cloned().unwrap_or_else(|| H100.0.to_owned());
            let (count, labels) = (job.requirements.count, job.requirements.labels.clone());
            job.requirements.cpus = None;
            // Those that are bought are for this job.
            snapshot.waiting.retain(|job| job.id == id);
            let host = world.host("new").gpus(count, H100).with_containers();
            host.make(|host| {
                host.labels = labels;
                host.gpus.iter_mut().for_each(|gpu| gpu.gpu_type.clone_from(&card));
            });
        }
        BlockerCode::NotYetEvaluated => unreachable!("it was evaluated"),
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
    shuffle(&mut snapshot.seen, seed);
    world
}

/// Fisher and Yates, drawing from a linear congruential sequence.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for last in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (seed >> 33) as usize % (last + 1));
    }
}
