//! The self-check: silent about what the planner plans, and loud about every way to spoil it.

use proptest::prelude::*;

use crate::plan::{Blocker, BlockerCode, BreachCode, Explanation, PACKINGS, Plan, Rules, check, plan_by};

use super::random_world::world;
use super::world::{H100, L4, World, at, job_id, org_id};

fn breaches(world: &World, plan: &Plan) -> Vec<BreachCode> {
    check(&world.snapshot, plan).into_iter().map(|breach| breach.code).collect()
}

/// Asserts what the check says of a world's plan once it has been spoilt.
fn expect(world: &World, spoil: impl FnOnce(&mut Plan), codes: &[BreachCode]) {
    let mut plan = world.plan();
    assert_eq!(check(&world.snapshot, &plan), []);
    spoil(&mut plan);
    assert_eq!(breaches(world, &plan), codes);
}

/// Two free GPUs, of which the one job gets both or one.
fn two_free(wanted: i32) -> World {
    let mut world = World::default();
    world.host("a").gpus(2, H100);
    world.host("b").gpus(2, L4).busy(2);
    world.job(1).gpus(wanted).gpu_type("h100");
    world
}

#[test]
fn a_gpu_given_twice_is_over_allocated() {
    let mut world = two_free(1);
    world.job(2).gpu_type("h100");
    let twice = |plan: &mut Plan| plan.placements[1].gpus = plan.placements[0].gpus.clone();
    expect(&world, twice, &[BreachCode::OverAllocated]);
}

#[test]
fn a_gpu_that_gives_more_than_itself_already_is_over_allocated() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).taken(0, 1200);
    assert_eq!(breaches(&world, &world.plan()), [BreachCode::OverAllocated]);
}

#[test]
fn cores_that_are_not_there_are_over_allocated() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).cores_taken(60.0);
    world.job(1).cores(4.0);
    let plan = world.plan();
    world.snapshot.waiting[0].requirements.cpus = Some(5.0);
    assert_eq!(breaches(&world, &plan), [BreachCode::OverAllocated]);
}

#[test]
fn half_a_gang_and_a_card_of_another_type_are_no_placements() {
    expect(&two_free(2), |plan| _ = plan.placements[0].gpus.pop(), &[BreachCode::WrongPlacement]);
    let world = two_free(1);
    let other = world.snapshot.hosts[1].gpus[0].id;
    expect(&world, |plan| plan.placements[0].gpus[0].gpu = other, &[BreachCode::WrongPlacement]);
}

#[test]
fn an_image_on_a_host_that_cannot_run_containers_is_no_placement() {
    let mut world = two_free(1);
    let plan = world.plan();
    world.snapshot.waiting[0].needs_container = true;
    assert_eq!(breaches(&world, &plan), [BreachCode::WrongPlacement]);
}

#[test]
fn a_job_that_nobody_speaks_of_is_noticed() {
    expect(&two_free(2), |plan| plan.placements.clear(), &[BreachCode::Unexplained]);
    expect(&two_free(3), |plan| plan.waiting.clear(), &[BreachCode::Unexplained]);
}

#[test]
fn a_ceiling_lowered_meanwhile_is_noticed() {
    let mut world = two_free(2);
    world.ceiling(1, 2, 0);
    let plan = world.plan();
    world.snapshot.organizations[0].max_gpus_milli = Some(1000);
    assert_eq!(breaches(&world, &plan), [BreachCode::OverCeiling]);
}

#[test]
fn a_job_beside_free_gpus_needs_a_reason_that_is_so() {
    let mut world = two_free(2);
    world.host("c").gpus(2, H100).busy(1);
    world.job(2).gpus(3).gpu_type("h100");
    let mut plan = world.plan();
    world.snapshot.waiting[1].requirements.count = 1;
    assert_eq!(breaches(&world, &plan), [BreachCode::WaitsBesideFreeGpus]);
    let reasons = [
        BlockerCode::Held,
        BlockerCode::Dependency,
        BlockerCode::RetryPause,
        BlockerCode::NoContainerRuntime,
        BlockerCode::OverQuota,
    ];
    for code in reasons {
        let untrue = Blocker { code, message: String::new() };
        plan.waiting.insert(job_id(2), Explanation::alone(vec![untrue]));
        assert_eq!(breaches(&world, &plan), [BreachCode::UntrueReason], "{code:?}");
    }
}

#[test]
fn what_an_organization_owns_is_not_asked_back() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).busy(2);
    world.running(&["a0", "a1"], None);
    world.snapshot.running[0].organization = org_id(2);
    world.guarantee(1, 2, 0);
    world.guarantee(2, 0, 2);
    world.job(1).gpus(2);
    let plan = world.plan();
    assert_eq!(plan.preemptions.len(), 1);
    assert_eq!(breaches(&world, &plan), []);
    world.snapshot.organizations[1].guaranteed_milli = 2000;
    assert_eq!(breaches(&world, &plan), [BreachCode::NotBorrowed]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_breaks_a_rule(world in world()) {
        for (packing, name, _) in PACKINGS {
            let plan = plan_by(&world.snapshot, &Rules { packing, ..Rules::default() }, at(0));
            prop_assert_eq!(check(&world.snapshot, &plan), [], "{}", name);
        }
    }
}
