//! Histories of whole fleets: some whose seeds are fixed, and one that nobody has seen before.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use simulation::{play, stay_on_one_core};

/// Histories with fixed seeds.
const FIXED: u64 = 16;
/// Histories that have broken a promise once.
const MENDED: [u64; 1] = [
    // A job that exits with zero because it was asked to, between servers whose clocks differ.
    3_094_802_679,
];

fn must_hold(seed: u64) {
    if let Err(broken) = play(seed) {
        panic!("{broken}");
    }
}

#[test]
fn no_history_breaks_a_promise() {
    if let Ok(seed) = std::env::var("GPU_FLEET_SEED") {
        return must_hold(seed.parse().unwrap());
    }
    let seeds: Vec<u64> = (1..=FIXED).chain(MENDED).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for place in 0..2 {
            let (next, seeds) = (&next, &seeds);
            scope.spawn(move || {
                stay_on_one_core(place);
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    must_hold(*seed);
                }
            });
        }
    });
    let fresh = rand::random::<u32>().into();
    println!("the fresh seed is {fresh}");
    must_hold(fresh);
}

#[test]
fn a_seed_gives_the_same_history_each_time() {
    for seed in [3, 7] {
        assert_eq!(play(seed).unwrap(), play(seed).unwrap());
    }
}
