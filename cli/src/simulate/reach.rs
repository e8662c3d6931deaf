//! The table of what the core reaches on published traces, measured here and now: `make simulate DATA=folder`.

use std::collections::HashMap;
use std::path::Path;

use domain::plan::{Packing, Policy, Rules};
use domain::simulate::{Estimates, Terms, World};

use super::csv_file::Rows;
use super::queueing::{Outcome, capacity, progress, replay};
use super::saturation::fill;
use super::{fleet, jobs, queueing, saturation, tenants};
use crate::args::simulate::{Format, SimulateArgs};
use crate::client::Failure;
use crate::output::table::{Cell, Column};
use crate::output::{Form, Output};

const SEEDS: [u32; 5] = [42, 43, 44, 45, 46];

/// Prints the table.
pub(super) fn print(folder: &Path, args: &SimulateArgs) -> Result<(), Failure> {
    let output = Output::new(Form::Tables);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut add = |case: &str, measure: &str, found: String, reach: &str| {
        rows.push([case, measure, &found, reach].map(Cell::from).to_vec());
    };
    golden(folder, &mut add)?;
    october(folder, args, &mut add)?;
    openb(folder, args, &mut add)?;
    let columns =
        [Column::new("CASE"), Column::new("MEASURE"), Column::new("FOUND").right(), Column::new("REACH")];
    output.table(&columns, &rows)
}

type Add<'a> = &'a mut dyn FnMut(&str, &str, String, &str);

fn terms(policy: &str, packing: Option<Packing>) -> Terms {
    let policy = Policy::named(policy).unwrap_or_default();
    let packing = packing.unwrap_or(policy.packing);
    let rules = Rules { packing, whole_hosts: true, scores: usize::MAX, ..Rules::of(policy) };
    Terms { rules, estimates: Estimates::Trace }
}

fn philly(folder: &Path, file: &str, (hosts, gpus): (usize, usize)) -> Result<(World, Vec<String>), Failure> {
    let mut tenants = tenants::read(Some(&folder.join("philly/vc_weights.csv")))?;
    let file = folder.join("philly").join(file);
    let (jobs, names) = jobs::read(&file, Format::Philly, gpus, &mut tenants)?;
    let hosts = (0..hosts).map(|number| fleet::plain(number, gpus)).collect();
    Ok((World { hosts, organizations: tenants.organizations, jobs }, names))
}

fn golden(folder: &Path, add: Add<'_>) -> Result<(), Failure> {
    let cases = [
        ("pool64_fifo", (1, 64)),
        ("pool64_sjf", (1, 64)),
        ("pool64_easy", (1, 64)),
        ("pool64_easy-sjbf", (1, 64)),
        ("nodes8x8_fifo", (8, 8)),
        ("nodes8x8_easy", (8, 8)),
    ];
    for (name, size) in cases {
        let (world, names) = philly(folder, "philly_small.csv", size)?;
        let policy = name.split_once('_').map_or(name, |(_, policy)| policy);
        let outcome = replay(&world, &terms(policy, None), &progress(0));
        let rows =
            Rows::read(&folder.join(format!("golden/philly_small_{name}.csv")), &["job_id", "start_s"])?;
        let mut starts = HashMap::new();
        for row in rows.iter() {
            starts.insert(row.needed("job_id")?, row.whole("start_s", 0)?);
        }
        let equal = |(name, run): (&String, &Option<domain::simulate::Run>)| {
            run.as_ref().is_some_and(|run| starts.get(name.as_str()) == Some(&run.start_secs))
        };
        let same = names.iter().zip(&outcome.runs).filter(|pair| equal(*pair)).count();
        add(
            &format!("philly_small {name}"),
            "start times equal",
            format!("{same} of {}", names.len()),
            "all",
        );
    }
    Ok(())
}

fn october(folder: &Path, args: &SimulateArgs, add: Add<'_>) -> Result<(), Failure> {
    let (world, _) = philly(folder, "philly_oct2017.csv.gz", (72, 8))?;
    let bar = progress(world.jobs.len() as u64);
    let Outcome { metrics, took, .. } = replay(&world, &terms(&args.policy, None), &bar);
    bar.finish_and_clear();
    let case = format!("Philly October, 72 x 8, {}", args.policy);
    let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    add(&case, "mean wait, s", format!("{:.0}", metrics.wait.mean), "<= 4000");
    add(
        &case,
        "mean wait of jobs with 8 GPUs or more, s",
        format!("{:.0}", metrics.wait_of_large),
        "<= 40000",
    );
    add(&case, "longest wait, s", format!("{:.0}", metrics.wait.max), "<= 250000");
    add(&case, "entitled shares, Jain", optional(metrics.jain), ">= 0.995");
    add(&case, "entitled shares, least", optional(metrics.least_entitled), ">= 0.80");
    add(&case, "seconds on one core", format!("{:.2}", took.as_secs_f64()), "<= 3");
    let again = replay(&world, &terms(&args.policy, None), &progress(0));
    let same = if again.metrics.hash == metrics.hash { "equal" } else { "DIFFERENT" };
    add(&case, "schedule, twice", same.to_owned(), "equal");
    let apart = queueing::apart(&world, &terms("fifo", None), &progress(0));
    let gain = apart.metrics.wait.mean / metrics.wait.mean.max(1.0);
    let found = format!("1/{gain:.1} of {:.0}", apart.metrics.wait.mean);
    add(&case, "mean wait, of static quotas'", found, "<= 1/45");
    let gpus = capacity(&world);
    add(&case, "GPUs", gpus.to_string(), "576");
    Ok(())
}

fn openb(folder: &Path, args: &SimulateArgs, add: Add<'_>) -> Result<(), Failure> {
    let mut hosts = args.of_hosts(&folder.join("openb/openb_node_list_gpu_node.csv"));
    hosts.format = Format::Openb;
    let hosts = fleet::hosts(&hosts)?;
    let wanted = [
        ("default", Packing::Fgd, ">= 95.25 %"),
        ("default", Packing::BestFit, "93.08 % +- 0.5"),
        ("default", Packing::Random, "87.47 % +- 0.5"),
        ("gpuspec33", Packing::Fgd, ">= 94.40 %"),
    ];
    for (mix, packing, reach) in wanted {
        let file = folder.join(format!("openb/openb_pod_list_{mix}.csv.gz"));
        let mut tenants = tenants::read(None)?;
        let (jobs, names) = jobs::read(&file, Format::Openb, 8, &mut tenants)?;
        let world = World { hosts: hosts.clone(), organizations: tenants.organizations, jobs };
        let (mut given, mut slowest) = (0.0, std::time::Duration::ZERO);
        for seed in SEEDS {
            let order = saturation::order(&folder.join(format!("openb/orders/{mix}_{seed}.txt.gz")), &names)?;
            let mut terms = terms("fair", Some(packing));
            terms.rules.seed = u64::from(seed);
            let filled = fill(&world, &order, &terms);
            given += filled.at_the_end().unwrap_or(0.0) / SEEDS.len() as f64;
            slowest = slowest.max(filled.percentile(0.99));
        }
        let case = format!("openb {mix}, {}", packing.name());
        add(
            &case,
            "allocated at the end of the orders (130 % of arrivals), mean",
            format!("{:.2} %", given * 100.0),
            reach,
        );
        add(&case, "one decision, 99 of 100, ms", format!("{:.3}", slowest.as_secs_f64() * 1e3), "<= 1");
    }
    Ok(())
}
