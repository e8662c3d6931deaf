//! Real GPUs, through NVIDIA's management library, which is loaded while the program runs so that it need not be there.
//!
//! Every answer may be an error: a card can fall off the bus at any moment, and drivers newer than this program answer with
//! codes unknown to it. Such a card has failed; the agent must not.

use std::ffi::OsStr;
use std::path::Path;

use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError, TemperatureSensor};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::{Device as Handle, Nvml};

use super::ownership::owner_of;
use super::xid::XidWatch;
use super::{Condition, Device, GpuProcess, LiveAttempt, Sample};
use crate::procfs;

/// NVML could not be used at all.
#[derive(Debug, thiserror::Error)]
#[error("NVML is not available: {0}")]
pub struct NvmlUnavailable(#[from] NvmlError);

/// The cards that NVML listed when it was loaded.
pub struct NvmlDevices {
    cards: Vec<Card>,
    driver_version: String,
    xid: XidWatch,
    /// Cards that can never list their processes are believed to be free when no job holds them.
    accept_unlisted: bool,
}

/// A handle and what must be known about it once the card no longer answers.
struct Card {
    handle: Handle<'static>,
    device: Device,
}

impl std::fmt::Debug for NvmlDevices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NvmlDevices").field("devices", &self.inventory()).finish()
    }
}

impl NvmlDevices {
    /// Loads the library, the driver's own unless another is named, and finds the cards.
    pub fn load(library: Option<&Path>) -> Result<Self, NvmlUnavailable> {
        let nvml = match library {
            Some(path) => Nvml::builder().lib_path(OsStr::new(path)).init()?,
            None => Nvml::init()?,
        };
        // Kept for the life of the process: its handles point into it, and letting go of a library without a shutdown
        // function panics.
        let nvml: &'static Nvml = Box::leak(Box::new(nvml));
        let driver_version = nvml.sys_driver_version().unwrap_or_else(|_| "of unknown version".to_owned());
        let cards: Vec<_> = (0..nvml.device_count()?).filter_map(|index| find(nvml, index)).collect();
        let xid = XidWatch::new(nvml, &cards.iter().map(|card| &card.handle).collect::<Vec<_>>());
        Ok(Self { cards, driver_version, xid, accept_unlisted: false })
    }

    /// Believes cards to be free that can never list their processes, as under WSL or with virtual GPUs. An operator who wants
    /// this takes it on himself.
    pub fn accept_unlisted(&mut self) {
        self.accept_unlisted = true;
    }

    /// Whether there is no card.
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// The driver's version, for people.
    pub fn driver_version(&self) -> &str {
        &self.driver_version
    }

    /// How many of which model.
    pub fn summary(&self) -> String {
        let mut models: Vec<(&str, usize)> = Vec::new();
        for card in &self.cards {
            let name = card.device.gpu_type.as_str();
            match models.iter_mut().find(|(model, _)| *model == name) {
                Some((_, count)) => *count += 1,
                None => models.push((name, 1)),
            }
        }
        models.iter().map(|(model, count)| format!("{count} x {model}")).collect::<Vec<_>>().join(", ")
    }

    /// The cards as they were found, each in its present condition.
    pub fn inventory(&self) -> Vec<Device> {
        self.xid.poll();
        self.cards
            .iter()
            .map(|card| Device {
                condition: card.look(&self.xid, &[], false).condition,
                ..card.device.clone()
            })
            .collect()
    }

    /// Looks at every card once.
    pub fn sample(&self, live: &[LiveAttempt]) -> Vec<Sample> {
        self.xid.poll();
        self.cards.iter().map(|card| card.look(&self.xid, live, self.accept_unlisted)).collect()
    }
}

/// A card that cannot say who it is cannot be offered.
fn find(nvml: &'static Nvml, index: u32) -> Option<Card> {
    let identify = || -> Result<Card, NvmlError> {
        let handle = nvml.device_by_index(index)?;
        let device = Device {
            uuid: handle.uuid()?,
            index: index.cast_signed(),
            gpu_type: handle.name()?,
            // Some cards share the host's memory and report none of their own.
            memory_mib: handle.memory_info().map_or(0, |memory| mebibytes(memory.total)),
            simulated: false,
            condition: Condition::Healthy,
        };
        Ok(Card { handle, device })
    };
    identify()
        .inspect_err(|error| tracing::error!(index, %error, "a GPU does not answer and is left out"))
        .ok()
}

impl Card {
    fn look(&self, xid: &XidWatch, live: &[LiveAttempt], accept_unlisted: bool) -> Sample {
        let mut condition = xid.condition(&self.handle);
        let mut note = |found: Condition| condition = std::mem::take(&mut condition).worse(found);
        let utilization = keep(self.handle.utilization_rates(), &mut note);
        let memory = keep(self.handle.memory_info(), &mut note);
        let temperature = keep(self.handle.temperature(TemperatureSensor::Gpu), &mut note);
        let milliwatts = keep(self.handle.power_usage(), &mut note);
        let ecc = self.handle.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile);
        if let Some(count) = keep(ecc, &mut note).filter(|count| *count > 0) {
            note(Condition::Degraded(format!(
                "{count} uncorrected memory errors since the driver was loaded"
            )));
        }
        let processes = self.processes(live, accept_unlisted, &mut note);
        Sample {
            uuid: self.device.uuid.clone(),
            utilization_percent: utilization.map(|rates| f64::from(rates.gpu)),
            memory_used_mib: memory.map(|memory| mebibytes(memory.used)),
            temperature_celsius: temperature.map(u32::cast_signed),
            power_watts: milliwatts.map(|milliwatts| f64::from(milliwatts) / 1000.0),
            condition,
            processes,
        }
    }

    /// Of everyone who computes or draws. `None` when the card could not
    /// say: an empty list is a proof that something was released, and must not come from an error.
    fn processes(
        &self,
        live: &[LiveAttempt],
        accept_unlisted: bool,
        note: &mut impl FnMut(Condition),
    ) -> Option<Vec<GpuProcess>> {
        let mut listed = match self.handle.running_compute_processes() {
            Err(NvmlError::NotSupported) if accept_unlisted => Vec::new(),
            answer => keep(answer, note)?,
        };
        for process in optional(self.handle.running_graphics_processes(), note)? {
            if !listed.iter().any(|other| other.pid == process.pid) {
                listed.push(process);
            }
        }
        Some(listed.iter().map(|process| self.describe(process, live)).collect())
    }

    fn describe(&self, process: &ProcessInfo, live: &[LiveAttempt]) -> GpuProcess {
        let pid = process.pid.cast_signed();
        let memory_used_mib = match process.used_gpu_memory {
            UsedGpuMemory::Used(bytes) => Some(mebibytes(bytes)),
            UsedGpuMemory::Unavailable => None,
        };
        let owner = owner_of(pid, &self.device.uuid, live);
        GpuProcess { pid, memory_used_mib, command: procfs::command(pid), owner }
    }
}

/// A list that a card need not have: that it has none says nothing, any other error does.
fn optional(
    answer: Result<Vec<ProcessInfo>, NvmlError>,
    note: &mut impl FnMut(Condition),
) -> Option<Vec<ProcessInfo>> {
    match answer {
        Err(NvmlError::NotSupported | NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound) => {
            Some(Vec::new())
        }
        answer => keep(answer, note),
    }
}

/// A value that the card gave; an error becomes a note about its condition, unless it only says that there is no such value.
fn keep<T>(answer: Result<T, NvmlError>, note: &mut impl FnMut(Condition)) -> Option<T> {
    answer.map_err(|error| note(condition_of(&error))).ok()
}

fn condition_of(error: &NvmlError) -> Condition {
    match error {
        NvmlError::NotSupported | NvmlError::NoPermission | NvmlError::FailedToLoadSymbol(_) => {
            Condition::Healthy
        }
        NvmlError::FunctionNotFound | NvmlError::NoData | NvmlError::InsufficientSize(_) => {
            Condition::Healthy
        }
        NvmlError::Timeout | NvmlError::InUse | NvmlError::InsufficientMemory => {
            Condition::Degraded(error.to_string())
        }
        NvmlError::GpuLost => {
            Condition::Failed("the GPU has fallen off the bus or cannot be reached".to_owned())
        }
        NvmlError::UnexpectedVariant(code) => {
            Condition::Failed(format!("NVML answers with code {code}, unknown here"))
        }
        other => Condition::Failed(other.to_string()),
    }
}

fn mebibytes(bytes: u64) -> i32 {
    i32::try_from(bytes >> 20).unwrap_or(i32::MAX)
}
