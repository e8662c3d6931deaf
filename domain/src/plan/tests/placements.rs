//! Which job gets which GPUs.

use crate::plan::{Rules, plan_by};

use super::world::{H100, L4, World, at, label};

#[test]
fn priority_goes_before_age() {
    let mut world = World::default();
    world.host("a").gpus(1, H100);
    world.job(1);
    world.job(2).priority(5);
    world.expect(&["1 waits GpusBusy", "2 gets a0"]);
}

#[test]
fn a_job_goes_where_the_fewest_matching_gpus_remain() {
    let mut world = World::default();
    world.host("a").gpus(8, H100);
    world.host("b").gpus(4, H100).busy(1);
    world.job(1).gpus(2);
    world.expect(&["1 gets b1 b2"]);
}

#[test]
fn gpus_that_are_of_no_use_to_the_jobs_seen_lately_go_first() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).busy(1);
    world.host("b").gpus(4, H100).cores_taken(60.0);
    world.job(1).cores(8.0);
    world.last_was_seen(10);
    world.job(1);
    world.expect(&["1 gets b0"]);
    let unscored = Rules { scores: 0, ..Rules::default() };
    let tightest = plan_by(&world.snapshot, &unscored, at(0));
    world.snapshot.seen.clear();
    assert_eq!(tightest, world.plan());
    world.expect(&["1 gets a1"]);
}

#[test]
fn among_equal_fits_a_small_job_takes_the_small_card() {
    let mut world = World::default();
    world.host("a").gpus(2, H100);
    world.host("b").gpus(2, L4);
    world.job(1);
    world.job(2).gpu_type("h100");
    world.expect(&["1 gets b0", "2 gets a0"]);
}

#[test]
fn on_a_mixed_host_the_smallest_card_that_will_do_is_taken() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).gpus(2, L4);
    world.job(1);
    world.job(2).asks(|asked| asked.min_memory_gb = Some(80.0));
    world.expect(&["1 gets a1", "2 gets a0"]);
}

#[test]
fn a_share_goes_to_the_fullest_gpu_that_has_enough_left() {
    let mut world = World::default();
    world.host("a").gpus(3, H100).taken(1, 500).taken(2, 700);
    world.job(1).share(300);
    world.job(2).share(300);
    world.job(3).share(300);
    world.expect(&["1 gets a2/300", "2 gets a1/300", "3 gets a0/300"]);
}

#[test]
fn a_shared_gpu_is_not_given_whole() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).taken(0, 1);
    world.job(1);
    world.expect(&["1 waits GpusBusy"]);
}

#[test]
fn a_gang_gets_all_or_nothing() {
    let mut world = World::default();
    world.host("a").gpus(2, H100);
    world.host("b").gpus(2, H100);
    world.job(1).gpus(3);
    world.job(2).gpus(3).across_hosts();
    world.expect(&["1 waits NoMatchingGpu", "2 gets a0 a1 b0"]);
}

#[test]
fn a_job_that_may_spread_still_prefers_one_host() {
    let mut world = World::default();
    world.host("a").gpus(2, H100);
    world.host("b").gpus(3, H100);
    world.job(1).gpus(3).across_hosts();
    world.expect(&["1 gets b0 b1 b2"]);
}

#[test]
fn a_job_that_spreads_takes_the_roomiest_hosts_and_the_rest_from_the_tightest() {
    let mut world = World::default();
    world.host("a").gpus(2, H100);
    world.host("b").gpus(4, H100);
    world.host("c").gpus(1, H100);
    world.job(1).gpus(5).across_hosts();
    world.expect(&["1 gets b0 b1 b2 b3 c0"]);
}

#[test]
fn only_healthy_gpus_of_hosts_that_take_jobs_are_given() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).unschedulable();
    world.host("b").gpus(2, H100).broken(0);
    world.job(1);
    world.job(2);
    world.expect(&["1 gets b1", "2 waits GpusBusy"]);
}

#[test]
fn a_dedicated_host_serves_its_own_organization_alone() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).owned_by(2);
    world.job(1).of(1);
    world.job(2).of(2);
    world.expect(&["1 waits NoMatchingGpu", "2 gets a0"]);
}

#[test]
fn wanted_labels_choose_the_host() {
    let mut world = World::default();
    world.host("a").gpus(1, H100);
    world.host("b").gpus(2, H100).labelled("zone", "2");
    world.job(1).asks(|asked| asked.labels.push(label("zone", "2")));
    world.expect(&["1 gets b0"]);
}

#[test]
fn cores_come_with_the_gpus_in_proportion() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).cores_taken(57.0);
    world.host("b").gpus(4, H100).cores_taken(40.0);
    world.job(1).gpus(4).cores(28.0).across_hosts();
    world.job(2).gpus(2).cores(4.0);
    world.expect(&["1 gets b0 b1 b2 a0", "2 waits GpusBusy"]);
}

#[test]
fn a_ceiling_holds_for_the_plan_as_a_whole() {
    let mut world = World::default();
    world.host("a").gpus(8, H100);
    world.ceiling(1, 3, 1);
    for number in 1..=3 {
        world.job(number);
    }
    world.expect(&["1 gets a0", "2 gets a1", "3 waits OverQuota"]);
}

#[test]
fn a_held_job_is_passed_over() {
    let mut world = World::default();
    world.host("a").gpus(4, H100);
    world.job(1).held();
    world.job(2).after(&[1, 3]);
    world.job(3);
    world.expect(&["1 waits Held", "2 waits Dependency", "3 gets a0"]);
}

#[test]
fn a_jobs_cards_are_a_bridged_pair_and_a_single_card_breaks_none() {
    let mut world = World::default();
    world.host("a").gpus(8, H100).bridged().taken(0, 1000);
    world.job(1).gpus(2);
    world.job(2);
    world.job(3).gpus(4);
    world.expect(&["1 gets a2 a3", "2 gets a1", "3 gets a4 a5 a6 a7"]);
}

#[test]
fn organizations_without_a_record_take_turns_whatever_the_order_of_the_list() {
    let mut world = World::default();
    world.host("a").gpus(1, H100);
    world.job(1).of(8);
    world.job(2).of(7);
    for job in &mut world.snapshot.waiting {
        job.submitted_at = at(0);
    }
    let plan = world.plan();
    world.snapshot.waiting.reverse();
    assert_eq!(world.plan(), plan);
}
