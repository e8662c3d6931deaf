//! Who gives back what was borrowed, so that an organization gets what is guaranteed to it.
//!
//! Take them away, ask, put them back: borrowed jobs are taken off a copy of the fleet, cheapest first, until the job
//! that claims its organization's own GPUs would fit; those that turn out not to matter stay.

use crate::ids::JobId;

use super::core::{Core, Outcome, Running};
use super::fit::FitIndexes;
use super::moment::{At, SECOND};

/// A job that is to give its GPUs back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preemption {
    /// Which.
    pub job: JobId,
    /// Its version, as read.
    pub job_version: i32,
    /// The job that claims what is guaranteed to its organization.
    pub claimed_by: JobId,
}

/// The jobs to stop for the claims of a pass.
pub(super) fn preemptions(core: &mut Core<'_>, outcome: &Outcome) -> Vec<Preemption> {
    if outcome.claims.is_empty() {
        return Vec::new();
    }
    let saved = core.fleet.clone();
    let held: Vec<i64> = core.accounts.known.iter().map(|account| account.held).collect();
    let kept = core.kept();
    core.fleet.unreserve(&kept);
    let leaving: Vec<JobId> = sorted(core, |running| running.stopping);
    leaving.iter().for_each(|job| set_aside(core, *job));
    let mut stopped = Vec::new();
    for kind in &outcome.claims {
        stopped.extend(claim(core, *kind, &stopped));
    }
    core.fleet = saved;
    core.forget_fits(FitIndexes::default());
    core.accounts.known.iter_mut().zip(held).for_each(|(account, held)| account.held = held);
    stopped
}

fn claim(core: &mut Core<'_>, kind: usize, stopped: &[Preemption]) -> Vec<Preemption> {
    let state = &core.kinds.known[kind];
    let (shape, account) = (state.shape, state.account);
    let Some(first) = state.waiting.first() else { return Vec::new() };
    let claimed_by = core.entries[first.job as usize].id;
    let Some(demand) = core.shapes.known[shape].demand else { return Vec::new() };
    if !core.accounts.known[account].owns(demand.total_milli()) {
        return Vec::new();
    }
    let victims = victims(core, account, stopped);
    let mut taken: Vec<JobId> = Vec::new();
    let mut place = core.choose(shape, None, |_, _, _| true);
    for victim in victims {
        if place.is_some() {
            break;
        }
        set_aside(core, victim);
        taken.push(victim);
        place = core.choose(shape, None, |_, _, _| true);
    }
    if place.is_none() {
        taken.iter().for_each(|job| put_back(core, *job));
        return Vec::new();
    }
    taken.retain(|job| {
        put_back(core, *job);
        let fits = core.choose(shape, None, |_, _, _| true).is_some();
        if !fits {
            set_aside(core, *job);
        }
        !fits
    });
    if let Some(parts) = core.choose(shape, None, |_, _, _| true) {
        core.fleet.take(&parts, &demand, core.now);
        core.accounts.known[account].held += demand.total_milli();
    }
    let preemption = |job: JobId| {
        let version = core.running.get(&job).and_then(|running| running.version).unwrap_or_default();
        Preemption { job, job_version: version, claimed_by }
    };
    taken.into_iter().map(preemption).collect()
}

/// What others have borrowed and may be asked back, cheapest first: less priority, then less work lost, then the one that
/// started longest ago.
fn victims(core: &Core<'_>, claimant: usize, stopped: &[Preemption]) -> Vec<JobId> {
    let mut held = vec![0; core.accounts.known.len()];
    let mut by_start: Vec<(&JobId, &Running)> = core.running.iter().collect();
    by_start.sort_unstable_by_key(|(id, running)| (running.started, **id));
    let mut victims: Vec<(i32, i128, At, JobId)> = Vec::new();
    for (id, running) in by_start {
        let milli = running.demand.total_milli();
        held[running.account] += milli;
        let borrowed = held[running.account] > core.accounts.known[running.account].guaranteed;
        let ran = core.now.saturating_sub(running.started);
        let settled = ran >= core.rules.min_run_secs.saturating_mul(SECOND);
        let asked = running.stopping || stopped.iter().any(|one| one.job == *id);
        if borrowed && settled && !asked && running.account != claimant {
            let lost = i128::from(milli) * i128::from(ran);
            victims.push((running.priority, lost, running.started, *id));
        }
    }
    victims.sort_unstable();
    victims.into_iter().map(|(_, _, _, job)| job).collect()
}

fn sorted(core: &Core<'_>, which: impl Fn(&Running) -> bool) -> Vec<JobId> {
    let mut jobs: Vec<JobId> =
        core.running.iter().filter(|(_, running)| which(running)).map(|(id, _)| *id).collect();
    jobs.sort_unstable();
    jobs
}

fn set_aside(core: &mut Core<'_>, job: JobId) {
    if let Some(running) = core.running.get(&job) {
        core.fleet.give_back(&running.parts, &running.demand, running.until);
        core.accounts.known[running.account].held -= running.demand.total_milli();
    }
}

fn put_back(core: &mut Core<'_>, job: JobId) {
    if let Some(running) = core.running.get(&job) {
        core.fleet.take(&running.parts, &running.demand, running.until);
        core.accounts.known[running.account].held += running.demand.total_milli();
    }
}
