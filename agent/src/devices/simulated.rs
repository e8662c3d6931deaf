//! GPUs that do not exist, for laptops, tests and demonstrations.
//!
//! Each plays a plausible part: idle when nothing was assigned to it, and busy, warm and full when something was. The part
//! follows from the card's identity and the time alone, so it can be repeated.

use std::time::Instant;

use sha2::{Digest, Sha256};

use super::{Condition, Device, GpuProcess, LiveAttempt, Owner, Sample, SimulatedGroup};

/// The simulated GPUs of this host.
#[derive(Debug)]
pub struct SimulatedDevices {
    cards: Vec<Card>,
    since: Instant,
}

#[derive(Debug)]
struct Card {
    device: Device,
    /// Shifts its curves against those of its neighbours, between 0 and 1.
    phase: f64,
}

impl SimulatedDevices {
    /// The cards of all groups, one after the other.
    pub fn new(groups: &[SimulatedGroup]) -> Self {
        let models = groups.iter().flat_map(|group| (0..group.count).map(move |_| group));
        let cards = models.zip(0..).map(|(group, index)| Card {
            device: Device {
                uuid: String::new(),
                index,
                gpu_type: format!("NVIDIA {} (simulated)", group.model),
                memory_mib: group.memory_mib,
                simulated: true,
                numa_node: None,
                nvlink_peers: Vec::new(),
                condition: Condition::Healthy,
            },
            phase: 0.0,
        });
        let mut devices = Self { cards: cards.collect(), since: Instant::now() };
        devices.bind("");
        devices
    }

    /// Derives each card's identity from the machine's.
    pub(super) fn bind(&mut self, machine_id: &str) {
        for card in &mut self.cards {
            let digest = Sha256::digest(format!("{machine_id}/{}", card.device.index));
            let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            card.device.uuid = format!("GPU-sim-{hex}");
            card.phase = f64::from(digest.first().copied().unwrap_or_default()) / 256.0;
        }
    }

    pub(super) fn inventory(&self) -> Vec<Device> {
        self.cards.iter().map(|card| card.device.clone()).collect()
    }

    pub(super) fn sample(&self, live: &[LiveAttempt]) -> Vec<Sample> {
        let seconds = self.since.elapsed().as_secs_f64();
        self.cards.iter().map(|card| card.sample(live, seconds)).collect()
    }
}

impl Card {
    fn sample(&self, live: &[LiveAttempt], seconds: f64) -> Sample {
        let uuid = &self.device.uuid;
        let processes: Vec<_> = live
            .iter()
            .filter(|attempt| attempt.is_alive() && attempt.gpu_uuids.contains(uuid))
            .filter_map(|attempt| self.process(attempt))
            .collect();
        let load = self.load(processes.is_empty(), seconds);
        Sample {
            uuid: uuid.clone(),
            utilization_percent: Some((load * 100.0).round()),
            memory_used_mib: Some(processes.iter().filter_map(|process| process.memory_used_mib).sum()),
            temperature_celsius: Some((33.0 + 38.0 * load + 3.0 * self.phase) as i32),
            power_watts: Some((70.0 + 560.0 * load).round()),
            clock_mhz: Some((345.0 + 1635.0 * load) as i32),
            memory_clock_mhz: None,
            uncorrected_errors: None,
            condition: Condition::Healthy,
            processes: Some(processes),
        }
    }

    /// Between 0 and 1: two slow waves, so that it looks neither constant nor random.
    fn load(&self, idle: bool, seconds: f64) -> f64 {
        if idle {
            return 0.0;
        }
        let turn = |period: f64| ((seconds / period + self.phase) * std::f64::consts::TAU).sin();
        (0.86 + 0.08 * turn(23.0) + 0.05 * turn(7.0)).clamp(0.0, 1.0)
    }

    /// The job's own process stands for what a real card would list.
    fn process(&self, attempt: &LiveAttempt) -> Option<GpuProcess> {
        let share = f64::from(attempt.gpu_milli.clamp(0, 1000)) / 1000.0;
        Some(GpuProcess {
            pid: attempt.pid?,
            memory_used_mib: Some(
                (f64::from(self.device.memory_mib) * share * (0.6 + 0.3 * self.phase)) as i32,
            ),
            command: crate::procfs::command(attempt.pid?),
            owner: Owner::Job(attempt.id.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::attempt::AttemptId;

    fn devices(machine: &str) -> SimulatedDevices {
        let group = SimulatedGroup { count: 3, model: "H100-80GB".to_owned(), memory_mib: 81_559 };
        let mut devices = SimulatedDevices::new(&[group]);
        devices.bind(machine);
        devices
    }

    #[test]
    fn identities_are_stable_on_a_machine_and_differ_between_machines() {
        let uuids =
            |machine| devices(machine).inventory().into_iter().map(|device| device.uuid).collect::<Vec<_>>();
        assert_eq!(uuids("a"), uuids("a"));
        assert!(uuids("a").iter().all(|uuid| !uuids("b").contains(uuid)));
    }

    #[test]
    fn only_an_assigned_card_works() {
        let devices = devices("a");
        let uuids: Vec<_> = devices.inventory().into_iter().map(|device| device.uuid).collect();
        let live = LiveAttempt {
            id: AttemptId { job_id: "job".to_owned(), attempt: 1 },
            gpu_uuids: vec![uuids.get(1).unwrap().clone()],
            gpu_milli: 1000,
            shim_pid: None,
            shim_start_time: 0,
            cgroup: None,
            container: None,
            survivors: None,
            pid: Some(i32::MAX),
        };
        let busy: Vec<_> =
            devices.sample(&[live]).iter().map(|sample| sample.utilization_percent.unwrap() > 50.0).collect();
        assert_eq!(busy, [false, true, false]);
    }
}
