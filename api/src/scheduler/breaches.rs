//! What comes of a plan that breaks a rule: it is counted, logged, and kept in a file from which it can be planned again.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use domain::plan::{Breach, Rules};
use domain::snapshot::Snapshot;
use serde::Serialize;

/// Files that are kept: the first ones tell most, and a disk is not to be filled with them.
const FILES: usize = 10;

/// Where such files are put.
pub(super) struct Breaches {
    dir: PathBuf,
}

#[derive(Serialize)]
struct Kept<'a> {
    at: DateTime<Utc>,
    breaches: &'a [Breach],
    snapshot: &'a Snapshot,
    /// What the server's rules have that others' may not.
    #[serde(rename = "minRunSecs")]
    min_run_secs: i64,
}

impl Breaches {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Tells of a pass that broke rules, if it did.
    pub(super) fn tell(&self, snapshot: &Snapshot, rules: &Rules, at: DateTime<Utc>, breaches: &[Breach]) {
        let Some(first) = breaches.first() else { return };
        for breach in breaches {
            metrics::counter!("gpu_fleet_scheduler_breaches_total", "code" => breach.code.as_str())
                .increment(1);
        }
        let file = match self.keep(&Kept { at, breaches, snapshot, min_run_secs: rules.min_run_secs }) {
            Ok(file) => {
                file.map_or_else(|| "none: there are enough".to_owned(), |file| file.display().to_string())
            }
            Err(error) => format!("none: {error}"),
        };
        tracing::error!(
            code = first.code.as_str(),
            breach = first.message,
            count = breaches.len(),
            file,
            "a plan breaks a rule of its own; please report it with the file"
        );
    }

    fn keep(&self, kept: &Kept<'_>) -> std::io::Result<Option<PathBuf>> {
        std::fs::create_dir_all(&self.dir)?;
        if std::fs::read_dir(&self.dir)?.count() >= FILES {
            return Ok(None);
        }
        let file = self.dir.join(format!("breach-{}.json", kept.at.format("%Y%m%dT%H%M%S%3f")));
        std::fs::write(&file, serde_json::to_vec(kept)?)?;
        Ok(Some(file))
    }
}
