//! How news and keys change what is shown.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

use crossterm::event::KeyCode;
use serde_json::json;

use super::super::keys::Wish;
use super::super::testing::{RICH, World, gpu, id, job, now, place, reading, reason, running};
use super::*;

fn three_jobs() -> World {
    let jobs = vec![
        running(1, "first", 60, None),
        job(2, "second", &json!({})),
        job(3, "third", &json!({ "priority": 5 })),
    ];
    World::new(80, 24).snapshot(vec![gpu(1, "a", 0, &json!({}))], jobs)
}

fn listed(world: &World) -> Vec<String> {
    world.state.job_list(now()).iter().map(|job| job.line.name.clone()).collect()
}

#[test]
fn running_jobs_come_first_then_the_queue_by_priority_and_age() {
    assert_eq!(listed(&three_jobs()), ["first", "third", "second"]);
}

#[test]
fn a_job_that_is_submitted_elsewhere_appears_by_itself_and_one_that_ends_stays_a_while() {
    let mut world = three_jobs();
    world.tell(News::Job(job(4, "fourth", &json!({}))));
    assert!(listed(&world).contains(&"fourth".to_owned()));
    let ended = json!({ "status": "FAILED", "exitCode": 137, "version": 9, "finishedAt": now() });
    world.tell(News::Job(job(4, "fourth", &ended)));
    assert_eq!(listed(&world).last().unwrap(), "fourth");
    assert!(world.picture().contains("exit 137"), "{}", world.picture());
    for number in 100..140 {
        let changes = json!({ "status": "SUCCEEDED", "version": 4, "finishedAt": now() });
        world.tell(News::Job(job(number, "done", &changes)));
    }
    assert_eq!(listed(&world).len(), 3 + 20);
}

#[test]
fn what_is_older_than_what_is_known_is_passed_over() {
    let mut world = three_jobs();
    world.tell(News::Job(job(1, "old name", &json!({ "version": 2 }))));
    assert_eq!(listed(&world)[0], "first");
    world.tell(News::Gpu(gpu(1, "a", 0, &json!({ "status": "ALLOCATED", "version": 5 }))));
    world.tell(News::Gpu(gpu(1, "a", 0, &json!({ "status": "AVAILABLE", "version": 4 }))));
    assert_eq!(world.state.picture().fleet.counts().busy, 1);
}

#[test]
fn a_new_snapshot_takes_away_what_is_gone() {
    let mut world = three_jobs();
    let gpus = vec![gpu(2, "b", 0, &json!({}))];
    world.tell(News::Snapshot { gpus, jobs: vec![job(2, "second", &json!({}))], cut_short: false });
    assert_eq!(listed(&world), ["second"]);
    assert!(world.state.picture().fleet.host("a").is_none());
    let gone = vec![id("gpu", 2), id("job", 2)];
    world.tell(News::Seen { gpus: Vec::new(), jobs: Vec::new(), gone });
    assert!(listed(&world).is_empty());
    assert_eq!(world.state.picture().fleet.counts().gpus, 0);
}

#[test]
fn a_paused_picture_stands_still_and_catches_up() {
    let mut world = three_jobs();
    world.press(KeyCode::Char('p'));
    world.tell(News::Job(job(4, "fourth", &json!({}))));
    assert_eq!(listed(&world).len(), 3);
    assert!(world.picture().contains("paused 0s, 1 changes since"), "{}", world.picture());
    world.press(KeyCode::Char('p'));
    assert_eq!(listed(&world).len(), 4);
}

#[test]
fn a_break_is_shown_and_so_is_its_end() {
    let mut world = three_jobs();
    world.tell(News::Cut("connection refused".to_owned()));
    let all = world.picture();
    assert!(all.contains("cut off") && all.contains("trying again: connection refused"), "{all}");
    assert!(all.contains("first"), "what was known stays: {all}");
    world.tell(News::Standing);
    let all = world.picture();
    assert!(all.contains("live") && !all.contains("cut off"), "{all}");
}

#[test]
fn a_job_is_cancelled_only_after_a_yes() {
    let mut world = three_jobs();
    assert_eq!(world.press(KeyCode::Char('c')), None);
    assert!(world.picture().contains("Cancel this job?") && world.picture().contains("first"));
    world.press(KeyCode::Char('n'));
    for other in [KeyCode::Enter, KeyCode::Esc, KeyCode::Char('c'), KeyCode::Char('n'), KeyCode::F(9)] {
        world.press(KeyCode::F(9));
        assert_eq!(world.press(other), None, "{other:?}");
        assert!(world.state.dialog.is_none(), "{other:?}");
    }
    world.press(KeyCode::F(9));
    let Some(Wish::Ask(Order::Cancel { id: asked, .. })) = world.press(KeyCode::Char('y')) else {
        panic!("not asked for")
    };
    assert_eq!(asked, id("job", 1));
    world.tell(News::Cancelled { name: "first".to_owned(), outcome: Ok(JobStatus::Stopping) });
    assert!(world.picture().contains("first is asked to stop"), "{}", world.picture());
}

#[test]
fn the_job_that_was_asked_about_is_the_one_that_is_cancelled() {
    let mut world = three_jobs();
    world.press(KeyCode::Char('c'));
    // Meanwhile another job comes to stand in its place.
    world.tell(News::Job(running(5, "intruder", 4000, None)));
    world.settle();
    let wish = world.press(KeyCode::Char('y'));
    assert!(matches!(wish, Some(Wish::Ask(Order::Cancel { id: asked, .. })) if asked == id("job", 1)));
}

#[test]
fn viewers_and_readonly_cancel_nothing() {
    for (role, readonly, word) in [(Role::Viewer, false, "VIEWER"), (Role::Operator, true, "--readonly")] {
        let mut world =
            World::with(80, 24, RICH, role, readonly).snapshot(Vec::new(), vec![running(1, "a", 1, None)]);
        world.press(KeyCode::Char('c'));
        assert!(world.state.dialog.is_none());
        assert!(world.picture().contains(word), "{}", world.picture());
        world.press(KeyCode::Down);
        assert!(!world.picture().contains("c cancel"), "{}", world.picture());
    }
}

#[test]
fn a_filter_narrows_as_it_is_typed_and_goes_with_escape() {
    let mut world = three_jobs();
    world.keys("/SEC");
    assert_eq!(listed(&world), ["second"]);
    assert!(world.picture().contains("jobs with: SEC"), "{}", world.picture());
    world.press(KeyCode::Enter);
    assert!(world.picture().contains("with \"SEC\""), "{}", world.picture());
    world.keys("/q");
    world.press(KeyCode::Esc);
    assert_eq!(listed(&world), ["second"]);
    world.press(KeyCode::Esc);
    assert_eq!(listed(&world).len(), 3);
    assert_eq!(world.press(KeyCode::Char('q')), Some(Wish::Quit));
}

#[test]
fn enter_asks_for_all_there_is_to_know_and_asks_again_when_it_changes() {
    let mut world = three_jobs();
    world.press(KeyCode::Down);
    let asked = Order::Inspect { id: id("job", 3) };
    assert_eq!(world.press(KeyCode::Enter), Some(Wish::Ask(asked.clone())));
    assert_eq!(world.tell(News::Job(job(3, "third", &json!({ "version": 2 })))), Some(asked.clone()));
    assert_eq!(world.tell(News::Job(job(2, "second", &json!({ "version": 2 })))), None);
    let totals = FleetTotals { gpus: 1, jobs_queued: 2, jobs_running: 1 };
    assert_eq!(world.tell(News::Totals(totals)), Some(asked));
    let facts = Err("no answer".to_owned());
    world.tell(News::Facts { id: id("job", 3), facts });
    assert!(world.picture().contains("no answer"), "{}", world.picture());
    world.press(KeyCode::Esc);
    assert!(world.state.sheet.is_none());
}

#[test]
fn only_what_is_in_sight_is_asked_for() {
    let gpus = (0..4096).map(|at| gpu(at, &format!("h{:03}", at / 8), (at % 8) as i32, &json!({}))).collect();
    let jobs = (0..4000).map(|at| job(at, "sweep", &json!({}))).collect();
    let mut world = World::new(80, 24).snapshot(gpus, jobs);
    world.settle();
    let sight = world.state.sight(now());
    let (gpus, jobs) = (sight.gpus.len(), sight.jobs.len());
    assert_eq!((gpus, jobs), (world.state.gpus.height * 8, world.state.jobs.height));
    assert!(gpus <= 80 && jobs <= 20 && sight.is_urgent);
}

#[test]
fn what_was_asked_for_is_asked_for_at_once_again_only_when_it_has_changed() {
    let mut world = World::new(80, 24)
        .snapshot(vec![gpu(1, "a", 0, &json!({}))], vec![running(1, "x", 9, None), job(2, "y", &json!({}))]);
    world.seen(vec![reading(1, "a", &json!({}))], vec![place(1, "a", &[0]), reason(2, 0, "no")]);
    world.settle();
    assert!(!world.state.sight(now()).is_urgent);
    world.tell(News::Gpu(gpu(1, "a", 0, &json!({ "status": "ALLOCATED", "version": 2 }))));
    assert!(world.state.sight(now()).is_urgent);
}

#[test]
fn readings_and_hosts_come_by_themselves_and_a_removed_host_asks_for_everything_anew() {
    let mut world = three_jobs();
    let told = json!({ "telemetry": { "at": now(), "utilizationPercent": 63.0, "memoryUsedMib": 1, "temperatureCelsius": 51,
        "powerWatts": 200.0 } });
    assert_eq!(world.tell(News::Readings(vec![reading(1, "a", &told)])), None);
    assert!(world.picture().contains("63%"), "{}", world.picture());
    let mut host = gpu(1, "a", 0, &json!({})).host;
    host.status = crate::api::HostStatus::Draining;
    assert_eq!(world.tell(News::Host(Some(host))), None);
    assert!(world.picture().contains("a, draining"), "{}", world.picture());
    assert_eq!(world.tell(News::Host(None)), Some(Order::Reload));
}

#[test]
fn in_turns_every_allocated_gpu_out_of_sight_is_asked_for_its_use() {
    let card = |at: usize| {
        let status = if at.is_multiple_of(2) { "ALLOCATED" } else { "AVAILABLE" };
        gpu(at, "a", at as i32, &json!({ "status": status }))
    };
    let mut world = World::new(80, 24).snapshot((0..4096).map(card).collect(), Vec::new());
    let mut asked = std::collections::HashSet::new();
    for _ in 0..5 {
        let turn = world.state.next_uses();
        assert!(turn.len() <= 500);
        asked.extend(turn);
    }
    assert_eq!(asked.len(), 2048);
    let held: Vec<GpuInUse> = asked
        .iter()
        .map(|id| {
            serde_json::from_value(json!({ "__typename": "Gpu", "id": id, "use": "HELD_EMPTY" })).unwrap()
        })
        .collect();
    world.tell(News::Uses(held));
    assert_eq!(world.state.picture().fleet.counts().held_idle, 2048);
}

#[test]
fn a_longer_queue_than_is_listed_is_asked_for_again_when_it_has_shrunk() {
    let mut world = World::new(80, 24);
    let jobs = |range: std::ops::Range<usize>| range.map(|at| job(at, "sweep", &json!({}))).collect();
    world.tell(News::Snapshot { gpus: Vec::new(), jobs: jobs(0..5000), cut_short: true });
    for at in 0..2500 {
        let ended = job(at, "sweep", &json!({ "status": "CANCELLED", "version": 2, "finishedAt": now() }));
        assert_eq!(world.tell(News::Job(ended)), None, "{at}");
    }
    let ended = job(2500, "sweep", &json!({ "status": "CANCELLED", "version": 2, "finishedAt": now() }));
    assert_eq!(world.tell(News::Job(ended)), Some(Order::Reload));
}
