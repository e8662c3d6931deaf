//! What a simulation came to, as a table for people and as JSON for programs.

use std::time::Duration;

use domain::simulate::{Distribution, Metrics};
use serde_json::{Value, json};

use super::queueing::Outcome;
use super::saturation::Filled;
use crate::args::simulate::SimulateArgs;
use crate::client::Failure;
use crate::output::table::{Cell, Column};
use crate::output::{Form, Output};

const TABLE: [Column; 6] = [
    Column::new(""),
    Column::new("MEAN").right(),
    Column::new("MEDIAN").right(),
    Column::new("P95").right(),
    Column::new("P99").right(),
    Column::new("MAX").right(),
];

/// Prints replays: the first as a table, and the means over all where there are several.
pub(super) fn queueing(args: &SimulateArgs, outcomes: &[Outcome]) -> Result<(), Failure> {
    let output = Output::new(if args.connect.output.json { Form::Json } else { Form::Tables });
    if args.connect.output.json {
        let runs: Vec<Value> = outcomes.iter().map(|outcome| run_json(args, outcome)).collect();
        return match runs.as_slice() {
            [one] => output.json(one),
            _ => output.json(&json!({ "runs": runs })),
        };
    }
    let Some(first) = outcomes.first() else { return Ok(()) };
    tables(output, first)?;
    if outcomes.len() > 1 {
        let waits: Vec<f64> = outcomes.iter().map(|outcome| outcome.metrics.wait.mean).collect();
        let mean = waits.iter().sum::<f64>() / waits.len() as f64;
        let least = waits.iter().copied().fold(f64::INFINITY, f64::min);
        let most = waits.iter().copied().fold(0.0, f64::max);
        output
            .line(&format!("{} runs: mean wait {mean:.0} s, from {least:.0} to {most:.0} s", waits.len()))?;
    }
    Ok(())
}

fn tables(output: Output, outcome: &Outcome) -> Result<(), Failure> {
    let metrics = &outcome.metrics;
    let seconds = |name: &str, of: &Distribution| row(name, of, 0);
    let rows = [
        seconds("wait, s", &metrics.wait),
        seconds("completion, s", &metrics.completion),
        row("bounded slowdown", &metrics.slowdown, 2),
    ];
    output.table(&TABLE, &rows)?;
    output.line("")?;
    let columns = [Column::new(""), Column::new("").right()];
    let cells = |(name, value): (&str, String)| vec![Cell::from(name), Cell::from(value)];
    output.table(&columns, &facts(outcome).into_iter().map(cells).collect::<Vec<_>>())
}

fn row(name: &str, of: &Distribution, digits: usize) -> Vec<Cell> {
    let numbers = [of.mean, of.median, of.p95, of.p99, of.max];
    let cells = numbers.iter().map(|number| Cell::from(format!("{number:.digits$}")));
    std::iter::once(Cell::from(name)).chain(cells).collect()
}

fn facts(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let Metrics { done, never_placed, preempted, .. } = outcome.metrics;
    let metrics = &outcome.metrics;
    let percent = |part: f64| format!("{:.2} %", part * 100.0);
    let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    vec![
        ("jobs done", done.to_string()),
        ("never placed", never_placed.to_string()),
        ("preempted", preempted.to_string()),
        ("mean wait by GPUs, s", format!("{:.0}", metrics.wait_by_gpus)),
        ("mean wait of jobs with 8 GPUs or more, s", format!("{:.0}", metrics.wait_of_large)),
        ("mean completion by GPUs, s", format!("{:.0}", metrics.completion_by_gpus)),
        ("mean completion of jobs with 8 GPUs or more, s", format!("{:.0}", metrics.completion_of_large)),
        ("makespan, s", metrics.makespan.to_string()),
        ("utilization", percent(metrics.utilization)),
        ("utilization between arrivals", percent(metrics.utilization_between_arrivals)),
        ("utilization while backlogged", percent(metrics.utilization_while_backlogged)),
        ("Jain's index of entitled shares", optional(metrics.jain)),
        ("least entitled share", optional(metrics.least_entitled)),
        ("passes", outcome.passes.to_string()),
        ("time for each pass, µs", format!("{:.1}", each(outcome.took, outcome.passes))),
        ("time in all, s", format!("{:.2}", outcome.took.as_secs_f64())),
        ("schedule", format!("{:016x}", metrics.hash)),
    ]
}

fn each(took: Duration, count: u64) -> f64 {
    took.as_secs_f64() * 1e6 / count.max(1) as f64
}

fn spread(of: &Distribution) -> Value {
    json!({ "mean": of.mean, "median": of.median, "p95": of.p95, "p99": of.p99, "max": of.max })
}

pub(super) fn run_json(args: &SimulateArgs, outcome: &Outcome) -> Value {
    let metrics = &outcome.metrics;
    let tenants: Vec<Value> = metrics
        .tenants
        .iter()
        .map(|tenant| json!({ "jobs": tenant.jobs, "meanWait": tenant.mean_wait, "entitled": tenant.entitled }))
        .collect();
    json!({
        "policy": args.policy,
        "placement": args.packing(),
        "done": metrics.done,
        "neverPlaced": metrics.never_placed,
        "preempted": metrics.preempted,
        "wait": spread(&metrics.wait),
        "waitByGpus": metrics.wait_by_gpus,
        "waitOfLarge": metrics.wait_of_large,
        "completion": spread(&metrics.completion),
        "completionByGpus": metrics.completion_by_gpus,
        "completionOfLarge": metrics.completion_of_large,
        "boundedSlowdown": spread(&metrics.slowdown),
        "makespan": metrics.makespan,
        "utilization": metrics.utilization,
        "utilizationBetweenArrivals": metrics.utilization_between_arrivals,
        "utilizationWhileBacklogged": metrics.utilization_while_backlogged,
        "jain": metrics.jain,
        "leastEntitled": metrics.least_entitled,
        "organizations": tenants,
        "passes": outcome.passes,
        "microsecondsPerPass": each(outcome.took, outcome.passes),
        "seconds": outcome.took.as_secs_f64(),
        "schedule": format!("{:016x}", metrics.hash),
    })
}

/// Prints how a fleet filled up.
pub(super) fn saturation(args: &SimulateArgs, filled: &Filled) -> Result<(), Failure> {
    let output = Output::new(if args.connect.output.json { Form::Json } else { Form::Tables });
    let micros = |part: f64| filled.percentile(part).as_secs_f64() * 1e6;
    if args.connect.output.json {
        let mark = |(at, given, unusable): &(f64, f64, f64)| json!({ "arrivals": at, "allocation": given, "fragmentation": unusable });
        return output.json(&json!({
            "placement": args.packing(),
            "placed": filled.placed,
            "dropped": filled.dropped,
            "marks": filled.marks.iter().map(mark).collect::<Vec<_>>(),
            "decisions": filled.decisions.len(),
            "microsecondsPerDecision": { "median": micros(0.5), "p99": micros(0.99), "max": micros(1.0) },
            "schedule": format!("{:016x}", filled.hash),
        }));
    }
    let columns = [
        Column::new("ARRIVALS").right(),
        Column::new("ALLOCATED").right(),
        Column::new("FRAGMENTED").right(),
    ];
    let percent = |part: f64| Cell::from(format!("{:.2} %", part * 100.0));
    let rows: Vec<Vec<Cell>> = filled
        .marks
        .iter()
        .map(|(at, given, unusable)| vec![percent(*at), percent(*given), percent(*unusable)])
        .collect();
    output.table(&columns, &rows)?;
    output.line(&format!(
        "{} placed, {} dropped; a decision takes {:.0} µs (median), {:.0} µs (99 of 100); schedule {:016x}",
        filled.placed,
        filled.dropped,
        micros(0.5),
        micros(0.99),
        filled.hash
    ))
}
