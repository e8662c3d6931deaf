//! What cards do at this moment: memory, utilization, heat, power, errors, processes.

use std::ffi::{c_uint, c_ulonglong};

use crate::code::{
    ARGUMENT_VERSION_MISMATCH, Code, Handle, INSUFFICIENT_SIZE, INVALID_ARGUMENT, answer, gpu, index, put,
    slice,
};

const RESERVED_BYTES: u64 = 550_000_000;
const UNCORRECTED: c_uint = 1;

/// Memory as C sees it, second version.
#[repr(C)]
pub struct Memory {
    version: c_uint,
    total: u64,
    reserved: u64,
    free: u64,
    used: u64,
}

/// Total, used and free memory.
///
/// # Safety
/// `memory` is null or valid for reading and writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMemoryInfo_v2(device: Handle, memory: *mut Memory) -> Code {
    answer("nvmlDeviceGetMemoryInfo_v2", |state| {
        let gpu = gpu(state, device)?;
        // SAFETY: null is refused, and the caller vouches for the rest.
        let memory = unsafe { memory.as_mut() }.ok_or(INVALID_ARGUMENT)?;
        // Real drivers refuse a structure whose version was not set.
        if memory.version as usize != size_of::<Memory>() | (2 << 24) {
            return Err(ARGUMENT_VERSION_MISMATCH);
        }
        let held: u64 = state
            .living_processes(index(state, device)?, slice(device))
            .iter()
            .map(|process| process.bytes)
            .sum();
        memory.total = if slice(device).is_some() { gpu.memory_total / 8 } else { gpu.memory_total };
        memory.reserved = RESERVED_BYTES;
        memory.used = gpu.memory_used + held;
        memory.free = memory.total.saturating_sub(memory.used + RESERVED_BYTES);
        Ok(())
    })
}

/// Utilization as C sees it.
#[repr(C)]
pub struct Utilization {
    gpu: c_uint,
    memory: c_uint,
}

/// Percent of the last period in which something ran.
///
/// # Safety
/// `rates` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetUtilizationRates(device: Handle, rates: *mut Utilization) -> Code {
    answer("nvmlDeviceGetUtilizationRates", |state| {
        let gpu = gpu(state, device)?;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(rates, Utilization { gpu: gpu.utilization, memory: gpu.memory_utilization }) }
    })
}

/// Degrees Celsius; there is one sensor.
///
/// # Safety
/// `degrees` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetTemperature(
    device: Handle,
    sensor: c_uint,
    degrees: *mut c_uint,
) -> Code {
    answer("nvmlDeviceGetTemperature", |state| {
        let gpu = gpu(state, device)?;
        if sensor != 0 {
            return Err(INVALID_ARGUMENT);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { put(degrees, gpu.temperature) }
    })
}

/// Power drawn now.
///
/// # Safety
/// `milliwatts` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPowerUsage(device: Handle, milliwatts: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetPowerUsage", |state| unsafe { put(milliwatts, gpu(state, device)?.milliwatts) })
}

/// Power that may be drawn.
///
/// # Safety
/// `milliwatts` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetEnforcedPowerLimit(device: Handle, milliwatts: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetEnforcedPowerLimit", |state| {
        gpu(state, device).and_then(|_| unsafe { put(milliwatts, 700_000) })
    })
}

/// Memory errors since the driver was loaded, or ever: the same here.
///
/// # Safety
/// `count` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetTotalEccErrors(
    device: Handle,
    kind: c_uint,
    _counter: c_uint,
    count: *mut c_ulonglong,
) -> Code {
    answer("nvmlDeviceGetTotalEccErrors", |state| {
        let gpu = gpu(state, device)?;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(count, if kind == UNCORRECTED { gpu.uncorrected_errors } else { 0 }) }
    })
}

/// A process as C sees it.
#[repr(C)]
pub struct ProcessInfo {
    pid: c_uint,
    bytes: u64,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// The processes on a card. Asked with too little room it says how much is needed, and that it was too little.
///
/// # Safety
/// `count` is null or valid for reading and writing, `processes` valid for writing that many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetComputeRunningProcesses_v3(
    device: Handle,
    count: *mut c_uint,
    processes: *mut ProcessInfo,
) -> Code {
    answer("nvmlDeviceGetComputeRunningProcesses_v3", |state| {
        gpu(state, device)?;
        let listed = state.living_processes(index(state, device)?, slice(device));
        // SAFETY: null is refused, and the caller vouches for the rest.
        let count = unsafe { count.as_mut() }.ok_or(INVALID_ARGUMENT)?;
        let room = *count as usize;
        *count = c_uint::try_from(listed.len()).map_err(|_| INVALID_ARGUMENT)?;
        if listed.len() > room {
            return Err(INSUFFICIENT_SIZE);
        }
        for (place, process) in listed.iter().enumerate() {
            let (bytes, none) = (process.bytes, u32::MAX);
            let information =
                ProcessInfo { pid: process.pid, bytes, gpu_instance: none, compute_instance: none };
            // SAFETY: `place` is below the number that the caller has room for.
            unsafe { put(processes.wrapping_add(place), information) }?;
        }
        Ok(())
    })
}
