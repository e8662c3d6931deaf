//! Why a job can never start on this fleet: each requirement that excludes GPUs, with how many it leaves.
//!
//! GPUs that are dedicated to other organizations are not counted, not even as excluded.

use std::collections::BTreeMap;

use crate::ids::OrganizationId;
use crate::requirements::{Label, memory_gb};

use super::demand::Demand;
use super::eligibility::Pool;
use super::fleet::Fleet;
use super::shape::Shape;
use super::wording::{host_share, labels, types};

/// GPUs that no requirement tells apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind<'a> {
    organization: Option<OrganizationId>,
    labels: &'a [Label],
    model: usize,
    /// It works, and its host takes jobs.
    in_service: bool,
}

/// How many GPUs of each kind the fleet has.
pub(super) struct Census<'a> {
    models: &'a [(&'a str, i32)],
    kinds: BTreeMap<Kind<'a>, i64>,
}

impl<'a> Census<'a> {
    pub(super) fn new(fleet: &'a Fleet<'a>) -> Self {
        let mut kinds = BTreeMap::new();
        for host in &fleet.hosts {
            for card in &host.cards {
                let kind = Kind {
                    organization: host.state.organization,
                    labels: &host.state.labels,
                    model: card.model,
                    in_service: card.state.usable && host.state.schedulable,
                };
                *kinds.entry(kind).or_default() += 1;
            }
        }
        Self { models: &fleet.models, kinds }
    }

    /// The sentence for a shape that the fleet cannot serve, even when nothing else runs.
    pub(super) fn no_match(&self, shape: &Shape<'_>, pool: &Pool) -> String {
        let Some(demand) = shape.demand else {
            return "The job asks for a number of GPUs, or a share of one, that does not exist".to_owned();
        };
        let mut clauses = self.narrowing(shape);
        clauses.push(too_small(&demand, pool));
        clauses.join("; ")
    }

    fn narrowing(&self, shape: &Shape<'_>) -> Vec<String> {
        let asked = shape.requirements;
        let visible = |kind: &Kind<'_>| kind.organization.is_none_or(|owner| owner == shape.organization);
        let kinds = self.kinds.iter().map(|(kind, gpus)| (*kind, *gpus));
        let mut left = Left { kinds: kinds.filter(|(kind, _)| visible(kind)).collect(), clauses: Vec::new() };
        if left.kinds.is_empty() {
            return vec!["There are no GPUs that the organization may use".to_owned()];
        }
        left.keep(
            |kind| asked.matches_type(self.models[kind.model].0),
            || format!("match type {}", types(asked)),
        );
        if let Some(least) = asked.min_memory_gb {
            let large = |kind: &Kind<'_>| memory_gb(self.models[kind.model].1) >= least;
            left.keep(large, || format!("have at least {least} GB"));
        }
        let labelled = |kind: &Kind<'_>| asked.matches_labels(kind.labels);
        left.keep(labelled, || format!("are on hosts labelled {}", labels(&asked.labels)));
        left.keep(|kind| kind.in_service, || "work and are on hosts that take jobs".to_owned());
        left.clauses
    }
}

/// What the requirements have left so far, and a clause for each one that excluded something.
struct Left<'a> {
    kinds: Vec<(Kind<'a>, i64)>,
    clauses: Vec<String>,
}

impl Left<'_> {
    fn count(&self) -> i64 {
        self.kinds.iter().map(|(_, gpus)| gpus).sum()
    }

    fn keep(&mut self, keeps: impl Fn(&Kind<'_>) -> bool, phrase: impl FnOnce() -> String) {
        let before = self.count();
        self.kinds.retain(|(kind, _)| keeps(kind));
        let after = self.count();
        if after < before {
            let those =
                if self.clauses.is_empty() { format!("{before} GPUs") } else { format!("these {before}") };
            self.clauses.push(format!("{after} of {those} {}", phrase()));
        }
    }
}

/// Why the GPUs that match, if any, are not enough.
fn too_small(demand: &Demand, pool: &Pool) -> String {
    let (matching, count) = (pool.size(), demand.count);
    let most = pool.hosts.iter().map(|(_, gpus)| *gpus).max().unwrap_or(0);
    if matching == 0 {
        return format!("the job needs {count}");
    }
    if matching < i64::from(count) {
        return format!("{matching} match in all, the job needs {count}");
    }
    if demand.single_host() && most < count {
        return format!(
            "{matching} match in all, at most {most} on one host, the job needs {count} on one host"
        );
    }
    format!(
        "{matching} match in all, but their hosts have too few CPU cores or too little memory even when empty, \
         the job needs {}",
        host_share(demand)
    )
}
