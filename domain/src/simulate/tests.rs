//! Small worlds in virtual time. A test reads as hosts, jobs, and what is expected of them.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use crate::ids::{GpuId, HostId, JobId, OrganizationId};
use crate::plan::{POLICIES, Planner, Policy, Rules};
use crate::requirements::GpuRequirements;
use crate::snapshot::{GpuState, HostState, OrganizationState, Snapshot, WaitingJob};

use super::{Estimates, Replay, Run, Terms, TraceJob, World, apart};

fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

/// So many hosts of so many GPUs, and the weights and guarantees of those who share them.
fn hosts(count: usize, gpus: usize, shares: &[(f64, i64)]) -> World {
    let gpu = |host: usize, index: usize| GpuState {
        id: GpuId(id(host * 1000 + index)),
        version: 1,
        index: index as i32,
        gpu_type: "H100".to_owned(),
        memory_mib: 81_559,
        usable: true,
        allocated_milli: 0,
        numa_node: None,
        nvlink_peers: Vec::new(),
    };
    let host = |number: usize| HostState {
        id: HostId(id(number)),
        name: format!("{number:04}"),
        organization: None,
        schedulable: true,
        labels: Vec::new(),
        runs_containers: true,
        cpus: 64.0,
        memory_mib: 1 << 20,
        cpus_allocated: 0.0,
        memory_gb_allocated: 0.0,
        gpus: (0..gpus).map(|index| gpu(number, index)).collect(),
    };
    let organization = |(number, (weight, guaranteed)): (usize, &(f64, i64))| OrganizationState {
        id: OrganizationId(id(number)),
        max_gpus_milli: None,
        allocated_milli: 0,
        weight: *weight,
        guaranteed_milli: guaranteed * 1000,
        lately_milli: 0.0,
    };
    World {
        hosts: (0..count).map(host).collect(),
        organizations: shares.iter().enumerate().map(organization).collect(),
        jobs: Vec::new(),
    }
}

/// A job: whose, when it comes, how long it runs, how long it says, how many GPUs.
type Job = (usize, i64, i64, i64, i32);

impl World {
    fn jobs(mut self, jobs: &[Job]) -> Self {
        let size = self.hosts.first().map_or(0, |host| host.gpus.len());
        for (number, &(owner, submit_secs, run_secs, estimate, count)) in jobs.iter().enumerate() {
            let requirements =
                GpuRequirements { count, single_host: count as usize <= size, ..GpuRequirements::default() };
            let job = WaitingJob {
                id: JobId(id(number)),
                version: 1,
                organization: OrganizationId(id(owner)),
                priority: 0,
                submitted_at: DateTime::UNIX_EPOCH,
                requirements,
                needs_container: false,
                held: false,
                unfinished_dependencies: Vec::new(),
                rests_until: None,
                estimate_secs: Some(estimate),
            };
            self.jobs.push(TraceJob { job, submit_secs, run_secs, series: None });
        }
        self
    }

    fn under(&self, rules: Rules) -> Vec<Option<Run>> {
        let fleet = Snapshot {
            hosts: self.hosts.clone(),
            organizations: self.organizations.clone(),
            ..Snapshot::default()
        };
        let mut replay = Replay::new(self, &fleet, Terms { rules, estimates: Estimates::Trace });
        let mut steps = 0;
        while replay.step().is_some() {
            steps += 1;
            assert!(steps < 10_000, "time goes on and nothing is done");
        }
        replay.runs
    }

    /// By job that was ever the first to be promised a moment: the earliest such moment, and when it started.
    fn promised_and_started(&self, rules: &Rules) -> Vec<(i64, i64)> {
        let fleet = Snapshot {
            hosts: self.hosts.clone(),
            organizations: self.organizations.clone(),
            ..Snapshot::default()
        };
        let time = |secs: i64| DateTime::UNIX_EPOCH + TimeDelta::seconds(secs);
        let mut planner = Planner::new(&fleet, rules, time(0));
        let mut events: BTreeSet<(i64, bool, usize)> =
            self.jobs.iter().enumerate().map(|(number, job)| (job.submit_secs, true, number)).collect();
        let mut promised: HashMap<JobId, i64> = HashMap::new();
        let mut kept = Vec::new();
        while let Some((now, arrives, number)) = events.pop_first() {
            let job = &self.jobs[number];
            if arrives {
                planner.submit(&job.job)
            } else {
                planner.end(job.job.id, time(now))
            }
            let same_instant = events.first().is_some_and(|next| next.0 == now);
            if same_instant {
                continue;
            }
            let decided = planner.pass(time(now));
            for placement in decided.placements {
                let number = placement.job.0.as_u128() as usize - 1;
                events.insert((now + self.jobs[number].run_secs, false, number));
                kept.extend(promised.get(&placement.job).map(|by| (*by, now)));
            }
            if let Some((job, at)) = decided.promises.first().and_then(|first| Some((first.job, first.at?))) {
                let by = promised.entry(job).or_insert(i64::MAX);
                *by = (*by).min(at.timestamp());
            }
        }
        kept
    }

    /// When each job starts at last; -1: never.
    fn starts(&self, policy: &str) -> Vec<i64> {
        let runs = self.under(rules(policy));
        runs.iter().map(|run| run.as_ref().map_or(-1, |run| run.start_secs)).collect()
    }
}

fn rules(policy: &str) -> Rules {
    Rules { whole_hosts: true, min_run_secs: 5, ..Rules::of(Policy::named(policy).unwrap()) }
}

#[test]
fn fifo_lets_nothing_pass() {
    let world = hosts(1, 4, &[(1.0, 0)]).jobs(&[(0, 0, 10, 10, 3), (0, 1, 10, 10, 4), (0, 2, 1, 1, 1)]);
    assert_eq!(world.starts("fifo"), [0, 10, 20]);
}

#[test]
fn easy_lets_pass_what_does_not_put_off_the_first() {
    let world = hosts(1, 4, &[(1.0, 0)]).jobs(&[
        (0, 0, 10, 10, 3),
        (0, 1, 10, 10, 4),
        (0, 2, 9, 9, 1),
        (0, 2, 5, 5, 1),
    ]);
    assert_eq!(world.starts("easy"), [0, 10, 20, 2]);
}

#[test]
fn easy_looks_again_at_like_jobs_when_another_has_changed_the_tightest_host() {
    // The gang is promised the first and the last host for second 20. The tightest host of a long job is the first one,
    // until a short one has filled it: then the next long job, not the one before, goes to the second host.
    let world = hosts(3, 4, &[(1.0, 0)]).jobs(&[
        (0, 0, 20, 20, 3),
        (0, 0, 90, 90, 2),
        (0, 0, 20, 20, 4),
        (0, 1, 10, 10, 8),
        (0, 2, 50, 50, 1),
        (0, 2, 5, 5, 1),
        (0, 2, 50, 50, 1),
    ]);
    assert_eq!(world.starts("easy"), [0, 0, 0, 20, 20, 2, 2]);
}

#[test]
fn the_shortest_goes_first_and_may_be_looked_at_first() {
    let world = hosts(1, 2, &[(1.0, 0)]).jobs(&[(0, 0, 10, 10, 2), (0, 1, 9, 9, 2), (0, 2, 3, 3, 2)]);
    assert_eq!(world.starts("sjf"), [0, 13, 10]);
    let world = hosts(1, 4, &[(1.0, 0)]).jobs(&[
        (0, 0, 10, 10, 3),
        (0, 1, 10, 10, 4),
        (0, 2, 6, 6, 1),
        (0, 2, 3, 3, 1),
    ]);
    assert_eq!(world.starts("easy-sjbf"), [0, 10, 20, 2]);
    assert_eq!(world.starts("easy"), [0, 10, 2, 20]);
}

#[test]
fn a_gang_takes_whole_hosts_and_the_remainder_on_the_tightest() {
    let world = hosts(4, 8, &[(1.0, 0)]).jobs(&[(0, 0, 9, 9, 5), (0, 1, 9, 9, 10)]);
    let runs = world.under(rules("easy"));
    let hosts: Vec<usize> = runs[1].as_ref().unwrap().gpus.iter().map(|(host, _)| *host).collect();
    assert_eq!(hosts, [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
}

#[test]
fn the_organization_with_less_for_its_weight_has_its_turn() {
    let world = hosts(1, 4, &[(1.0, 0), (3.0, 0)]).jobs(&[
        (0, 0, 10, 10, 1),
        (0, 0, 10, 10, 1),
        (0, 0, 10, 10, 1),
        (1, 0, 10, 10, 1),
        (1, 0, 10, 10, 1),
        (1, 0, 10, 10, 1),
    ]);
    assert_eq!(world.starts("fair"), [0, 10, 10, 0, 0, 0]);
}

#[test]
fn jobs_that_end_together_lie_together_so_that_a_gang_finds_a_host_of_its_own() {
    // The tightest host for the third job is the first one, which it would keep busy; the second is busy for longer anyway.
    let world = hosts(2, 4, &[(1.0, 0)]).jobs(&[
        (0, 0, 10, 10, 3),
        (0, 1, 90, 90, 2),
        (0, 2, 50, 50, 1),
        (0, 3, 20, 20, 4),
    ]);
    assert_eq!(world.starts("fair"), [0, 1, 2, 10]);
    assert_eq!(world.starts("fair-easy"), [0, 1, 2, 52]);
}

#[test]
fn who_has_waited_for_long_goes_before_who_holds_less() {
    let world = hosts(1, 4, &[(1.0, 0), (1.0, 0), (1.0, 0)]).jobs(&[
        (0, 0, 900, 900, 2),
        (1, 0, 900, 900, 1),
        (2, 0, 100, 100, 1),
        (0, 1, 10, 10, 1),
        (1, 99, 10, 10, 1),
    ]);
    let last_two = |urgency_secs: i64| {
        let runs = world.under(Rules { urgency_secs, ..rules("fair") });
        [3, 4].map(|job: usize| runs[job].as_ref().unwrap().start_secs)
    };
    assert_eq!(last_two(i64::MAX), [110, 100]);
    assert_eq!(last_two(50), [100, 110]);
}

#[test]
fn what_was_borrowed_comes_back_and_starts_anew() {
    let world =
        hosts(1, 4, &[(1.0, 0), (1.0, 2)]).jobs(&[(0, 0, 30, 30, 2), (0, 0, 30, 30, 2), (1, 10, 5, 5, 2)]);
    let runs = world.under(rules("fair"));
    assert_eq!(world.starts("fair"), [15, 0, 10]);
    assert_eq!(runs[0].as_ref().unwrap().preempted, 1);
}

#[test]
fn nothing_is_taken_back_within_its_least_run_time_or_beyond_a_guarantee() {
    let early = hosts(1, 2, &[(1.0, 0), (1.0, 2)]).jobs(&[(0, 0, 30, 30, 2), (1, 3, 5, 5, 2)]);
    assert_eq!(early.starts("fair"), [0, 30]);
    let beyond =
        hosts(1, 4, &[(1.0, 2), (1.0, 2)]).jobs(&[(0, 0, 30, 30, 2), (1, 0, 30, 30, 2), (1, 9, 5, 5, 2)]);
    assert_eq!(beyond.starts("fair"), [0, 0, 30]);
}

#[test]
fn static_quotas_are_whole_hosts_by_weight_and_never_below_the_largest_job() {
    let world = hosts(4, 4, &[(3.0, 0), (1.0, 0), (0.1, 0)]).jobs(&[
        (0, 0, 9, 9, 1),
        (1, 0, 9, 9, 2),
        (2, 0, 9, 9, 7),
    ]);
    let parts = apart(&world);
    let hosts: Vec<usize> = parts.iter().map(|alone| alone.world.hosts.len()).collect();
    assert_eq!(hosts, [3, 1, 2]);
    assert_eq!(parts[1].places, [1]);
}

#[test]
fn static_quotas_of_a_pool_are_whole_gpus() {
    let world = hosts(1, 10, &[(2.0, 0), (1.0, 0)]);
    let gpus: Vec<usize> = apart(&world).iter().map(|alone| alone.world.hosts[0].gpus.len()).collect();
    assert_eq!(gpus, [7, 4]);
}

fn random_world() -> impl Strategy<Value = World> {
    let job = (0usize..3, 0i64..60, 1i64..40, 0i64..30, prop_oneof![4 => 1i32..4, 1 => 4i32..9]);
    let shares = vec((1u8..4, 0i64..3), 3);
    (1usize..4, 1usize..5, vec(job, 1..40), shares).prop_map(|(count, gpus, mut jobs, shares)| {
        jobs.sort_by_key(|job| job.1);
        let jobs: Vec<Job> =
            jobs.into_iter().map(|(owner, at, run, more, n)| (owner, at, run, run + more, n)).collect();
        let shares: Vec<(f64, i64)> =
            shares.into_iter().map(|(weight, own)| (f64::from(weight), own)).collect();
        hosts(count, gpus, &shares).jobs(&jobs)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_gpu_serves_two_jobs_at_once_and_all_that_fits_is_done(world in random_world()) {
        let capacity: usize = world.hosts.iter().map(|host| host.gpus.len()).sum();
        for policy in POLICIES {
            let runs = world.under(rules(policy.name));
            let mut held: Vec<((usize, usize), i64, i64)> = runs.iter().flatten()
                .flat_map(|run| run.gpus.iter().map(|gpu| (*gpu, run.start_secs, run.end_secs)))
                .collect();
            held.sort_unstable();
            for pair in held.windows(2) {
                prop_assert!(pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1, "{}: {:?}", policy.name, pair);
            }
            for (job, run) in world.jobs.iter().zip(&runs) {
                let count = job.job.requirements.count as usize;
                let size = world.hosts[0].gpus.len();
                let fits = count <= size || (count <= capacity && count.div_ceil(size) <= world.hosts.len());
                prop_assert_eq!(run.is_some(), fits, "{}: {} GPUs", policy.name, count);
                if let Some(run) = run {
                    prop_assert_eq!(run.gpus.len(), count);
                    prop_assert!(run.start_secs >= job.submit_secs);
                    prop_assert_eq!(run.end_secs - run.start_secs, job.run_secs);
                }
            }
        }
    }

    #[test]
    fn with_one_line_nobody_starts_later_than_promised(world in random_world()) {
        for policy in ["easy", "easy-sjbf"] {
            for (promised, started) in world.promised_and_started(&rules(policy)) {
                prop_assert!(started <= promised, "{}: {} after {}", policy, started, promised);
            }
        }
    }

    #[test]
    fn a_large_job_waits_no_longer_than_what_it_could_wait_for(world in random_world()) {
        let all: i64 = world.jobs.iter().map(|job| job.run_secs).sum();
        let runs = world.under(rules("fair"));
        for (job, run) in world.jobs.iter().zip(&runs) {
            // While it waits, a job of another runs or is to be asked back: at worst all of them, one after another, and
            // those that were asked back once more.
            let Some(run) = run else { continue };
            let again: i64 = runs.iter().flatten().map(|run| i64::from(run.preempted)).sum::<i64>() * all;
            prop_assert!(run.start_secs - job.submit_secs <= all + again);
        }
    }

    #[test]
    fn the_same_world_has_the_same_schedule(world in random_world()) {
        for policy in POLICIES {
            prop_assert_eq!(world.under(rules(policy.name)), world.under(rules(policy.name)));
        }
    }

    #[test]
    fn without_guarantees_nothing_is_taken_back(world in random_world()) {
        let mut world = world;
        world.organizations.iter_mut().for_each(|one| one.guaranteed_milli = 0);
        prop_assert!(world.under(rules("fair")).iter().flatten().all(|run| run.preempted == 0));
    }
}
