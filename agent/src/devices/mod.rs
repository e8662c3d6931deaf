//! The host's GPUs: what they are, how they fare, and whose processes are on them.
//!
//! Real ones are asked through NVML; simulated ones are played, and say so in everything that they report.

mod condition;
mod nvml;
mod ownership;
mod simulated;
mod spec;
mod usage;
mod watch;
mod xid;

pub use condition::Condition;
pub use nvml::{NvmlDevices, NvmlUnavailable};
pub use simulated::SimulatedDevices;
pub use spec::{GpuSpec, InvalidGpuSpec, SimulatedGroup};
pub use usage::{Use, UseTracker};
pub(crate) use watch::Watcher;

use std::path::Path;

use crate::attempt::AttemptId;

/// A GPU as it is declared to the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Names the card wherever it is plugged in.
    pub uuid: String,
    /// Its place on this host.
    pub index: i32,
    /// The maker's name of the model.
    pub gpu_type: String,
    /// Its memory in MiB.
    pub memory_mib: i32,
    /// No such card exists.
    pub simulated: bool,
    /// The NUMA node of the host that it hangs on, where that is known.
    pub numa_node: Option<i32>,
    /// UUIDs of the host's other cards that it reaches by NVLink.
    pub nvlink_peers: Vec<String>,
    /// Whether it can be worked with.
    pub condition: Condition,
}

/// What one look at a GPU found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Which GPU.
    pub uuid: String,
    /// Share of the last sampling period in which anything ran.
    pub utilization_percent: Option<f64>,
    /// Memory in use by anyone.
    pub memory_used_mib: Option<i32>,
    /// Of the die.
    pub temperature_celsius: Option<i32>,
    /// Drawn now.
    pub power_watts: Option<f64>,
    /// Of the processors.
    pub clock_mhz: Option<i32>,
    /// Of the memory.
    pub memory_clock_mhz: Option<i32>,
    /// Memory errors that could not be corrected, since the driver was loaded.
    pub uncorrected_errors: Option<i32>,
    /// Whether it can be worked with.
    pub condition: Condition,
    /// Everything that the card lists; `None` when it did not say, which is not the same as nothing.
    pub processes: Option<Vec<GpuProcess>>,
}

/// A process that holds memory of a GPU.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuProcess {
    /// As the host numbers it.
    pub pid: i32,
    /// What it holds.
    pub memory_used_mib: Option<i32>,
    /// Its command line.
    pub command: Option<String>,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// It is of a live attempt on this host that was given this card.
    Job(AttemptId),
    /// It is of a live attempt on this host that was not given this card.
    Trespasser(AttemptId),
    /// It was started by an attempt that has ended, of this job.
    Orphan(String),
    /// No job of this fleet started it.
    Foreign,
}

/// An attempt whose processes may be on GPUs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAttempt {
    /// Which attempt.
    pub id: AttemptId,
    /// The cards that it was given.
    pub gpu_uuids: Vec<String>,
    /// Thousandths of the card, when it is shared.
    pub gpu_milli: i32,
    /// The shim, from which all its processes descend; `None` before it runs.
    pub shim_pid: Option<i32>,
    /// When the shim was started, in clock ticks since boot: its number alone would name another process some day.
    pub shim_start_time: u64,
    /// The control group that all its processes are in, if it has one.
    pub cgroup: Option<std::path::PathBuf>,
    /// The file in which the id of its container stands once there is one, if it has one.
    pub container: Option<std::path::PathBuf>,
    /// It has ended, and these processes of it would not: they are on its cards still, whatever the cards list.
    pub survivors: Option<Vec<i32>>,
    /// The command's own process.
    pub pid: Option<i32>,
}

impl LiveAttempt {
    /// Whether it may still use its cards.
    pub fn is_alive(&self) -> bool {
        self.survivors.is_none()
    }
}

/// The GPUs of this host.
#[derive(Debug)]
pub enum Devices {
    /// Real ones.
    Nvml(NvmlDevices),
    /// Played ones.
    Simulated(SimulatedDevices),
    /// A host without GPUs.
    None,
}

impl Devices {
    /// Every GPU, in the order of its index.
    pub fn inventory(&self) -> Vec<Device> {
        match self {
            Self::Nvml(devices) => devices.inventory(),
            Self::Simulated(devices) => devices.inventory(),
            Self::None => Vec::new(),
        }
    }

    /// Looks at every GPU once. May block for milliseconds.
    pub fn sample(&self, live: &[LiveAttempt]) -> Vec<Sample> {
        let mut samples = match self {
            Self::Nvml(devices) => devices.sample(live),
            Self::Simulated(devices) => devices.sample(live),
            Self::None => Vec::new(),
        };
        samples.iter_mut().for_each(|sample| ownership::add_survivors(sample, live));
        samples
    }

    /// Mistakes of programs that the driver has reported since this was last asked, with the card that each was made on.
    pub(crate) fn take_notes(&self) -> Vec<(String, String)> {
        match self {
            Self::Nvml(devices) => devices.take_notes(),
            Self::Simulated(_) | Self::None => Vec::new(),
        }
    }

    /// Gives simulated GPUs the identities that belong to this machine, the same after each restart.
    pub(crate) fn bind(&mut self, machine_id: &str) {
        if let Self::Simulated(devices) = self {
            devices.bind(machine_id);
        }
    }
}

/// What was found, for the agent to use and for the caller to tell the user.
#[derive(Debug)]
pub struct Detected {
    /// The GPUs.
    pub devices: Devices,
    /// They are played: to be said loudly.
    pub simulated: bool,
    /// One sentence about what was found and how.
    pub note: String,
}

/// Finds the GPUs that `spec` asks for.
///
/// `nvml_library` replaces the driver's own library. With `fallback_simulated`, a host on which [`GpuSpec::Auto`] finds no
/// GPU plays eight. A spec that asks for NVML and cannot have it gives no GPU, and the note says why.
pub fn detect(spec: &GpuSpec, nvml_library: Option<&Path>, fallback_simulated: bool) -> Detected {
    match spec {
        GpuSpec::None => {
            Detected { devices: Devices::None, simulated: false, note: "no GPUs, as asked".to_owned() }
        }
        GpuSpec::Simulated(groups) => simulate(groups, "as asked"),
        GpuSpec::Nvml => nvml_or(nvml_library, |why| without_gpus(&why)),
        GpuSpec::Auto if fallback_simulated => nvml_or(nvml_library, |why| simulate(&spec::stand_in(), &why)),
        GpuSpec::Auto => nvml_or(nvml_library, |why| without_gpus(&why)),
    }
}

fn nvml_or(library: Option<&Path>, otherwise: impl FnOnce(String) -> Detected) -> Detected {
    match NvmlDevices::load(library) {
        Ok(devices) if !devices.is_empty() => {
            let note = format!("{} found by NVML, driver {}", devices.summary(), devices.driver_version());
            Detected { devices: Devices::Nvml(devices), simulated: false, note }
        }
        Ok(_) => otherwise("NVML found no GPU".to_owned()),
        Err(error) => otherwise(error.to_string()),
    }
}

fn without_gpus(why: &str) -> Detected {
    Detected { devices: Devices::None, simulated: false, note: format!("no GPUs: {why}") }
}

fn simulate(groups: &[SimulatedGroup], why: &str) -> Detected {
    let devices = SimulatedDevices::new(groups);
    let names: Vec<_> = groups.iter().map(ToString::to_string).collect();
    let note = format!("SIMULATED GPUs, no such card exists: {} ({why})", names.join(", "));
    Detected { devices: Devices::Simulated(devices), simulated: true, note }
}
