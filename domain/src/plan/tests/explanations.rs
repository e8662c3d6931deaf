//! What the jobs that stay are told.

use super::world::{H100, L4, World, at, label};

#[test]
fn a_busy_fleet_tells_how_many_are_free() {
    let mut world = World::default();
    world.host("a").gpus(8, H100).busy(5);
    world.job(1).gpus(4);
    world.expect_said(1, "3 of 8 matching GPUs are free, the job needs 4");
}

#[test]
fn scattered_gpus_are_told_apart_from_too_few() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).busy(2);
    world.host("b").gpus(4, H100).busy(1);
    world.job(1).gpus(4);
    let said = "5 of 8 matching GPUs are free, at most 3 of them on one host, the job needs 4 on one host";
    world.expect_said(1, said);
}

#[test]
fn missing_cores_are_named() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).cores_taken(60.0);
    world.job(1).gpus(2).cores(8.0);
    world.expect_said(
        1,
        "2 of 2 matching GPUs are free, but their hosts have too few CPU cores or too little memory left, \
         the job needs 4 cores with each of 2 GPUs",
    );
}

#[test]
fn every_blocker_is_told_at_once() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).busy(2);
    world.ceiling(2, 4, 2);
    world.job(1).gpus(3);
    world.job(2).of(2).gpus(3).held().resting().after(&[1]);
    let all = "2 waits Held Dependency RetryPause GpusBusy ReservedForEarlierJob OverQuota FairShare";
    world.expect(&["1 waits GpusBusy", all]);
    world.expect_said(2, "The organization holds 2 of at most 4 GPUs, the job needs 3");
    world.expect_said(
        2,
        "1 job of an organization that holds less than its own, or less for its weight, goes first; \
         this organization holds 2 GPUs with the weight 1",
    );
    world.expect_said(2, "2 of the 2 matching GPUs that are free are kept for an earlier job");
}

#[test]
fn a_job_above_its_ceiling_is_told_that_it_can_never_start() {
    let mut world = World::default();
    world.host("a").gpus(8, H100);
    world.ceiling(1, 2, 0);
    world.job(1).gpus(4);
    world.expect(&["1 waits OverQuota"]);
    let said =
        "The job needs 4 GPUs, more than the organization's ceiling of 2 GPUs: it can never start under it";
    world.expect_said(1, said);
}

#[test]
fn an_unknown_type_is_named_and_blocks_nobody() {
    let mut world = World::default();
    world.host("a").gpus(8, H100).busy(1);
    world.job(1).gpu_type("B200");
    world.job(2).gpus(7);
    world.expect(&["1 waits NoMatchingGpu", "2 gets a1 a2 a3 a4 a5 a6 a7"]);
    world.expect_said(1, "0 of 8 GPUs match type 'B200'; the job needs 1");
}

#[test]
fn each_requirement_that_excludes_gpus_is_named() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).broken(3).labelled("zone", "1");
    world.host("b").gpus(4, L4);
    world.job(1).gpus(5).gpu_type("h100").across_hosts();
    world.job(2).asks(|asked| {
        asked.min_memory_gb = Some(40.0);
        asked.labels.push(label("zone", "2"));
    });
    world.expect_said(
        1,
        "4 of 8 GPUs match type 'h100'; 3 of these 4 work and are on hosts that take jobs; \
         3 match in all, the job needs 5",
    );
    world.expect_said(
        2,
        "4 of 8 GPUs have at least 40 GB; 0 of these 4 are on hosts labelled zone=2; the job needs 1",
    );
}

#[test]
fn other_organizations_hosts_are_not_even_counted() {
    let mut world = World::default();
    world.host("a").gpus(8, H100).owned_by(2);
    world.job(1);
    world.expect_said(1, "There are no GPUs that the organization may use; the job needs 1");
}

#[test]
fn only_jobs_that_want_the_same_gpus_are_in_the_way() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).busy(1);
    world.host("b").gpus(1, L4).busy(1);
    world.job(1).gpu_type("h100");
    world.job(2).gpu_type("l4");
    world.job(3).gpu_type("h100");
    world.expect(&["1 waits GpusBusy", "2 waits GpusBusy", "3 waits GpusBusy HigherPriorityAhead"]);
    assert_eq!(world.explanation(3).position, 2);
}

#[test]
fn held_jobs_are_not_ahead_of_anybody() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).busy(1);
    world.job(1).held();
    world.job(2);
    assert_eq!(world.explanation(2).position, 0);
}

#[test]
fn the_first_job_is_told_when_the_time_limits_let_it_start() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).busy(4);
    world.host("b").gpus(4, H100).busy(4);
    world.running(&["a0", "a1"], Some(900));
    world.running(&["b0", "b1"], Some(600));
    world.running(&["b2", "b3"], None);
    world.job(1).gpus(2);
    world.job(2).gpus(2);
    assert_eq!(world.explanation(1).estimated_start_at, Some(at(600)));
    assert_eq!(world.explanation(2).estimated_start_at, None);
}

#[test]
fn a_share_is_told_when_enough_of_one_gpu_comes_free() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).taken(0, 900);
    world.running(&["a0"], Some(-5));
    world.job(1).share(250);
    world.expect_said(1, "0 of 1 matching GPUs have 0.25 of a GPU free, the job needs one that has");
    assert_eq!(world.explanation(1).estimated_start_at, Some(at(0)));
}

#[test]
fn hosts_that_cannot_run_containers_are_counted_and_serve_no_job_with_an_image() {
    let mut world = World::default();
    world.host("a").gpus(4, H100);
    world.host("b").gpus(4, H100);
    world.host("c").gpus(4, L4).with_containers();
    world.job(1).gpu_type("h100").with_image();
    world.job(2).gpu_type("h100");
    world.job(3).with_image();
    world.expect(&["1 waits NoContainerRuntime", "2 gets a0", "3 gets c0"]);
    world.expect_said(1, "The job has an image, and 0 of 2 hosts with matching GPUs can run containers");
}

#[test]
fn too_few_hosts_that_run_containers_and_too_few_gpus_are_told_apart() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).with_containers();
    world.host("b").gpus(4, H100);
    world.job(1).gpus(4).with_image();
    world.job(2).gpus(8).across_hosts().with_image();
    world.expect(&["1 waits NoContainerRuntime", "2 waits NoMatchingGpu NoContainerRuntime"]);
    world.expect_said(1, "The job has an image, and 1 of 2 hosts with matching GPUs can run containers");
}
