//! When waiting jobs are foreseen to start.

use crate::estimate::Spread;
use crate::plan::{Effort, Foreseen, foresee};

use super::world::{H100, World, at, job_id};

impl World {
    /// When a job is foreseen to start, in seconds from now, when every job is as likely as not to take 1,000 seconds, and
    /// takes no more than 9,000 nine times of ten.
    fn foreseen(&self, job: u128) -> (Option<i64>, Option<i64>) {
        let spread = |_| Some(Spread { median_secs: 1000, ninety_secs: 9000 });
        let found = foresee(&self.snapshot, at(0), &[job_id(job)], spread, Effort::default());
        let Foreseen { median, ninety } = found[&job_id(job)];
        let secs =
            |time: Option<chrono::DateTime<chrono::Utc>>| time.map(|time| (time - at(0)).num_seconds());
        (secs(median), secs(ninety))
    }
}

#[test]
fn what_starts_now_is_foreseen_now() {
    let mut world = World::default();
    world.host("a").gpus(1, H100);
    world.job(1);
    assert_eq!(world.foreseen(1), (Some(0), Some(0)));
}

#[test]
fn a_job_behind_another_starts_when_that_is_thought_to_end() {
    let mut world = World::default();
    world.host("a").gpus(1, H100);
    world.job(1);
    world.job(2);
    let (median, ninety) = world.foreseen(2);
    assert!((700..=1000).contains(&median.unwrap()), "{median:?}");
    assert!((5000..=9000).contains(&ninety.unwrap()), "{ninety:?}");
}

#[test]
fn two_in_a_row_take_longer_than_one() {
    let mut world = World::default();
    world.host("a").gpus(1, H100);
    (1..=3).for_each(|number| _ = world.job(number));
    assert!(world.foreseen(3) > world.foreseen(2));
}

#[test]
fn what_runs_already_will_not_run_as_long_as_from_its_start() {
    let mut world = World::default();
    world.host("a").gpus(1, H100).busy(1);
    world.running(&["a0"], None);
    world.snapshot.running[0].started_at = Some(at(-400));
    world.job(1);
    let (median, ninety) = world.foreseen(1);
    assert!(median.unwrap() > 300 && ninety.unwrap() > 3000, "{median:?} {ninety:?}");
    assert!(median < Some(2500), "{median:?}");
}

#[test]
fn what_can_never_start_is_not_foreseen() {
    let mut world = World::default();
    world.host("a").gpus(1, H100);
    world.job(1).gpus(2);
    assert_eq!(world.foreseen(1), (None, None));
}
