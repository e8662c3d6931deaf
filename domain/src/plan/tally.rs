//! Whether hosts with room for so many of a job's GPUs are enough for all of it, kept up while rooms change.

use super::demand::{Demand, Spread};

/// The rooms of the hosts that a job could use, counted as its spread needs them.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    spread: Spread,
    count: i32,
    /// GPUs of a whole host.
    whole: i32,
    total: i64,
    /// Hosts with room for the job, for a whole host's worth of it, and for its remainder.
    able: i32,
    full: i32,
    rest: i32,
}

impl Tally {
    /// Nothing counted yet; the largest host has so many GPUs.
    pub(super) fn new(demand: &Demand, whole: i32) -> Self {
        let one_host = demand.spread == Spread::WholeHosts && demand.count <= whole;
        let spread = if one_host { Spread::OneHost } else { demand.spread };
        let (count, whole) = (demand.count.max(1), whole.max(1));
        Self { spread, count, whole, total: 0, able: 0, full: 0, rest: 0 }
    }

    /// How many whole hosts and how many GPUs of another one.
    pub(super) fn whole_hosts(&self) -> (i32, i32) {
        (self.count / self.whole, self.count % self.whole)
    }

    pub(super) fn spread(&self) -> Spread {
        self.spread
    }

    pub(super) fn add(&mut self, room: i32) {
        self.count_room(room, 1);
    }

    /// A host's room has changed.
    pub(super) fn replace(&mut self, old: i32, new: i32) {
        self.count_room(old, -1);
        self.count_room(new, 1);
    }

    fn count_room(&mut self, room: i32, by: i32) {
        self.total += i64::from(room.max(0) * by);
        self.able += if room >= self.count { by } else { 0 };
        self.full += if room >= self.whole { by } else { 0 };
        self.rest += if room >= self.count % self.whole { by } else { 0 };
    }

    /// All of the job has room.
    pub(super) fn enough(&self) -> bool {
        let (hosts, rest) = self.whole_hosts();
        match self.spread {
            Spread::OneHost => self.able > 0,
            Spread::WholeHosts => self.full >= hosts && (rest == 0 || self.rest > hosts),
            Spread::Anywhere => self.total >= i64::from(self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::requirements::GpuRequirements;

    fn enough(count: i32, single_host: bool, whole_hosts: bool, rooms: &[i32]) -> bool {
        let asked = GpuRequirements { count, single_host, ..GpuRequirements::default() };
        let mut tally = Tally::new(&Demand::of(&asked, whole_hosts).unwrap(), 8);
        rooms.iter().for_each(|room| tally.add(*room));
        tally.enough()
    }

    #[test]
    fn whole_hosts_and_a_remainder_are_not_scattered_gpus() {
        assert!(enough(12, false, true, &[8, 4]));
        assert!(!enough(12, false, true, &[8, 3, 3]));
        assert!(enough(12, false, false, &[4, 4, 4]));
        assert!(!enough(16, false, true, &[8, 7, 7]));
    }

    #[test]
    fn up_to_a_host_stays_on_one_host() {
        assert!(!enough(8, false, true, &[7, 7]));
        assert!(!enough(4, true, false, &[3, 3]));
        assert!(enough(4, true, false, &[3, 4]));
    }

    #[test]
    fn what_was_replaced_counts_no_more() {
        let asked = GpuRequirements { count: 4, ..GpuRequirements::default() };
        let mut tally = Tally::new(&Demand::of(&asked, false).unwrap(), 8);
        tally.add(4);
        tally.replace(4, 3);
        assert!(!tally.enough());
    }
}
