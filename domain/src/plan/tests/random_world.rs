//! Random small worlds, crowded enough that everything happens in them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::world::{Card, H100, L4, World, label};

/// How a random host differs from a plain one.
#[derive(Debug, Clone)]
struct RandomHost {
    gpus: Vec<(Card, i32, bool)>,
    owner: Option<u128>,
    schedulable: bool,
    zone: u8,
    cores_taken: u8,
}

/// How a random job differs from a plain one.
#[derive(Debug, Clone)]
struct RandomJob {
    size: (i32, i32),
    organization: u128,
    priority: i32,
    gpu_type: Option<&'static str>,
    spread: bool,
    zone: Option<u8>,
    cores: Option<u8>,
    held: bool,
    waits_for: bool,
}

fn card() -> impl Strategy<Value = (Card, i32, bool)> {
    let taken = prop_oneof![4 => Just(0), 2 => Just(1000), 1 => Just(250), 1 => Just(700)];
    (prop_oneof![Just(H100), Just(L4)], taken, proptest::bool::weighted(0.9))
}

fn host() -> impl Strategy<Value = RandomHost> {
    let owner = proptest::option::weighted(0.2, 1u128..4);
    (vec(card(), 0..6), owner, proptest::bool::weighted(0.9), 0u8..2, 0u8..64).prop_map(
        |(gpus, owner, schedulable, zone, cores_taken)| RandomHost {
            gpus,
            owner,
            schedulable,
            zone,
            cores_taken,
        },
    )
}

fn job() -> impl Strategy<Value = RandomJob> {
    let share = prop_oneof![Just(100), Just(300), Just(500)];
    let size =
        prop_oneof![3 => (1i32..7).prop_map(|count| (count, 1000)), 1 => share.prop_map(|milli| (1, milli))];
    let gpu_type = proptest::option::weighted(0.4, prop_oneof![Just("h100"), Just("L4"), Just("B200")]);
    let rare = || proptest::bool::weighted(0.1);
    let zone = proptest::option::weighted(0.2, 0u8..2);
    let cores = proptest::option::weighted(0.4, 1u8..80);
    let who = (1u128..4, 0i32..3);
    (size, who, gpu_type, any::<bool>(), zone, cores, rare(), rare()).prop_map(
        |(size, (organization, priority), gpu_type, spread, zone, cores, held, waits_for)| RandomJob {
            size,
            organization,
            priority,
            gpu_type,
            spread,
            zone,
            cores,
            held,
            waits_for,
        },
    )
}

/// A fleet of a few hosts and a queue that is too long for it.
pub(super) fn world() -> impl Strategy<Value = World> {
    let ceilings = vec(proptest::option::weighted(0.5, 0i64..8), 3);
    let ends = vec(proptest::option::weighted(0.6, -50i64..1000), 30);
    (vec(host(), 0..5), vec(job(), 0..14), ceilings, ends).prop_map(|(hosts, jobs, ceilings, ends)| {
        let mut world = World::default();
        hosts.iter().enumerate().for_each(|(number, host)| add_host(&mut world, number, host));
        jobs.iter().enumerate().for_each(|(number, job)| add_job(&mut world, number as u128 + 1, job));
        for (number, ceiling) in ceilings.iter().enumerate() {
            let Some(max) = ceiling else { continue };
            world.ceiling(number as u128 + 1, *max, (*max).min(1));
        }
        add_running(&mut world, &ends);
        world
    })
}

fn add_host(world: &mut World, number: usize, random: &RandomHost) {
    let mut host = world.host(&format!("host-{number}-")).labelled("zone", &random.zone.to_string());
    for (index, (card, taken, usable)) in random.gpus.iter().enumerate() {
        host = host.gpus(1, *card).taken(index, *taken);
        if !usable {
            host = host.broken(index);
        }
    }
    host = host.cores_taken(f64::from(random.cores_taken));
    if let Some(owner) = random.owner {
        host = host.owned_by(owner);
    }
    if !random.schedulable {
        host.unschedulable();
    }
}

fn add_job(world: &mut World, number: u128, random: &RandomJob) {
    let mut job = world.job(number).of(random.organization).priority(random.priority);
    job = job.gpus(random.size.0).share(random.size.1);
    if let Some(wanted) = random.gpu_type {
        job = job.gpu_type(wanted);
    }
    if let Some(cores) = random.cores {
        job = job.cores(f64::from(cores));
    }
    if let Some(zone) = random.zone {
        job = job.asks(|asked| asked.labels.push(label("zone", &zone.to_string())));
    }
    if random.spread {
        job = job.across_hosts();
    }
    if random.held {
        job = job.held();
    }
    if random.waits_for {
        job.after(&[9_999]);
    }
}

/// One running job for each GPU that is taken.
fn add_running(world: &mut World, ends: &[Option<i64>]) {
    let taken: Vec<String> = world
        .snapshot
        .hosts
        .iter()
        .flat_map(|host| {
            let taken = host.gpus.iter().filter(|gpu| gpu.allocated_milli > 0);
            taken.map(|gpu| format!("{}{}", host.name, gpu.index))
        })
        .collect();
    for (gpu, end) in taken.iter().zip(ends.iter().cycle()) {
        world.running(&[gpu], *end);
    }
}
