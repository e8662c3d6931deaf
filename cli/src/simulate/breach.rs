//! Plans again what a server has kept of a plan that broke a rule of its own.

use std::path::Path;

use chrono::{DateTime, Utc};
use domain::plan::{Breach, Rules, check, plan_by};
use domain::snapshot::Snapshot;
use serde::Deserialize;
use serde_json::json;

use crate::args::simulate::SimulateArgs;
use crate::client::Failure;
use crate::output::Output;

/// What a server keeps.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    at: DateTime<Utc>,
    breaches: Vec<Breach>,
    snapshot: Snapshot,
    #[serde(default)]
    min_run_secs: Option<i64>,
}

/// Prints which rules were broken, and which are by this version.
pub(super) fn replay(file: &Path, args: &SimulateArgs) -> Result<(), Failure> {
    let refuse = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", file.display()));
    let text = std::fs::read(file).map_err(|error| refuse(&error))?;
    let kept: Kept = serde_json::from_slice(&text).map_err(|error| refuse(&error))?;
    let rules = Rules::default();
    let rules = Rules { min_run_secs: kept.min_run_secs.unwrap_or(rules.min_run_secs), ..rules };
    let plan = plan_by(&kept.snapshot, &rules, kept.at);
    let broken = check(&kept.snapshot, &plan);
    let output = Output::from_args(&args.connect.output);
    if args.connect.output.json {
        output.json(&json!({
            "at": kept.at, "placements": plan.placements.len(), "waiting": plan.waiting.len(),
            "breachesThen": kept.breaches, "breachesNow": broken,
        }))?;
    } else {
        output.line(&format!(
            "Planned at {}: {} placed, {} wait.",
            kept.at,
            plan.placements.len(),
            plan.waiting.len()
        ))?;
        for (when, breaches) in [("then", &kept.breaches), ("now", &broken)] {
            output.line(&format!("Rules broken {when}: {}", breaches.len()))?;
            for breach in breaches {
                output.line(&format!("  {}  {}", breach.code.as_str(), breach.message))?;
            }
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::Other("this version still breaks a rule with it: please report it with the file".to_owned()))
}
