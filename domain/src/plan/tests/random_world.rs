//! Random small worlds, crowded enough that everything happens in them.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::snapshot::{OrganizationState, RunningJob};

use super::world::{Card, H100, L4, World, at, label, org_id};

/// How a random host differs from a plain one.
#[derive(Debug, Clone)]
struct RandomHost {
    gpus: Vec<(Card, i32, bool)>,
    owner: Option<u128>,
    schedulable: bool,
    zone: u8,
    containers: bool,
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
    image: bool,
    held: bool,
    waits_for: bool,
    rests: bool,
}

fn card() -> impl Strategy<Value = (Card, i32, bool)> {
    let taken = prop_oneof![4 => Just(0), 2 => Just(1000), 1 => Just(250), 1 => Just(700)];
    (prop_oneof![Just(H100), Just(L4)], taken, proptest::bool::weighted(0.9))
}

fn host() -> impl Strategy<Value = RandomHost> {
    let owner = proptest::option::weighted(0.2, 1u128..4);
    let containers = proptest::bool::weighted(0.6);
    (vec(card(), 0..6), owner, proptest::bool::weighted(0.9), 0u8..2, containers, 0u8..64).prop_map(
        |(gpus, owner, schedulable, zone, containers, cores_taken)| RandomHost {
            gpus,
            owner,
            schedulable,
            zone,
            containers,
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
    let image = proptest::bool::weighted(0.2);
    (size, who, gpu_type, any::<bool>(), zone, cores, image, (rare(), rare(), rare())).prop_map(
        |(size, (organization, priority), gpu_type, spread, zone, cores, image, (held, waits_for, rests))| {
            RandomJob {
                size,
                organization,
                priority,
                gpu_type,
                spread,
                zone,
                cores,
                image,
                held,
                waits_for,
                rests,
            }
        },
    )
}

/// A job that holds what is taken of some GPUs.
#[derive(Debug, Clone)]
struct RandomRunning {
    gpus: usize,
    organization: u128,
    started: i64,
    ends: Option<i64>,
    priority: i32,
    stopping: bool,
}

fn running() -> impl Strategy<Value = RandomRunning> {
    let ends = proptest::option::weighted(0.6, -50i64..1000);
    let who = (1u128..4, 0i32..3, proptest::bool::weighted(0.1));
    (1usize..4, who, -2000i64..0, ends).prop_map(
        |(gpus, (organization, priority, stopping), started, ends)| RandomRunning {
            gpus,
            organization,
            started,
            ends,
            priority,
            stopping,
        },
    )
}

/// A fleet of a few hosts, jobs that run on it, and a queue that is too long for it.
pub(super) fn world() -> impl Strategy<Value = World> {
    let limits = (proptest::option::weighted(0.5, 0i64..8), prop_oneof![1 => Just(0), 1 => 0i64..6], 1u8..4);
    let run = vec(running(), 30);
    let jobs = (vec(job(), 0..14), vec((job(), 1u32..4), 0..5));
    (vec(host(), 0..5), jobs, vec(limits, 3), run).prop_map(|(hosts, (jobs, seen), limits, running)| {
        let mut world = World::default();
        hosts.iter().enumerate().for_each(|(number, host)| add_host(&mut world, number, host));
        jobs.iter().enumerate().for_each(|(number, job)| add_job(&mut world, number as u128 + 1, job));
        add_running(&mut world, &running);
        for (job, jobs) in &seen {
            add_job(&mut world, 0, job);
            world.last_was_seen(*jobs);
        }
        for (number, (ceiling, guaranteed, weight)) in limits.into_iter().enumerate() {
            add_organization(&mut world, number as u128 + 1, ceiling, guaranteed, weight);
        }
        world
    })
}

fn add_organization(world: &mut World, id: u128, ceiling: Option<i64>, guaranteed: i64, weight: u8) {
    let own = |job: &&RunningJob| job.organization == org_id(id);
    let running = world.snapshot.running.iter().filter(own);
    let held = running.flat_map(|job| &job.gpus).map(|(_, milli)| i64::from(*milli)).sum();
    world.snapshot.organizations.push(OrganizationState {
        id: org_id(id),
        max_gpus_milli: ceiling.map(|gpus| gpus * 1000),
        allocated_milli: held,
        weight: f64::from(weight),
        guaranteed_milli: guaranteed * 1000,
        lately_milli: 0.0,
    });
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
    if random.zone == 1 {
        host = host.bridged();
    }
    if random.containers {
        host = host.with_containers();
    }
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
    if random.image {
        job = job.with_image();
    }
    if random.held {
        job = job.held();
    }
    if random.rests {
        job = job.resting();
    }
    if random.waits_for {
        job.after(&[9_999]);
    }
}

/// Running jobs hold all that is taken: a few whole GPUs of a host each, or a share.
fn add_running(world: &mut World, random: &[RandomRunning]) {
    let mut random = random.iter().cycle();
    let taken: Vec<Vec<(String, i32)>> = world
        .snapshot
        .hosts
        .iter()
        .map(|host| {
            let taken = host.gpus.iter().filter(|gpu| gpu.allocated_milli > 0);
            taken.map(|gpu| (format!("{}{}", host.name, gpu.index), gpu.allocated_milli)).collect()
        })
        .collect();
    for of_host in taken {
        for alike in of_host.chunk_by(|a, b| a.1 == 1000 && b.1 == 1000) {
            let mut left = alike;
            while let Some(job) = random.next()
                && !left.is_empty()
            {
                let (own, others) = left.split_at(job.gpus.min(left.len()));
                let names: Vec<&str> = own.iter().map(|(name, _)| name.as_str()).collect();
                world.running(&names, job.ends);
                let running = world.snapshot.running.last_mut().unwrap();
                running.organization = org_id(job.organization);
                running.started_at = Some(at(job.started));
                (running.priority, running.stopping) = (job.priority, job.stopping);
                left = others;
            }
        }
    }
}
