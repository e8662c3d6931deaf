//! The Standard Workload Format: a job a line of eighteen numbers, comments behind semicolons.

use domain::requirements::GpuRequirements;

use super::jobs::Read;
use crate::client::Failure;

/// The fields that are read, counted from 1, with their names in the format's definition.
const NUMBER: (usize, &str) = (1, "job number");
const SUBMIT: (usize, &str) = (2, "submit time");
const RUN: (usize, &str) = (4, "run time");
const ALLOCATED: (usize, &str) = (5, "number of allocated processors");
const REQUESTED: (usize, &str) = (8, "requested number of processors");
const ESTIMATE: (usize, &str) = (9, "requested time");
const USER: (usize, &str) = (12, "user id");
const GROUP: (usize, &str) = (13, "group id");
const EXECUTABLE: (usize, &str) = (14, "executable number");

/// The jobs that ran and asked for processors.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Read>, Failure> {
    let mut jobs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.is_empty() || line.trim_start().starts_with(';') {
            continue;
        }
        let place = Place { file, line: number + 1, fields: &fields };
        let requested = place.number(REQUESTED)?;
        let gpus = if requested > 0 { requested } else { place.number(ALLOCATED)? };
        let run_secs = place.number(RUN)?;
        if gpus <= 0 || run_secs < 0 {
            continue;
        }
        let estimate = place.number(ESTIMATE)?;
        jobs.push(Read {
            name: place.number(NUMBER)?.to_string(),
            organization: format!("group-{}", place.number(GROUP)?),
            series: Some(format!("{}/{}", place.number(USER)?, place.number(EXECUTABLE)?)),
            submit_secs: place.number(SUBMIT)?,
            run_secs,
            estimate_secs: (estimate > 0).then_some(estimate),
            priority: 0,
            needs_container: false,
            requirements: GpuRequirements {
                count: i32::try_from(gpus).unwrap_or(i32::MAX),
                ..GpuRequirements::default()
            },
        });
    }
    Ok(jobs)
}

struct Place<'f> {
    file: &'f str,
    line: usize,
    fields: &'f [&'f str],
}

impl Place<'_> {
    fn number(&self, (place, name): (usize, &str)) -> Result<i64, Failure> {
        let found = self.fields.get(place - 1).copied();
        // Some writers give times with a fraction.
        let number = found.and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite());
        number.map(|number| number.round() as i64).ok_or_else(|| {
            let found = found.map_or_else(|| "nothing".to_owned(), |text| format!("'{text}'"));
            let Self { file, line, .. } = self;
            Failure::Usage(format!(
                "{file}, line {line}, field {place} ({name}): expected a number, found {found}"
            ))
        })
    }
}
