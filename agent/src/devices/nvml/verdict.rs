//! What answers and errors of NVML say about a card.

use nvml_wrapper::Device as Handle;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError};
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id::{
    NVML_FI_DEV_GET_GPU_RECOVERY_ACTION, NVML_FI_DEV_REMAPPED_FAILURE, NVML_FI_DEV_REMAPPED_PENDING,
};

use super::super::Condition;

/// Takes in what a card's answers say about its condition.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) condition: Condition,
    /// What the driver says is to be done, where it says so: zero is nothing.
    pub(super) recovery_action: Option<u64>,
}

impl Verdict {
    pub(super) fn note(&mut self, found: Condition) {
        self.condition = std::mem::take(&mut self.condition).worse(found);
    }

    /// A value that the card gave; an error becomes a note about its condition, unless it only says that there is no such value.
    pub(super) fn keep<T>(&mut self, answer: Result<T, NvmlError>) -> Option<T> {
        answer.map_err(|error| self.note(condition_of(&error))).ok()
    }

    /// Memory errors that could not be corrected, and rows that are to be set aside.
    pub(super) fn judge_memory(&mut self, handle: &Handle<'_>) -> Option<u64> {
        let uncorrected = self.keep(handle.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile));
        if let Some(count) = uncorrected.filter(|count| *count > 0) {
            self.note(Condition::Suspect(format!(
                "{count} uncorrected memory errors since the driver was loaded{}",
                self.advice()
            )));
        }
        uncorrected
    }

    /// Fields without a function of their own. Drivers and cards that lack one say so.
    pub(super) fn judge_fields(&mut self, handle: &Handle<'_>) {
        let wanted =
            [NVML_FI_DEV_GET_GPU_RECOVERY_ACTION, NVML_FI_DEV_REMAPPED_PENDING, NVML_FI_DEV_REMAPPED_FAILURE];
        let Ok(values) = handle.field_values_for(&wanted.map(FieldId)) else { return };
        let value = |place: usize| number(values.get(place)?.as_ref().ok()?.value.as_ref().ok()?);
        self.recovery_action = value(0);
        if value(1).is_some_and(|pending| pending > 0) {
            let advice = self.advice();
            self.note(Condition::Suspect(format!("a bad memory row waits to be set aside{advice}")));
        }
        if value(2).is_some_and(|failed| failed > 0) {
            self.note(Condition::Failed("a bad memory row could not be set aside".to_owned()));
        }
        if let Some(what) = self.recovery_action.and_then(recovery) {
            self.note(Condition::Suspect(format!("the driver asks for {what}")));
        }
    }

    fn advice(&self) -> String {
        self.recovery_action
            .and_then(recovery)
            .map(|what| format!("; the driver asks for {what}"))
            .unwrap_or_default()
    }

    /// Heat and a supply that cannot keep up are told; a cap that somebody set is not.
    pub(super) fn judge_throttling(&mut self, handle: &Handle<'_>) {
        let Ok(reasons) = handle.current_throttle_reasons() else { return };
        let heat = ThrottleReasons::HW_THERMAL_SLOWDOWN | ThrottleReasons::SW_THERMAL_SLOWDOWN;
        if reasons.intersects(heat) {
            self.note(Condition::Degraded("slowed down by heat".to_owned()));
        } else if reasons.contains(ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN) {
            self.note(Condition::Degraded("slowed down by its power supply".to_owned()));
        }
    }
}

fn number(value: &SampleValue) -> Option<u64> {
    match value {
        SampleValue::U32(value) => Some(u64::from(*value)),
        SampleValue::U64(value) => Some(*value),
        SampleValue::I64(value) => u64::try_from(*value).ok(),
        SampleValue::F64(_) => None,
    }
}

/// Field 230 in words.
fn recovery(action: u64) -> Option<&'static str> {
    match action {
        0 => None,
        1 => Some("a reset of the GPU"),
        2 => Some("a reboot of the host"),
        3 => Some("an end of work between GPUs"),
        4 => Some("an end of its work and a reset of the GPU"),
        _ => Some("a recovery unknown to this agent"),
    }
}

fn condition_of(error: &NvmlError) -> Condition {
    match error {
        NvmlError::NotSupported
        | NvmlError::NoPermission
        | NvmlError::FailedToLoadSymbol(_)
        | NvmlError::FunctionNotFound
        | NvmlError::NoData
        | NvmlError::InsufficientSize(_) => Condition::Healthy,
        NvmlError::Timeout | NvmlError::InUse | NvmlError::InsufficientMemory => {
            Condition::Degraded(error.to_string())
        }
        NvmlError::GpuLost => {
            Condition::Dead("the GPU has fallen off the bus or cannot be reached".to_owned())
        }
        NvmlError::ResetRequired => Condition::Failed("the GPU must be reset".to_owned()),
        NvmlError::LibRmVersionMismatch => {
            Condition::Failed("the driver in the kernel and its library are of different versions".to_owned())
        }
        NvmlError::UnexpectedVariant(code) => {
            Condition::Failed(format!("NVML answers with code {code}, unknown here"))
        }
        other => Condition::Failed(other.to_string()),
    }
}
