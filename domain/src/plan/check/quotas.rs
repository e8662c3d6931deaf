//! That no organization goes beyond its ceiling, and that only what is borrowed is asked back.

use std::collections::HashMap;

use crate::ids::{JobId, OrganizationId};
use crate::snapshot::RunningJob;

use super::{BreachCode, Checked};

pub(super) fn check(checked: &mut Checked<'_>) {
    ceilings(checked);
    if !checked.plan.preemptions.is_empty() {
        preemptions(checked);
    }
}

fn ceilings(checked: &mut Checked<'_>) {
    for (id, given) in checked.given_to() {
        let Some(state) = checked.organizations.get(&id) else { continue };
        let held = state.allocated_milli + given;
        if let Some(ceiling) = state.max_gpus_milli.filter(|ceiling| held > *ceiling) {
            let message = format!("organization {id} would hold {held} of {ceiling} thousandths of a GPU");
            checked.breach(BreachCode::OverCeiling, message);
        }
    }
}

fn preemptions(checked: &mut Checked<'_>) {
    let borrowed = borrowed(checked);
    for one in &checked.plan.preemptions {
        let may = borrowed.get(&one.job).copied().unwrap_or(false);
        let another = borrowed_from_another(checked, one.job, one.claimed_by);
        if !may || !another {
            let message =
                format!("{} is asked back for {}, and was not borrowed from it", one.job, one.claimed_by);
            checked.breach(BreachCode::NotBorrowed, message);
        }
    }
}

fn borrowed_from_another(checked: &Checked<'_>, job: JobId, claimant: JobId) -> bool {
    let holder = checked.snapshot.running.iter().find(|running| running.id == job);
    match (holder, checked.named.get(&claimant)) {
        (Some(holder), Some(claimant)) => holder.organization != claimant.organization,
        _ => false,
    }
}

/// By running job: whether its organization held more than is guaranteed to it once this had started.
fn borrowed(checked: &Checked<'_>) -> HashMap<JobId, bool> {
    let mut running: Vec<&RunningJob> = checked.snapshot.running.iter().collect();
    running.sort_unstable_by_key(|job| (job.started_at, job.id));
    let mut held: HashMap<OrganizationId, i64> = HashMap::new();
    let mut borrowed = HashMap::new();
    for job in running {
        let held = held.entry(job.organization).or_default();
        *held += job.gpus.iter().map(|(_, milli)| i64::from(*milli)).sum::<i64>();
        let state = checked.organizations.get(&job.organization);
        let guaranteed = state.map_or(0, |state| state.guaranteed_milli);
        borrowed.insert(job.id, *held > guaranteed && !job.stopping);
    }
    borrowed
}
