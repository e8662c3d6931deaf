//! The first job that does not fit keeps GPUs; what comes behind it runs beside them, or waits.

use proptest::prelude::*;

use crate::ids::JobId;
use crate::plan::Placement;

use super::world::{H100, L4, World, job_id};

#[test]
fn later_jobs_leave_alone_what_is_kept_and_use_the_rest() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).busy(1);
    world.host("b").gpus(4, H100).busy(2);
    world.job(1).gpus(4);
    world.job(2).gpus(2);
    world.job(3);
    world.expect(&["1 waits GpusBusy", "2 gets b2 b3", "3 waits ReservedForEarlierJob HigherPriorityAhead"]);
    world.expect_said(3, "3 of the 3 matching GPUs that are free are kept for an earlier job");
}

#[test]
fn gpus_are_kept_where_most_are_free_already() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).busy(3);
    world.host("b").gpus(4, H100).busy(1);
    world.job(1).gpus(4);
    world.job(2);
    world.job(3);
    world.expect(&["1 waits GpusBusy", "2 gets a3", "3 waits ReservedForEarlierJob HigherPriorityAhead"]);
}

#[test]
fn gpus_are_kept_where_time_limits_free_them_first() {
    let mut world = World::default();
    world.host("a").gpus(3, H100).busy(1);
    world.host("b").gpus(3, H100).busy(2);
    world.running(&["b0", "b1"], Some(60));
    world.job(1).gpus(3);
    world.job(2).gpus(2);
    world.expect(&["1 waits GpusBusy", "2 gets a1 a2"]);
}

#[test]
fn only_as_many_gpus_are_kept_as_the_job_needs() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).gpus(2, L4).busy(1);
    world.job(1).gpus(2).gpu_type("h100");
    world.job(2);
    world.expect(&["1 waits GpusBusy", "2 gets a2"]);
}

#[test]
fn the_ceiling_is_kept_free_for_the_job_that_has_gpus_kept() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).busy(1);
    world.host("b").gpus(2, L4);
    world.ceiling(1, 3, 0);
    world.job(1).gpus(2).gpu_type("h100");
    world.job(2);
    world.job(3);
    world.expect(&["1 waits GpusBusy", "2 gets b0", "3 waits OverQuota"]);
    let said = "The organization holds 1 of at most 3 GPUs, 2 more are kept for an earlier job of it, \
                and the job needs 1";
    world.expect_said(3, said);
}

#[test]
fn a_job_without_room_under_its_ceiling_keeps_nothing() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).busy(1);
    world.ceiling(1, 2, 1);
    world.job(1).gpus(2);
    world.job(2).of(2);
    world.expect(&["1 waits GpusBusy OverQuota", "2 gets a1"]);
}

#[test]
fn cores_are_kept_as_well() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).cores_taken(32.0);
    world.job(1).gpus(2).cores(40.0);
    world.job(2).cores(1.0);
    world.job(3);
    world.expect(&["1 waits GpusBusy", "2 waits ReservedForEarlierJob HigherPriorityAhead", "3 gets a2"]);
}

/// A fleet on which jobs start by plan and end oldest first.
struct Life {
    world: World,
    running: Vec<Placement>,
    next: u128,
}

impl Life {
    fn pass(&mut self) -> Vec<JobId> {
        let placements = self.world.plan().placements;
        let started: Vec<JobId> = placements.iter().map(|placement| placement.job).collect();
        for placement in &placements {
            self.change(placement, 1);
        }
        self.world.snapshot.waiting.retain(|job| !started.contains(&job.id));
        self.running.extend(placements);
        started
    }

    fn end_oldest(&mut self) {
        if !self.running.is_empty() {
            let ended = self.running.remove(0);
            self.change(&ended, -1);
        }
    }

    fn change(&mut self, placement: &Placement, sign: i32) {
        let gpus = self.world.snapshot.hosts.iter_mut().flat_map(|host| &mut host.gpus);
        for gpu in gpus {
            let taken = placement.gpus.iter().filter(|placed| placed.gpu == gpu.id);
            gpu.allocated_milli += sign * taken.map(|placed| placed.milli).sum::<i32>();
        }
    }

    fn submit(&mut self, share: i32) {
        self.world.job(self.next).share(share);
        self.next += 1;
    }
}

proptest! {
    #[test]
    fn a_stream_of_small_jobs_does_not_starve_a_large_one(
        sizes in proptest::collection::vec(1i32..5, 1..4),
        shares in proptest::collection::vec(prop_oneof![Just(1000), Just(500), Just(250)], 64),
        spread: bool,
    ) {
        let mut world = World::default();
        for (number, size) in sizes.iter().enumerate() {
            world.host(&format!("h{number}-")).gpus(*size, H100);
        }
        let mut life = Life { world, running: Vec::new(), next: 100 };
        for share in &shares {
            life.submit(*share);
        }
        life.pass();
        let largest = if spread { sizes.iter().sum() } else { sizes.iter().copied().max().unwrap_or(1) };
        let big = life.world.job(1).gpus(largest).priority(1);
        if spread { big.across_hosts(); }
        // Whatever ran when it was submitted ends in so many steps; then it must run.
        let mut steps = life.running.len();
        let mut started = life.pass().contains(&job_id(1));
        while !started && steps > 0 {
            life.submit(shares[steps % shares.len()]);
            life.end_oldest();
            started = life.pass().contains(&job_id(1));
            steps -= 1;
        }
        prop_assert!(started);
    }
}
