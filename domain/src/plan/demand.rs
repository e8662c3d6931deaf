//! What a job asks for in numbers: how many GPUs, how much of each, and what of the host goes with each of them.

use crate::requirements::{GpuRequirements, WHOLE_GPU_MILLI};

use super::fleet::{Hold, HostPart};
use super::moment::At;

/// How a job's GPUs may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// All on one host.
    OneHost,
    /// On one host, or on whole hosts and a remainder.
    WholeHosts,
    /// On as few hosts as possible, and on as many as need be.
    Anywhere,
}

/// The numbers of a job's requirements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Demand {
    /// GPUs in all; 0: cores and memory alone.
    pub(super) count: i32,
    /// Thousandths of each.
    pub(super) milli: i32,
    /// How they may lie.
    pub(super) spread: Spread,
    /// CPU cores that go with each GPU; 0: none.
    pub(super) cpus_per_gpu: f64,
    /// Decimal gigabytes of host memory that go with each GPU; 0: none.
    pub(super) memory_gb_per_gpu: f64,
}

impl Demand {
    /// None for numbers that no submission may contain: such a job is never placed.
    pub(super) fn of(requirements: &GpuRequirements, whole_hosts: bool) -> Option<Self> {
        let GpuRequirements { count, milli, single_host, .. } = *requirements;
        let sound = count >= 0 && (1..=WHOLE_GPU_MILLI).contains(&milli);
        if !sound || (milli < WHOLE_GPU_MILLI && count > 1) {
            return None;
        }
        let per_gpu = |in_all: Option<f64>| in_all.unwrap_or(0.0) / f64::from(count.max(1));
        let spread = match (single_host || count <= 1, whole_hosts) {
            (true, _) => Spread::OneHost,
            (false, true) => Spread::WholeHosts,
            (false, false) => Spread::Anywhere,
        };
        Some(Self {
            count,
            milli,
            spread,
            cpus_per_gpu: per_gpu(requirements.cpus),
            memory_gb_per_gpu: per_gpu(requirements.memory_gb),
        })
    }

    /// All its numbers, to be compared.
    pub(super) fn bits(&self) -> (i32, i32, bool, u64, u64) {
        let Self { count, milli, cpus_per_gpu, memory_gb_per_gpu, .. } = *self;
        (count, milli, self.single_host(), cpus_per_gpu.to_bits(), memory_gb_per_gpu.to_bits())
    }

    /// All on one host.
    pub(super) fn single_host(&self) -> bool {
        self.spread == Spread::OneHost
    }

    /// It takes cores or memory of its hosts.
    pub(super) fn takes_room(&self) -> bool {
        self.cpus_per_gpu > 0.0 || self.memory_gb_per_gpu > 0.0
    }

    /// So many portions of cores and memory go with a part of it.
    pub(super) fn portions(&self, part: &HostPart) -> f64 {
        part.cards.len().max(usize::from(self.count == 0)) as f64
    }

    /// What it holds of each of its cards.
    pub(super) fn hold(&self, until: At) -> Hold {
        Hold { until, milli: self.milli, cpus: self.cpus_per_gpu, memory_gb: self.memory_gb_per_gpu }
    }

    /// Whole GPUs, rather than a share of one.
    pub(super) fn is_whole(&self) -> bool {
        self.milli == WHOLE_GPU_MILLI
    }

    /// All of it, in thousandths of a GPU: what it costs its organization's ceiling.
    pub(super) fn total_milli(&self) -> i64 {
        i64::from(self.count) * i64::from(self.milli)
    }

    /// For how many of its GPUs these CPU cores and this memory suffice.
    pub(super) fn gpus_served_by(&self, cpus: f64, memory_gb: f64) -> i32 {
        portions(cpus, self.cpus_per_gpu).min(portions(memory_gb, self.memory_gb_per_gpu))
    }
}

/// How many portions an amount holds, forgiving what division into portions rounds off.
fn portions(amount: f64, portion: f64) -> i32 {
    if portion <= 0.0 {
        return i32::MAX;
    }
    // The cast rounds down, saturates, and turns what is not a number into 0.
    (amount / portion + 1e-9).max(0.0) as i32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn thirds_of_the_cores_serve_exactly_three_gpus() {
        let asked = GpuRequirements { count: 3, cpus: Some(8.0), ..GpuRequirements::default() };
        let demand = Demand::of(&asked, false).unwrap();
        assert_eq!(demand.gpus_served_by(8.0, 0.0), 3);
        assert_eq!(demand.gpus_served_by(7.9, 0.0), 2);
    }

    #[test]
    fn numbers_that_no_submission_may_contain_are_no_demand() {
        for (count, milli) in [(-1, 1000), (1, 0), (1, 1001), (2, 500)] {
            assert_eq!(
                Demand::of(&GpuRequirements { count, milli, ..GpuRequirements::default() }, false),
                None
            );
        }
    }
}
