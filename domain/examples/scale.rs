//! Prints how long a pass takes over 10,000 GPUs and 100,000 queued jobs, and one after a single change: `cargo run --release -p domain --example scale`.
//!
//! It asserts nothing: the numbers are for comparing one version with another on one machine.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{GpuId, HostId, JobId, OrganizationId};
use domain::plan::{Planner, Rules, plan};
use domain::requirements::{GpuRequirements, Label};
use domain::snapshot::{GpuState, HostState, OrganizationState, SeenJobs, Snapshot, WaitingJob};
use uuid::Uuid;

const HOSTS: u128 = 1_250;
const GPUS_PER_HOST: u128 = 8;
const JOBS: u128 = 100_000;
const CHANGES: u128 = 200;
const CARDS: [(&str, i32); 4] = [
    ("NVIDIA H100 80GB HBM3", 81_559),
    ("NVIDIA A100-SXM4-80GB", 81_920),
    ("NVIDIA L40S", 46_068),
    ("NVIDIA L4", 23_034),
];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    measure(&mut out, "empty fleet, 36 shapes", &world(0, usual))?;
    measure(&mut out, "half busy, 36 shapes", &world(2, usual))?;
    measure(&mut out, "full fleet, 36 shapes", &world(1, usual))?;
    measure(&mut out, "quarter shares of one GPU", &world(0, |_| asking(1, 250, None)))?;
    measure(&mut out, "1,000 shapes by cores", &world(0, |n| with_cores(n, 1_000)))?;
    measure(&mut out, "100,000 shapes, no two alike", &world(0, |n| with_cores(n, JOBS)))?;
    measure(&mut out, "100,000 unknown types", &world(0, |n| asking(1, 1000, Some(&format!("X{n}")))))?;
    after_one_change(&mut out)
}

/// Of a kept state: passes after a job has ended, and after a job has joined the queue.
fn after_one_change(out: &mut impl Write) -> io::Result<()> {
    let world = world(0, usual);
    let late: Vec<WaitingJob> = (0..CHANGES).map(|number| job(JOBS + number, usual(number))).collect();
    let now = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
    let mut planner = Planner::new(&world, &Rules::default(), now);
    let mut running: VecDeque<JobId> = planner.pass(now).placements.iter().map(|placed| placed.job).collect();
    let (mut ended, mut joined) = (Vec::new(), Vec::new());
    let before = running.len();
    for job in &late {
        let start = Instant::now();
        let Some(first) = running.pop_front() else { break };
        planner.end(first, now);
        running.extend(planner.pass(now).placements.iter().map(|placed| placed.job));
        ended.push(start.elapsed());
        let start = Instant::now();
        planner.submit(job);
        running.extend(planner.pass(now).placements.iter().map(|placed| placed.job));
        joined.push(start.elapsed());
    }
    let started = running.len() + ended.len() - before;
    writeln!(out, "{} changes, {started} more jobs started", ended.len() + joined.len())?;
    tell(out, "a pass after one job has ended", &mut ended)?;
    tell(out, "a pass after one job has joined", &mut joined)
}

fn tell(out: &mut impl Write, name: &str, times: &mut [Duration]) -> io::Result<()> {
    times.sort_unstable();
    let part = |hundredths: usize| times[(times.len() - 1) * hundredths / 100].as_secs_f64() * 1e3;
    writeln!(out, "{name:32} {:8.2} ms  (99 of 100: {:.2} ms)", part(50), part(99))
}

fn measure(out: &mut impl Write, name: &str, world: &Snapshot) -> io::Result<()> {
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let plan = plan(world, DateTime::UNIX_EPOCH);
            (start.elapsed(), plan.placements.len(), plan.waiting.len())
        })
        .collect();
    times.sort();
    let (time, placed, waiting) = times[2];
    writeln!(out, "{name:32} {:8.1} ms  {placed:6} placed {waiting:7} waiting", time.as_secs_f64() * 1e3)
}

/// Every `busy`-th GPU is taken; 0: none.
fn world(busy: u128, requirements: impl Fn(u128) -> GpuRequirements) -> Snapshot {
    let organization = |number: u128| OrganizationState {
        id: organization(number),
        max_gpus_milli: (number == 0).then_some(1_000_000),
        allocated_milli: 0,
        weight: 1.0,
        guaranteed_milli: 0,
        lately_milli: 0.0,
    };
    Snapshot {
        hosts: (0..HOSTS).map(|number| host(number, busy)).collect(),
        waiting: (0..JOBS).map(|number| job(number, requirements(number))).collect(),
        running: Vec::new(),
        organizations: (0..4).map(organization).collect(),
        seen: (0..144).map(|number| seen(number, requirements(number))).collect(),
    }
}

fn seen(number: u128, requirements: GpuRequirements) -> SeenJobs {
    SeenJobs { organization: organization(number % 4), requirements, needs_container: false, jobs: 30 }
}

fn organization(number: u128) -> OrganizationId {
    OrganizationId(Uuid::from_u128(number))
}

fn host(number: u128, busy: u128) -> HostState {
    let (gpu_type, memory_mib) = CARDS[number as usize % CARDS.len()];
    let gpu = |index: u128| GpuState {
        id: GpuId(Uuid::from_u128(number * GPUS_PER_HOST + index)),
        version: 1,
        index: index as i32,
        gpu_type: gpu_type.to_owned(),
        memory_mib,
        usable: true,
        allocated_milli: if busy > 0 && (number + index).is_multiple_of(busy) { 1000 } else { 0 },
        numa_node: None,
        nvlink_peers: Vec::new(),
    };
    HostState {
        id: HostId(Uuid::from_u128(number)),
        name: format!("host-{number}"),
        organization: None,
        schedulable: true,
        labels: vec![Label { key: "zone".to_owned(), value: (number % 3).to_string() }],
        runs_containers: true,
        cpus: 128.0,
        memory_mib: 1_048_576,
        cpus_allocated: 0.0,
        memory_gb_allocated: 0.0,
        gpus: (0..GPUS_PER_HOST).map(gpu).collect(),
    }
}

fn job(number: u128, requirements: GpuRequirements) -> WaitingJob {
    // A multiplicative hash: the order of the queue has nothing to do with that of the list.
    let shuffled = (number * 7_919) % JOBS;
    WaitingJob {
        id: JobId(Uuid::from_u128(number)),
        version: 1,
        organization: organization(number % 4),
        priority: (shuffled % 5) as i32,
        submitted_at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::milliseconds(shuffled as i64),
        requirements,
        needs_container: false,
        held: false,
        unfinished_dependencies: Vec::new(),
        rests_until: None,
        estimate_secs: None,
    }
}

fn asking(count: i32, milli: i32, gpu_type: Option<&str>) -> GpuRequirements {
    let gpu_types = gpu_type.map(str::to_owned).into_iter().collect();
    GpuRequirements { count, milli, gpu_types, single_host: count <= 8, ..GpuRequirements::default() }
}

/// Of counts, types and shares what a fleet usually sees.
fn usual(number: u128) -> GpuRequirements {
    let counts = [1, 1, 1, 2, 4, 8, 16, 1, 2];
    let types = [None, Some("H100"), Some("A100"), Some("L40S")];
    let count = counts[number as usize % counts.len()];
    let milli = if number % 9 == 7 { 500 } else { 1000 };
    asking(count, milli, types[(number / 9) as usize % types.len()])
}

fn with_cores(number: u128, different: u128) -> GpuRequirements {
    let cpus = Some(1.0 + (number % different) as f64 / different as f64);
    GpuRequirements { cpus, ..usual(number) }
}
