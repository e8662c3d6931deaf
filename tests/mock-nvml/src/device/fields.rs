//! Values without a function of their own, asked for by number; clocks and what slows them down.

use std::ffi::{c_int, c_longlong, c_uint, c_ulonglong};

use crate::code::{Code, Handle, INVALID_ARGUMENT, NOT_SUPPORTED, SUCCESS, answer, gpu, put};
use crate::state::Gpu;

const REMAP_PENDING: c_uint = 144;
const REMAP_FAILURE: c_uint = 145;
const RECOVERY_ACTION: c_uint = 230;
const UNSIGNED_INT: c_uint = 1;

/// A value as C sees it: asked for by its first field, and filled in.
#[repr(C)]
pub struct FieldValue {
    field: c_uint,
    scope: c_uint,
    timestamp: c_longlong,
    latency: c_longlong,
    value_type: c_uint,
    code: Code,
    value: u64,
}

fn field(gpu: &Gpu, number: c_uint) -> Option<u64> {
    match number {
        REMAP_PENDING => Some(gpu.remap_pending),
        REMAP_FAILURE => Some(gpu.remap_failure),
        RECOVERY_ACTION => gpu.recovery_action,
        _ => None,
    }
}

/// Fills in the values that are asked for; each has a code of its own.
///
/// # Safety
/// `values` is null or valid for reading and writing `count` values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetFieldValues(
    device: Handle,
    count: c_int,
    values: *mut FieldValue,
) -> Code {
    answer("nvmlDeviceGetFieldValues", |state| {
        let gpu = gpu(state, device)?;
        if values.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        for place in 0..usize::try_from(count).map_err(|_| INVALID_ARGUMENT)? {
            // SAFETY: below the number that the caller vouches for.
            let value = unsafe { &mut *values.add(place) };
            let found = field(gpu, value.field);
            value.code = if found.is_some() { SUCCESS } else { NOT_SUPPORTED };
            value.value_type = UNSIGNED_INT;
            value.value = found.unwrap_or_default();
        }
        Ok(())
    })
}

/// What slows the card down, as bits.
///
/// # Safety
/// `reasons` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCurrentClocksThrottleReasons(
    device: Handle,
    reasons: *mut c_ulonglong,
) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetCurrentClocksThrottleReasons", |state| {
        gpu(state, device).and_then(|gpu| unsafe { put(reasons, gpu.throttle_reasons) })
    })
}

/// A clock in MHz; all run alike here.
///
/// # Safety
/// `megahertz` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetClockInfo(
    device: Handle,
    _clock: c_uint,
    megahertz: *mut c_uint,
) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetClockInfo", |state| {
        gpu(state, device).and_then(|gpu| unsafe { put(megahertz, gpu.clock) })
    })
}

/// The node of the host's memory that the card hangs on.
///
/// # Safety
/// `node` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetNumaNodeId(device: Handle, node: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetNumaNodeId", |state| {
        let found = gpu(state, device)?.numa_node.ok_or(NOT_SUPPORTED)?;
        unsafe { put(node, found) }
    })
}
