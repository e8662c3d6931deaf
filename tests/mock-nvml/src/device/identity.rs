//! Which cards there are and what they are.

use std::ffi::{CStr, c_char, c_int, c_uint};

use crate::code::{Code, Handle, INVALID_ARGUMENT, NOT_FOUND, answer, gpu, handle, index, put, slice};
use crate::state::State;
use crate::text::put_text;

/// How many cards there are, lost ones included.
///
/// # Safety
/// `count` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> Code {
    let length = |state: &State| c_uint::try_from(state.gpus.len()).map_err(|_| INVALID_ARGUMENT);
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetCount_v2", |state| unsafe { put(count, length(state)?) })
}

/// The card with this number.
///
/// # Safety
/// `device` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(number: c_uint, device: *mut Handle) -> Code {
    answer("nvmlDeviceGetHandleByIndex_v2", |state| {
        let found = handle(number as usize);
        gpu(state, found)?;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(device, found) }
    })
}

/// The card with this identity.
///
/// # Safety
/// `uuid` is null or a string that ends in NUL, `device` null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByUUID(uuid: *const c_char, device: *mut Handle) -> Code {
    answer("nvmlDeviceGetHandleByUUID", |state| {
        if uuid.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        // SAFETY: not null, and the caller vouches for the NUL.
        let wanted = unsafe { CStr::from_ptr(uuid) }.to_string_lossy();
        let number = state.gpus.iter().position(|gpu| gpu.uuid == wanted).ok_or(NOT_FOUND)?;
        gpu(state, handle(number))?;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(device, handle(number)) }
    })
}

/// The model.
///
/// # Safety
/// `name` is null or valid for writing `length` characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetName(device: Handle, name: *mut c_char, length: c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetName", |state| {
        let whole = &gpu(state, device)?.name;
        let text = slice(device).map_or_else(|| whole.clone(), |_| format!("{whole} MIG 1g.10gb"));
        unsafe { put_text(&text, name, length) }
    })
}

/// The identity.
///
/// # Safety
/// `uuid` is null or valid for writing `length` characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetUUID(device: Handle, uuid: *mut c_char, length: c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetUUID", |state| {
        let whole = &gpu(state, device)?.uuid;
        let text = slice(device)
            .map_or_else(|| whole.clone(), |slice| format!("{}-{slice}", whole.replace("GPU", "MIG")));
        unsafe { put_text(&text, uuid, length) }
    })
}

/// The number.
///
/// # Safety
/// `number` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetIndex(device: Handle, number: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetIndex", |state| unsafe { put(number, number_of(state, device)?) })
}

/// Whether the driver stays loaded when nobody uses the card.
///
/// # Safety
/// `mode` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPersistenceMode(device: Handle, mode: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetPersistenceMode", |state| unsafe {
        put(mode, c_uint::from(gpu(state, device)?.persistent))
    })
}

/// The number in the name of the device file, here the same as the other one.
///
/// # Safety
/// `number` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMinorNumber(device: Handle, number: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetMinorNumber", |state| unsafe { put(number, number_of(state, device)?) })
}

fn number_of(state: &State, device: Handle) -> Result<c_uint, Code> {
    gpu(state, device)?;
    c_uint::try_from(index(state, device)?).map_err(|_| INVALID_ARGUMENT)
}

/// The generation that programs are compiled for: Hopper.
///
/// # Safety
/// `major` and `minor` are null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCudaComputeCapability(
    device: Handle,
    major: *mut c_int,
    minor: *mut c_int,
) -> Code {
    answer("nvmlDeviceGetCudaComputeCapability", |state| {
        gpu(state, device)?;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(major, 9).and_then(|()| put(minor, 0)) }
    })
}
