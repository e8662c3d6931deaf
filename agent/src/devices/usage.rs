//! Joins three books about each GPU: what was assigned, what the card lists, and whose processes those are.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{GpuProcess, LiveAttempt, Owner, Sample};

/// Below this many percent a card is not working.
const IDLE_PERCENT: f64 = 1.0;

/// What a card is used for, as far as it can be seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Not assigned, nothing on it.
    Free,
    /// Assigned, and worked with within the idle window.
    Working,
    /// Assigned and held by its job's processes, and idle for the idle window.
    HeldIdle,
    /// Assigned, and without a process of its job for the idle window.
    HeldEmpty,
    /// A process that no job of this fleet started is on it.
    Foreign,
    /// A process of a job that has ended is on it.
    Orphaned,
}

/// Remembers when each card was last seen at work.
#[derive(Debug)]
pub struct UseTracker {
    idle_window: Duration,
    cards: HashMap<String, Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    busy_at: Instant,
    occupied_at: Instant,
}

impl UseTracker {
    /// A card that did nothing for `idle_window` counts as idle.
    pub fn new(idle_window: Duration) -> Self {
        Self { idle_window, cards: HashMap::new() }
    }

    /// Judges one sample. A stranger on the card outweighs whatever else is true of it, be it another job. `None`: the card does
    /// not say what is on it, and nobody was given it, so that it cannot be told whether it is free.
    pub fn judge(&mut self, sample: &Sample, live: &[LiveAttempt], now: Instant) -> Option<Use> {
        let listed = sample.processes.as_deref();
        let owned_by = |wanted: fn(&Owner) -> bool| {
            listed.unwrap_or_default().iter().any(|GpuProcess { owner, .. }| wanted(owner))
        };
        let assigned =
            live.iter().any(|attempt| attempt.is_alive() && attempt.gpu_uuids.contains(&sample.uuid));
        // A card that does not say so may be occupied: nobody is called idle for it.
        let occupied = listed.is_none() || owned_by(|owner| matches!(owner, Owner::Job(_)));
        let seen = self.remember(sample, assigned, occupied, now);
        if owned_by(|owner| matches!(owner, Owner::Foreign | Owner::Trespasser(_))) {
            Some(Use::Foreign)
        } else if owned_by(|owner| matches!(owner, Owner::Orphan(_))) {
            Some(Use::Orphaned)
        } else if !assigned && owned_by(|owner| matches!(owner, Owner::Job(_))) {
            // Its attempt has ended since the card was looked at, which says nothing of now: the next look tells what is left.
            Some(Use::Working)
        } else if !assigned {
            listed.map(|_| Use::Free)
        } else {
            Some(self.held(seen, now))
        }
    }

    fn held(&self, seen: Seen, now: Instant) -> Use {
        if now.duration_since(seen.occupied_at) >= self.idle_window {
            Use::HeldEmpty
        } else if now.duration_since(seen.busy_at) >= self.idle_window {
            Use::HeldIdle
        } else {
            Use::Working
        }
    }

    fn remember(&mut self, sample: &Sample, assigned: bool, occupied: bool, now: Instant) -> Seen {
        let seen = self.cards.entry(sample.uuid.clone()).or_insert(Seen { busy_at: now, occupied_at: now });
        // The window of a job begins with the job: what the card did before counts for nobody.
        if !assigned || occupied {
            seen.occupied_at = now;
        }
        if !assigned || sample.utilization_percent.is_none_or(|percent| percent >= IDLE_PERCENT) {
            seen.busy_at = now;
        }
        *seen
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::attempt::AttemptId;

    const WINDOW: Duration = Duration::from_secs(300);

    fn id() -> AttemptId {
        AttemptId { job_id: "job".to_owned(), attempt: 1 }
    }

    fn live() -> Vec<LiveAttempt> {
        vec![LiveAttempt {
            id: id(),
            gpu_uuids: vec!["GPU-1".to_owned()],
            gpu_milli: 1000,
            shim_pid: None,
            shim_start_time: 0,
            cgroup: None,
            container: None,
            survivors: None,
            pid: None,
        }]
    }

    fn sample(percent: f64, owners: &[Owner]) -> Sample {
        let process =
            |owner: &Owner| GpuProcess { pid: 1, memory_used_mib: None, command: None, owner: owner.clone() };
        let processes = Some(owners.iter().map(process).collect());
        Sample {
            uuid: "GPU-1".to_owned(),
            utilization_percent: Some(percent),
            processes,
            ..Sample::default()
        }
    }

    /// The verdicts of two looks at the same card, one idle window apart.
    fn twice(percent: f64, owners: &[Owner], live: &[LiveAttempt]) -> [Use; 2] {
        let (mut tracker, start) = (UseTracker::new(WINDOW), Instant::now());
        [start, start + WINDOW].map(|now| tracker.judge(&sample(percent, owners), live, now).unwrap())
    }

    #[test]
    fn an_assigned_card_gets_the_idle_window_before_it_counts_as_idle_or_empty() {
        assert_eq!(twice(80.0, &[Owner::Job(id())], &live()), [Use::Working, Use::Working]);
        assert_eq!(twice(0.0, &[Owner::Job(id())], &live()), [Use::Working, Use::HeldIdle]);
        assert_eq!(twice(0.0, &[], &live()), [Use::Working, Use::HeldEmpty]);
    }

    #[test]
    fn an_unassigned_card_is_free_however_long_it_rests() {
        assert_eq!(twice(0.0, &[], &[]), [Use::Free, Use::Free]);
    }

    #[test]
    fn a_card_is_not_free_because_its_attempt_has_ended_since_it_was_looked_at() {
        assert_eq!(twice(80.0, &[Owner::Job(id())], &[])[0], Use::Working);
        let mut haunted = live();
        haunted[0].survivors = Some(vec![1]);
        assert_eq!(twice(80.0, &[Owner::Job(id())], &haunted)[0], Use::Working);
    }

    #[test]
    fn a_card_that_does_not_list_its_processes_is_not_called_free() {
        let unlisted = Sample { processes: None, ..sample(0.0, &[]) };
        let mut tracker = UseTracker::new(WINDOW);
        assert_eq!(tracker.judge(&unlisted, &[], Instant::now()), None);
        assert_eq!(tracker.judge(&unlisted, &live(), Instant::now()), Some(Use::Working));
    }

    #[test]
    fn a_job_on_a_card_that_it_was_not_given_is_a_stranger_there() {
        let thief = Owner::Trespasser(AttemptId { job_id: "thief".to_owned(), attempt: 1 });
        assert_eq!(twice(90.0, std::slice::from_ref(&thief), &[])[0], Use::Foreign);
        assert_eq!(twice(90.0, &[Owner::Job(id()), thief], &live())[0], Use::Foreign);
    }

    #[test]
    fn strangers_and_leftovers_are_told_apart_and_outweigh_a_job() {
        let (job, orphan) = (Owner::Job(id()), Owner::Orphan("old".to_owned()));
        assert_eq!(twice(9.0, &[job.clone(), Owner::Foreign, orphan.clone()], &live())[0], Use::Foreign);
        assert_eq!(twice(9.0, &[job, orphan], &live())[0], Use::Orphaned);
    }
}
