//! One card, or one slice of a card, and what a look at it finds.

use std::time::Instant;

use nvml_wrapper::Device as Handle;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;

use super::super::ownership::owner_of;
use super::super::xid::{Identity, XidWatch, identity};
use super::super::{Device, GpuProcess, LiveAttempt, Sample};
use super::verdict::Verdict;
use crate::{mps, procfs};

/// A handle and what must be known about it once the card no longer answers.
pub(super) struct Card {
    pub(super) handle: Handle<'static>,
    /// Of a slice, the whole card: heat, power and faults are its own.
    pub(super) whole: Option<Handle<'static>>,
    pub(super) device: Device,
}

impl Card {
    fn board(&self) -> &Handle<'static> {
        self.whole.as_ref().unwrap_or(&self.handle)
    }

    /// As error events name it.
    pub(super) fn identity(&self) -> Identity {
        identity(self.board())
    }

    pub(super) fn look(&self, xid: &XidWatch, live: &[LiveAttempt], accept_unlisted: bool) -> Sample {
        let board = self.board();
        let mut verdict = Verdict::default();
        verdict.judge_fields(board);
        let uncorrected = verdict.judge_memory(board);
        verdict.judge_throttling(board);
        // Slices have no utilization of their own, and that of the whole card would be somebody else's.
        let utilization = verdict.keep(self.handle.utilization_rates()).filter(|_| self.whole.is_none());
        let memory = verdict.keep(self.handle.memory_info());
        let temperature = verdict.keep(board.temperature(TemperatureSensor::Gpu));
        let milliwatts = verdict.keep(board.power_usage());
        let clock = verdict.keep(board.clock_info(Clock::SM));
        let memory_clock = verdict.keep(board.clock_info(Clock::Memory));
        let processes = self.processes(live, accept_unlisted, &mut verdict);
        let idle = processes.as_ref().is_some_and(Vec::is_empty);
        let well = idle
            && !verdict.condition.keeps_jobs_off()
            && verdict.recovery_action.is_none_or(|action| action == 0);
        xid.observe(self.identity(), well, Instant::now());
        Sample {
            uuid: self.device.uuid.clone(),
            utilization_percent: utilization.map(|rates| f64::from(rates.gpu)),
            memory_used_mib: memory.map(|memory| mebibytes(memory.used)),
            temperature_celsius: temperature.map(u32::cast_signed),
            power_watts: milliwatts.map(|milliwatts| f64::from(milliwatts) / 1000.0),
            clock_mhz: clock.map(u32::cast_signed),
            memory_clock_mhz: memory_clock.map(u32::cast_signed),
            uncorrected_errors: uncorrected.map(|count| i32::try_from(count).unwrap_or(i32::MAX)),
            // What an event has said outweighs what the card says about itself of the same rank.
            condition: xid.condition(self.identity()).worse(verdict.condition),
            processes,
        }
    }

    /// Of everyone who computes or draws. `None` when the card could not say: an empty list is a proof that something was
    /// released, and must not come from an error.
    fn processes(
        &self,
        live: &[LiveAttempt],
        accept_unlisted: bool,
        verdict: &mut Verdict,
    ) -> Option<Vec<GpuProcess>> {
        let mut listed = match self.handle.running_compute_processes() {
            Err(NvmlError::NotSupported) if accept_unlisted => Vec::new(),
            answer => verdict.keep(answer)?,
        };
        for process in optional(self.handle.running_graphics_processes(), verdict)? {
            if !listed.iter().any(|other| other.pid == process.pid) {
                listed.push(process);
            }
        }
        let strangers_or_jobs = listed.iter().filter(|process| !mps::serves(process.pid.cast_signed()));
        Some(strangers_or_jobs.map(|process| self.describe(process, live)).collect())
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
fn optional(answer: Result<Vec<ProcessInfo>, NvmlError>, verdict: &mut Verdict) -> Option<Vec<ProcessInfo>> {
    match answer {
        Err(NvmlError::NotSupported | NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound) => {
            Some(Vec::new())
        }
        answer => verdict.keep(answer),
    }
}

pub(super) fn mebibytes(bytes: u64) -> i32 {
    i32::try_from(bytes >> 20).unwrap_or(i32::MAX)
}
