//! What a waiting job is told that would start it now.

use proptest::prelude::*;

use crate::plan::{SuggestionCode, plan, suggest};
use crate::snapshot::WaitingJob;

use super::random_world::world;
use super::world::{H100, L4, World, at, job_id};

impl World {
    /// Asserts all that is suggested for a job.
    fn suggests(&self, job: u128, messages: &[&str]) {
        let found = suggest(&self.snapshot, at(0), job_id(job));
        let said: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(said, messages);
    }
}

#[test]
fn fewer_gpus_or_several_hosts() {
    let mut world = World::default();
    world.host("a").gpus(4, H100).busy(2);
    world.host("b").gpus(4, H100).busy(1);
    world.job(1).gpus(4);
    world.suggests(1, &["on several hosts: now, on a and b", "with 3 GPUs instead of 4: now, on b"]);
}

#[test]
fn another_type_or_a_smaller_card() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).busy(2);
    world.host("b").gpus(2, L4);
    world.job(1).gpus(2).gpu_type("h100");
    world.job(2).gpus(2).asks(|asked| asked.min_memory_gb = Some(80.0));
    world.suggests(1, &["without the type 'h100': now, on b"]);
    world.suggests(2, &["with 24 GB of GPU memory instead of 80: now, on b"]);
}

#[test]
fn without_its_image_where_no_host_runs_containers() {
    let mut world = World::default();
    world.host("a").gpus(2, H100);
    world.job(1).with_image();
    world.suggests(1, &["without its image: now, on a"]);
}

#[test]
fn two_wishes_where_one_is_not_enough() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).busy(2);
    world.host("b").gpus(4, L4).busy(2);
    world.job(1).gpus(4).gpu_type("h100");
    world.suggests(1, &["without the type 'h100' and with 2 GPUs instead of 4: now, on b"]);
}

#[test]
fn fewer_gpus_under_a_ceiling() {
    let mut world = World::default();
    world.host("a").gpus(8, H100).busy(1);
    world.ceiling(1, 4, 1);
    world.job(1).gpus(4);
    world.suggests(1, &["with 3 GPUs instead of 4: now, on a"]);
}

#[test]
fn a_shorter_run_beside_a_promise() {
    let mut world = World::default();
    world.host("a").gpus(2, H100).busy(1);
    world.running(&["a0"], Some(5400));
    world.job(1).gpus(2);
    world.job(2);
    world.expect(&["1 waits GpusBusy", "2 waits ReservedForEarlierJob HigherPriorityAhead"]);
    world.suggests(2, &["with a time limit of 1 h 30 min: now, on a"]);
}

#[test]
fn half_a_gpu_and_fewer_cores() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).taken(0, 500).cores_taken(48.0);
    world.job(1).cores(12.0);
    world.suggests(1, &["with 0.5 of a GPU instead of 1: now, on a"]);
    let mut world = World::default();
    world.host("a").gpus(1, H100).cores_taken(48.0);
    world.job(1).cores(32.0);
    world.suggests(1, &["with 16 CPU cores instead of 32: now, on a"]);
}

#[test]
fn nothing_but_a_release_for_what_is_held_and_nothing_for_what_starts_anyway() {
    let mut world = World::default();
    world.host("a").gpus(2, H100);
    world.job(1).held();
    world.job(2);
    world.suggests(1, &["released: now, on a"]);
    world.suggests(2, &[]);
    world.suggests(3, &[]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_suggested_starts_the_job(world in world()) {
        for job in &world.snapshot.waiting {
            for suggestion in suggest(&world.snapshot, at(0), job.id) {
                let mut changed = world.snapshot.clone();
                let limit = suggestion.time_limit_secs.or(job.estimate_secs);
                let other = WaitingJob {
                    requirements: suggestion.requirements,
                    needs_container: job.needs_container && suggestion.code != SuggestionCode::WithoutImage,
                    estimate_secs: limit,
                    held: false,
                    rests_until: None,
                    ..job.clone()
                };
                changed.waiting.iter_mut().filter(|one| one.id == job.id).for_each(|one| *one = other.clone());
                let plan = plan(&changed, at(0));
                let placed = plan.placements.iter().find(|placement| placement.job == job.id);
                prop_assert!(placed.is_some(), "{:?}: {}", job.id, suggestion.message);
            }
        }
    }
}
