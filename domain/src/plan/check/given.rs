//! That nothing is given twice, to the wrong job, or beyond what is there.

use std::collections::HashSet;

use crate::ids::JobId;
use crate::plan::{PlacedGpu, Placement};
use crate::requirements::{WHOLE_GPU_MILLI, memory_gb};
use crate::snapshot::WaitingJob;

use super::room::{ROUNDING, answers, portion};
use super::{BreachCode, Checked};

pub(super) fn check(checked: &mut Checked<'_>) {
    let mut placed: HashSet<JobId> = HashSet::new();
    let mut touched: HashSet<usize> = HashSet::new();
    for placement in &checked.plan.placements {
        match checked.named.get(&placement.job) {
            Some(job) if placed.insert(job.id) => give(checked, job, placement, &mut touched),
            _ => wrong(checked, placement, "it does not wait, or is placed twice"),
        }
    }
    cards(checked);
    for place in touched {
        rooms(checked, place);
    }
}

fn wrong(checked: &mut Checked<'_>, placement: &Placement, why: &str) {
    checked.breach(BreachCode::WrongPlacement, format!("the placement of {}: {why}", placement.job));
}

fn give(checked: &mut Checked<'_>, job: &WaitingJob, placement: &Placement, touched: &mut HashSet<usize>) {
    let asked = &job.requirements;
    let distinct: HashSet<_> = placement.gpus.iter().map(|gpu| gpu.gpu).collect();
    let hosts: HashSet<_> = placement.gpus.iter().map(|gpu| gpu.host).collect();
    if job.is_held_back() {
        wrong(checked, placement, "it is held back");
    }
    if distinct.len() as i64 != i64::from(asked.count) || distinct.len() != placement.gpus.len() {
        let (given, count) = (distinct.len(), asked.count);
        wrong(checked, placement, &format!("{given} different GPUs for a job of {count}"));
    }
    if asked.single_host && hosts.len() > 1 {
        wrong(checked, placement, &format!("{} hosts for a job that stays on one", hosts.len()));
    }
    for gpu in &placement.gpus {
        let Some(place) = give_one(checked, job, gpu) else {
            wrong(checked, placement, &format!("{} does not answer it", gpu.gpu));
            continue;
        };
        touched.insert(place);
    }
}

/// Takes a GPU for a job; nothing where it does not answer the job. The host's place.
fn give_one(checked: &mut Checked<'_>, job: &WaitingJob, placed: &PlacedGpu) -> Option<usize> {
    let place = *checked.places.get(&placed.host)?;
    let host = checked.hosts.get_mut(place)?;
    let card = host.gpus.iter().position(|gpu| gpu.id == placed.gpu)?;
    if !answers(job, host, &host.gpus[card]) || placed.milli != job.requirements.milli {
        return None;
    }
    host.gpus[card].allocated_milli += placed.milli;
    let (cpus, memory) = portion(job);
    host.cpus_allocated += cpus;
    host.memory_gb_allocated += memory;
    Some(place)
}

/// No GPU gives more than itself, whoever gave it.
fn cards(checked: &mut Checked<'_>) {
    let mut found = Vec::new();
    for host in &checked.hosts {
        for gpu in host.gpus.iter().filter(|gpu| gpu.allocated_milli > WHOLE_GPU_MILLI) {
            let milli = gpu.allocated_milli;
            found.push(format!("{milli} thousandths of {} on {} are given", gpu.id, host.name));
        }
    }
    found.into_iter().for_each(|message| checked.breach(BreachCode::OverAllocated, message));
}

/// A host on which the plan gives something has the cores and the memory for it.
fn rooms(checked: &mut Checked<'_>, place: usize) {
    let (before, after) = (&checked.snapshot.hosts[place], &checked.hosts[place]);
    let rooms = [
        ("cores", before.cpus_allocated, after.cpus_allocated, after.cpus),
        ("GB of memory", before.memory_gb_allocated, after.memory_gb_allocated, memory_gb(after.memory_mib)),
    ];
    let name = after.name.clone();
    let over = |(_, before, after, all): &(&str, f64, f64, f64)| after > before && *after > all + ROUNDING;
    for (what, _, given, all) in rooms.into_iter().filter(over) {
        checked.breach(BreachCode::OverAllocated, format!("{given} of {all} {what} of {name} are given"));
    }
}
