//! The same jobs on the fleet as it is and as it might be, side by side.

use domain::ids::{GpuId, HostId};
use domain::simulate::{Metrics, Terms, World};
use domain::snapshot::{HostState, OrganizationState};
use serde_json::json;
use uuid::Uuid;

use super::queueing::{Outcome, all};
use super::{Case, report};
use crate::args::simulate::SimulateArgs;
use crate::args::values::Pair;
use crate::client::Failure;
use crate::output::Output;
use crate::output::table::{Cell, Column};

const COLUMNS: [Column; 4] = [
    Column::new(""),
    Column::new("AS IT IS").right(),
    Column::new("WHAT IF").right(),
    Column::new("CHANGE").right(),
];

/// Simulates both and prints them.
pub(super) fn run(args: &SimulateArgs, case: &Case, terms: &Terms) -> Result<(), Failure> {
    let changed = changed(args, case)?;
    let (before, after) = (all(args, &case.world, terms), all(args, &changed, terms));
    let (Some(before), Some(after)) = (before.first(), after.first()) else { return Ok(()) };
    let output = Output::from_args(&args.connect.output);
    if args.connect.output.json {
        let of = |outcome: &Outcome| report::run_json(args, outcome);
        return output.json(&json!({ "asItIs": of(before), "whatIf": of(after) }));
    }
    let mut rows: Vec<Vec<Cell>> = measures(&before.metrics)
        .into_iter()
        .zip(measures(&after.metrics))
        .map(|((name, was), (_, is))| row(name.to_owned(), was, is))
        .collect();
    let names = case.tenants.names();
    let tenants = before.metrics.tenants.iter().zip(&after.metrics.tenants).zip(names);
    rows.extend(
        tenants
            .filter(|((was, _), _)| was.jobs > 0)
            .map(|((was, is), name)| row(format!("mean wait of {name}, s"), was.mean_wait, is.mean_wait)),
    );
    output.table(&COLUMNS, &rows)
}

fn measures(metrics: &Metrics) -> Vec<(&'static str, f64)> {
    vec![
        ("jobs done", metrics.done as f64),
        ("never placed", metrics.never_placed as f64),
        ("preempted", metrics.preempted as f64),
        ("mean wait, s", metrics.wait.mean),
        ("median wait, s", metrics.wait.median),
        ("wait of 95 of 100, s", metrics.wait.p95),
        ("longest wait, s", metrics.wait.max),
        ("mean wait of jobs with 8 GPUs or more, s", metrics.wait_of_large),
        ("mean completion, s", metrics.completion.mean),
        ("makespan, s", metrics.makespan as f64),
        ("utilization, %", metrics.utilization * 100.0),
        ("utilization while backlogged, %", metrics.utilization_while_backlogged * 100.0),
    ]
}

fn row(name: String, was: f64, is: f64) -> Vec<Cell> {
    let digits = usize::from(name.ends_with('%')) * 2;
    let change = if was == 0.0 && is != 0.0 {
        "-".to_owned()
    } else {
        format!("{:+.1} %", (is - was) / was.max(f64::MIN_POSITIVE) * 100.0)
    };
    vec![name.into(), format!("{was:.digits$}").into(), format!("{is:.digits$}").into(), change.into()]
}

/// The world as it might be.
pub(super) fn changed(args: &SimulateArgs, case: &Case) -> Result<World, Failure> {
    let mut world = case.world.clone();
    for name in &args.without_host {
        let place = world.hosts.iter().position(|host| host.name == *name);
        let place =
            place.ok_or_else(|| Failure::NotFound(format!("--without-host: there is no host {name}")))?;
        world.hosts.remove(place);
    }
    let largest = world.hosts.iter().max_by_key(|host| host.gpus.len()).cloned();
    if let Some(largest) = largest {
        let more = (0..args.add_hosts).map(|number| another(&largest, number));
        world.hosts.extend(more.collect::<Vec<_>>());
        world.hosts.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let milli = |gpus: f64| (gpus * 1000.0).round() as i64;
    set(&mut world, case, "--quota", &args.quota, |state, gpus| state.max_gpus_milli = Some(milli(gpus)))?;
    set(&mut world, case, "--guarantee", &args.guarantee, |state, gpus| {
        state.guaranteed_milli = milli(gpus)
    })?;
    set(&mut world, case, "--weight", &args.weight, |state, weight| state.weight = weight)?;
    Ok(world)
}

/// One more host of the kind, everyone's.
fn another(like: &HostState, number: usize) -> HostState {
    // Above all ids that a simulation gives by itself.
    let id = |of: u128| Uuid::from_u128((1 << 100) + ((number as u128) << 32) + of);
    let mut host = HostState {
        id: HostId(id(0)),
        name: format!("what-if-{:03}", number + 1),
        organization: None,
        ..like.clone()
    };
    for (place, gpu) in host.gpus.iter_mut().enumerate() {
        gpu.id = GpuId(id(place as u128));
        gpu.usable = true;
        gpu.nvlink_peers.clear();
    }
    host
}

fn set(
    world: &mut World,
    case: &Case,
    option: &str,
    pairs: &[Pair],
    change: impl Fn(&mut OrganizationState, f64),
) -> Result<(), Failure> {
    for Pair { key, value } in pairs {
        let id = case.tenants.known(key).ok_or_else(|| {
            let known = case.tenants.names().join(", ");
            Failure::NotFound(format!("{option}: there is no organization {key}; there are {known}"))
        })?;
        let number = value.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        let number = number.ok_or_else(|| {
            Failure::Usage(format!("{option}: expected a number of at least 0 for {key}, found '{value}'"))
        })?;
        if let Some(state) = world.organizations.iter_mut().find(|state| state.id == id) {
            change(state, number);
        }
    }
    Ok(())
}
