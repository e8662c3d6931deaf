//! What a person sees, at sizes that people have.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};
use serde_json::json;

use super::super::state::News;
use super::super::testing::{PLAIN, RICH, World, gpu, id, job, now, place, reading, reason, running};
use crate::api::Role;

/// One host, two of whose GPUs are in use; a job that runs and two that wait.
fn small(width: u16, height: u16) -> World {
    small_with(World::new(width, height))
}

fn small_with(world: World) -> World {
    let taken = json!({ "status": "ALLOCATED" });
    let mut gpus: Vec<_> = (0..6).map(|at| gpu(at, "gpu-a01", at as i32, &json!({}))).collect();
    gpus.extend((6..8).map(|at| gpu(at, "gpu-a01", at as i32, &taken)));
    gpus[0] = gpu(
        0,
        "gpu-a01",
        0,
        &json!({ "status": "QUARANTINED", "statusReason": "XID 79: it has fallen off the bus" }),
    );
    let jobs = vec![
        running(1, "llama-sft", 720, Some(3600)),
        job(2, "vit-large", &json!({ "requirements": { "count": 8, "milli": 1000 } })),
        job(3, "ablate", &json!({ "status": "HELD" })),
    ];
    let mut world = world.snapshot(gpus, jobs);
    let holder = json!({ "milli": 1000, "job": { "id": id("job", 1), "name": "llama-sft", "organization": { "slug": "vision" } } });
    let busy = |percent: f64| {
        json!({ "use": "WORKING", "allocations": [holder.clone()],
        "telemetry": { "at": now(), "utilizationPercent": percent, "memoryUsedMib": 61_440, "temperatureCelsius": 71, "powerWatts": 612.0 } })
    };
    let readings =
        vec![reading(6, "gpu-a01", &busy(97.0)), reading(7, "gpu-a01", &json!({ "use": "HELD_IDLE" }))];
    let waits = reason(2, 1, "2 of 8 matching GPUs are free, the job needs 8");
    world.seen(readings, vec![place(1, "gpu-a01", &[6, 7]), waits]);
    world
}

/// Four thousand GPUs and ten thousand jobs.
pub(super) fn large(width: u16, height: u16) -> World {
    let card = |at: usize| {
        let status = if at.is_multiple_of(3) { "ALLOCATED" } else { "AVAILABLE" };
        gpu(at, &format!("gpu-{:03}", at / 8), (at % 8) as i32, &json!({ "status": status }))
    };
    let jobs = (0..10_000).map(|at| job(at, &format!("sweep-{at}"), &json!({}))).collect();
    World::new(width, height).snapshot((0..4096).map(card).collect(), jobs)
}

#[test]
fn at_80_by_24_a_host_its_gpus_and_the_queue_are_in_sight() {
    let lines = small(80, 24).lines();
    assert!(lines[0].contains("fleet.lab:4600") && lines[0].contains("ada, operator"), "{lines:#?}");
    assert!(lines[0].contains("● live"), "{lines:#?}");
    assert_eq!(lines[1], " 8 simulated GPUs  1 busy  1 held idle  5 free  1 quarantined  0 unavailable");
    assert!(lines[2].ends_with("1 running  2 waiting"), "{lines:#?}");
    let all = lines.join("\n");
    assert!(all.contains("0  sim H100-80GB   quarantined") && all.contains("XID 79"), "{all}");
    assert!(all.contains("6  sim H100-80GB   working     ██████  97%     64/86   71  llama-sft"), "{all}");
    assert!(all.contains("7  sim H100-80GB   held idle"), "{all}");
    assert!(all.contains("running      1 12m00s 48m00s left, sim gpu-a01/6,7"), "{all}");
    assert!(all.contains("waiting      8 10m00s 1 ahead: 2 of 8 matching GPUs"), "{all}");
    assert!(lines[23].contains("q quit") && lines[23].contains("? help"), "{lines:#?}");
}

#[test]
fn what_a_line_has_no_room_for_stands_in_the_strip() {
    let mut world = small(80, 24);
    world.press(KeyCode::Down);
    let all = world.picture();
    let told = "1 job is ahead of it; it waits: 2 of 8 matching GPUs are free, the job needs 8";
    assert!(all.contains(told), "{all}");
    world.press(KeyCode::Char('1'));
    assert!(world.picture().contains("gpu-a01/0 "), "{}", world.picture());
    assert!(world.picture().contains("XID 79: it has fallen off the bus"));
}

#[test]
fn simulated_gpus_are_marked_in_every_picture_of_them() {
    for (width, height) in [(80, 24), (120, 40), (200, 60), (60, 12)] {
        for mut world in [small(width, height), large(width, height)] {
            let all = world.picture();
            assert!(all.contains("simulated GPUs") && all.contains("sim H100"), "{width}x{height}\n{all}");
        }
    }
}

#[test]
fn real_gpus_are_not_marked() {
    let real = json!({ "simulated": false, "gpuType": "NVIDIA H100 80GB HBM3" });
    let mut world = World::new(80, 24).snapshot(vec![gpu(1, "a", 0, &real)], Vec::new());
    let all = world.picture();
    assert!(all.contains(" 1 GPU ") && all.contains("H100 80GB HBM3") && !all.contains("sim"), "{all}");
}

#[test]
fn no_size_of_terminal_and_no_key_makes_it_stumble() {
    let keys = ["", "?", "1", "1\n", "2\n", "c", "/x", "vvv", "sss", "p"];
    for (width, height) in [(0, 0), (1, 1), (3, 2), (10, 5), (20, 8), (39, 11), (80, 24), (300, 100)] {
        for keys in keys {
            for mut world in [World::new(width, height), small(width, height)] {
                for c in keys.chars() {
                    world.press(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
                }
                assert_eq!(world.lines().len(), usize::from(height), "{width}x{height} {keys:?}");
            }
        }
    }
}

#[test]
fn without_unicode_every_sign_is_ascii_and_without_colour_nothing_is_coloured() {
    for keys in ["", "?", "1", "v", "c"] {
        let mut world = small_with(World::with(80, 24, PLAIN, Role::Operator, false));
        world.seen(Vec::new(), vec![reason(2, 0, "modèle · 模型")]);
        world.keys(keys);
        assert!(world.picture().is_ascii(), "{}", world.picture());
        let buffer = world.buffer();
        assert!(
            buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
            "{keys}"
        );
    }
}

#[test]
fn on_light_and_dark_terminals_nothing_is_written_in_the_colour_of_the_ground() {
    for keys in ["", "?", "1", "v", "c", "/a"] {
        let mut world = small_with(World::with(80, 24, RICH, Role::Operator, false));
        world.keys(keys);
        for cell in &world.buffer().content {
            assert_eq!(cell.bg, Color::Reset);
            assert!(!matches!(cell.fg, Color::White | Color::Black | Color::Gray | Color::DarkGray));
        }
    }
}

#[test]
fn the_chosen_row_is_one_bar_whatever_stands_in_it() {
    let buffer = small_with(World::with(80, 24, RICH, Role::Operator, false)).buffer();
    let chosen: Vec<_> =
        buffer.content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).collect();
    assert_eq!(chosen.len(), 80);
    assert!(chosen.iter().all(|cell| cell.fg == Color::Reset));
}

#[test]
fn names_of_others_can_neither_move_the_cursor_nor_push_columns() {
    let hostile = "a\x1b[2J\u{202e}模型訓練模型訓練模型訓練\n";
    let mut world = small(80, 24);
    world.tell(News::Job(job(9, hostile, &json!({ "priority": 9 }))));
    let lines = world.lines();
    let line = lines.iter().find(|line| line.contains("模")).unwrap();
    assert!(!line.contains('\x1b') && !line.contains('\u{202e}'), "{line:?}");
    let plain = lines.iter().find(|line| line.contains("vit-large")).unwrap();
    // Each sign stands in a cell; the second one of a wide sign is blank.
    let column = |line: &str| line.split("waiting").next().unwrap().chars().count();
    assert_eq!(column(line), column(plain), "{lines:#?}");
}

#[test]
fn nothing_unknown_is_drawn_as_zero() {
    let gpus = (0..4).map(|at| gpu(at, "gpu-a01", at as i32, &json!({ "status": "UNAVAILABLE" }))).collect();
    let mut world = World::new(80, 24).snapshot(gpus, Vec::new());
    let all = world.picture();
    assert!(all.contains("unavailable") && !all.contains("0%") && all.contains("-/86"), "{all}");
}

#[test]
fn many_hosts_have_a_line_each_those_in_trouble_first() {
    let mut world = large(80, 24);
    let bad = json!({ "status": "QUARANTINED", "version": 2 });
    world.tell(News::Gpu(gpu(4095, "gpu-511", 7, &bad)));
    let lines = world.lines();
    assert!(lines[3].contains("HOSTS") && lines[3].contains("of 512"), "{lines:#?}");
    assert!(lines[5].starts_with(" ! gpu-511"), "{lines:#?}");
    assert!(lines[1].starts_with(" 4096 simulated GPUs"), "{lines:#?}");
}

#[test]
fn a_queue_that_is_not_listed_whole_says_so() {
    let mut world = small(80, 24);
    world.tell(News::Snapshot { gpus: Vec::new(), jobs: vec![job(1, "a", &json!({}))], cut_short: true });
    world.tell(News::Totals(crate::api::FleetTotals { gpus: 8, jobs_queued: 61_000, jobs_running: 8 }));
    // So few are known that the rest is asked for; until then the picture says that there are more.
    let all = world.picture();
    assert!(all.contains("8 running  61000 waiting"), "{all}");
}

#[test]
fn an_empty_fleet_says_what_to_do() {
    let mut world = World::new(100, 24);
    assert!(world.picture().contains("loading"), "{}", world.picture());
    let mut world = World::new(100, 24).snapshot(Vec::new(), Vec::new());
    let all = world.picture();
    assert!(all.contains("gpu-fleet agent --server URL") && all.contains("gpu-fleet run --"), "{all}");
}
