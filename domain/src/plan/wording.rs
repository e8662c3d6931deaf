//! The sentences of the explanations. They speak of no other organization's GPUs or jobs beyond a count.

use chrono::{DateTime, Timelike as _, Utc};

use crate::requirements::{GpuRequirements, Label};

use super::accounts::Account;
use super::demand::Demand;
use super::explain::Stock;

/// How many hosts, types or labels a sentence names before it only counts.
const NAMED: usize = 3;

/// For [`super::BlockerCode::HigherPriorityAhead`].
pub(super) fn ahead(jobs: i32) -> String {
    match jobs {
        1 => "1 job ahead of it in the queue waits for the same GPUs".to_owned(),
        _ => format!("{jobs} jobs ahead of it in the queue wait for the same GPUs"),
    }
}

/// For [`super::BlockerCode::Dependency`].
pub(super) fn dependencies(unfinished: usize) -> String {
    match unfinished {
        1 => "1 job that it depends on has not ended".to_owned(),
        _ => format!("{unfinished} jobs that it depends on have not ended"),
    }
}

/// For [`super::BlockerCode::RetryPause`].
pub(super) fn rests(until: DateTime<Utc>) -> String {
    let at = until.with_nanosecond(0).unwrap_or(until);
    format!("It has failed, and is tried again at {at} at the earliest")
}

/// For [`super::BlockerCode::NoContainerRuntime`].
pub(super) fn containers(with: usize, hosts: usize) -> String {
    format!("The job has an image, and {with} of {hosts} hosts with matching GPUs can run containers")
}

/// For [`super::BlockerCode::OverQuota`].
pub(super) fn over_quota(budget: &Account, needed: i64) -> String {
    let ceiling = budget.ceiling.unwrap_or(i64::MAX);
    if needed > ceiling {
        return format!(
            "The job needs {}, more than the organization's ceiling of {}: it can never start under it",
            gpus(needed),
            gpus(ceiling)
        );
    }
    let (held, ceiling, needed) = (amount(budget.held), gpus(ceiling), amount(needed));
    if budget.reserved > 0 {
        let kept = amount(budget.reserved);
        return format!(
            "The organization holds {held} of at most {ceiling}, {kept} more are kept for an earlier job of it, \
             and the job needs {needed}"
        );
    }
    format!("The organization holds {held} of at most {ceiling}, the job needs {needed}")
}

/// For [`super::BlockerCode::GpusBusy`].
pub(super) fn busy(stock: &Stock, demand: &Demand) -> String {
    let Stock { matching, free, most_on_one_host, .. } = stock;
    let count = demand.count;
    if !demand.is_whole() && *free == 0 {
        let share = amount(i64::from(demand.milli));
        return format!(
            "0 of {matching} matching GPUs have {share} of a GPU free, the job needs one that has"
        );
    }
    if *free < i64::from(count) {
        return format!("{free} of {matching} matching GPUs are free, the job needs {count}");
    }
    if demand.single_host() && *most_on_one_host < count {
        return format!(
            "{free} of {matching} matching GPUs are free, at most {most_on_one_host} of them on one host, \
             the job needs {count} on one host"
        );
    }
    format!(
        "{free} of {matching} matching GPUs are free, but their hosts have too few CPU cores or too little memory \
         left, the job needs {}",
        host_share(demand)
    )
}

/// For [`super::BlockerCode::ReservedForEarlierJob`].
pub(super) fn reserved(stock: &Stock) -> String {
    if stock.kept == 0 {
        return "CPU cores or memory of the hosts with free matching GPUs are kept for an earlier job"
            .to_owned();
    }
    format!("{} of the {} matching GPUs that are free are kept for an earlier job", stock.kept, stock.free)
}

/// For [`super::BlockerCode::ReservedForEarlierJob`], where the earlier job's moment is known.
pub(super) fn would_delay(stock: &Stock, demand: &Demand, at: Option<DateTime<Utc>>) -> String {
    let at = at.map_or_else(String::new, |at| format!(" by {at:?}"));
    format!(
        "{} of {} matching GPUs are free and the job needs {}, but it may not be done with them when an earlier job \
         is to start{at}",
        stock.free, stock.matching, demand.count
    )
}

/// For [`super::BlockerCode::FairShare`].
pub(super) fn fair_share(held: i64, weight: f64, others: i32) -> String {
    let held = amount(held);
    let whose = match others {
        1 => "1 job of an organization that holds less than its own, or less for its weight, goes".to_owned(),
        _ => format!(
            "{others} jobs of organizations that hold less than their own, or less for their weight, go"
        ),
    };
    format!("{whose} first; this organization holds {held} GPUs with the weight {weight}")
}

/// What of its host goes with a GPU of the job.
pub(super) fn host_share(demand: &Demand) -> String {
    let rounded = |number: f64| (number * 100.0).round() / 100.0;
    let mut parts = Vec::new();
    if demand.cpus_per_gpu > 0.0 {
        parts.push(format!("{} cores", rounded(demand.cpus_per_gpu)));
    }
    if demand.memory_gb_per_gpu > 0.0 {
        parts.push(format!("{} GB", rounded(demand.memory_gb_per_gpu)));
    }
    format!("{} with each of {}", parts.join(" and "), gpus(demand.total_milli()))
}

/// The types that a job wants.
pub(super) fn types(asked: &GpuRequirements) -> String {
    let quoted: Vec<String> = asked.gpu_types.iter().map(|wanted| format!("'{wanted}'")).collect();
    some_of(&quoted, " or ")
}

/// The labels that a job wants its hosts to have.
pub(super) fn labels(wanted: &[Label]) -> String {
    let pairs: Vec<String> = wanted.iter().map(|label| format!("{}={}", label.key, label.value)).collect();
    some_of(&pairs, " and ")
}

/// A list as a sentence has it; a long one is cut.
pub(super) fn some_of(texts: &[String], between: &str) -> String {
    if texts.len() <= NAMED {
        return texts.join(between);
    }
    format!("{}{between}{} more", texts[..NAMED].join(", "), texts.len() - NAMED)
}

/// A time in words: "2 h 5 min", "40 s".
pub(super) fn length(secs: i64) -> String {
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, secs) => format!("{secs} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, secs) => format!("{minutes} min {secs} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// GPUs in words: "1 GPU", "0.25 GPUs".
pub(super) fn gpus(milli: i64) -> String {
    if milli == 1000 { "1 GPU".to_owned() } else { format!("{} GPUs", amount(milli)) }
}

/// Thousandths as a plain number: 4000 is "4", 250 is "0.25".
fn amount(milli: i64) -> String {
    format!("{}", milli as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!([amount(4000), amount(250), amount(3500)], ["4", "0.25", "3.5"]);
        assert_eq!([gpus(1000), gpus(2000)], ["1 GPU", "2 GPUs"]);
    }

    #[test]
    fn long_lists_are_cut() {
        let texts: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(some_of(&texts[..2], " or "), "a or b");
        assert_eq!(some_of(&texts, " or "), "a, b, c or 2 more");
    }

    #[test]
    fn times_read_as_people_say_them() {
        let said = [40, 120, 125, 7200, 7500].map(length);
        assert_eq!(said, ["40 s", "2 min", "2 min 5 s", "2 h", "2 h 5 min"]);
    }
}
