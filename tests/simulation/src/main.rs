//! Plays random histories for as long as is asked, and tells how many in a minute; stops at the first that breaks a promise, and
//! prints its seed.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "it is a program for people, and part of tests")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use simulation::{Broken, play, stay_on_one_core};

/// As in `gpu-fleet` itself: histories are made of small pieces.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Plays histories of whole fleets in virtual time.
#[derive(Parser)]
struct Args {
    /// Play this history alone, and print what happened.
    #[arg(long, env = "GPU_FLEET_SEED")]
    seed: Option<u64>,
    /// The first seed; without it one is drawn.
    #[arg(long)]
    from: Option<u64>,
    /// For so many minutes.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// So many at the same time; without it, one for each core.
    #[arg(long)]
    threads: Option<usize>,
    /// Go on after a history that breaks a promise, and list them all.
    #[arg(long)]
    all: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(seed) = args.seed {
        return match play(seed) {
            Ok(played) => {
                println!("{}", played.trace.join("\n"));
                println!("\nseed {seed}: it came to its end; the sum over its trace is {}", played.sum);
                ExitCode::SUCCESS
            }
            Err(broken) => {
                println!("{broken}");
                ExitCode::FAILURE
            }
        };
    }
    let from = args.from.unwrap_or_else(|| rand::random::<u32>().into());
    let (next, millis) = (AtomicU64::new(from), AtomicU64::new(0));
    let (stop, broken) = (AtomicBool::new(false), Mutex::new(Vec::<Box<Broken>>::new()));
    let begun = Instant::now();
    let long = Duration::from_secs_f64(args.minutes.max(0.0) * 60.0);
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    std::thread::scope(|scope| {
        for place in 0..args.threads.unwrap_or(cores) {
            let (next, millis, stop, broken) = (&next, &millis, &stop, &broken);
            scope.spawn(move || {
                stay_on_one_core(place);
                while begun.elapsed() < long && !stop.load(Ordering::Relaxed) {
                    match play(next.fetch_add(1, Ordering::Relaxed)) {
                        Ok(played) => drop(millis.fetch_add(played.millis, Ordering::Relaxed)),
                        Err(failure) => {
                            stop.store(!args.all, Ordering::Relaxed);
                            println!("seed {}: {}", failure.seed, failure.what);
                            broken.lock().expect("no panic").push(failure);
                        }
                    }
                }
            });
        }
    });
    let (count, minutes) = (next.into_inner() - from, begun.elapsed().as_secs_f64() / 60.0);
    println!(
        "{count} histories from seed {from}, {:.1} h of virtual time, in {minutes:.2} min: {:.0} a minute",
        millis.into_inner() as f64 / 3_600_000.0,
        count as f64 / minutes
    );
    let broken = broken.into_inner().expect("no panic");
    if let Some(first) = broken.first().filter(|_| !args.all) {
        println!("{first}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
