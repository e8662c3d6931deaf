//! Cards that are cut into slices (MIG): each slice is a device of its own, with its card's number in its handle.

use std::ffi::c_uint;

use crate::code::{Code, Handle, NOT_FOUND, answer, gpu, index, put, slice_handle};

/// Whether the card is cut into slices.
///
/// # Safety
/// `current` and `pending` are null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMigMode(
    device: Handle,
    current: *mut c_uint,
    pending: *mut c_uint,
) -> Code {
    answer("nvmlDeviceGetMigMode", |state| {
        let mode = c_uint::from(gpu(state, device)?.slices > 0);
        // SAFETY: the caller's promise is passed on.
        unsafe { put(current, mode).and_then(|()| put(pending, mode)) }
    })
}

/// How many slices there may be.
///
/// # Safety
/// `count` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMaxMigDeviceCount(device: Handle, count: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetMaxMigDeviceCount", |state| {
        gpu(state, device).and_then(|_| unsafe { put(count, 7) })
    })
}

/// One slice; not every place is taken.
///
/// # Safety
/// `slice` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMigDeviceHandleByIndex(
    device: Handle,
    number: c_uint,
    slice: *mut Handle,
) -> Code {
    answer("nvmlDeviceGetMigDeviceHandleByIndex", |state| {
        if number >= gpu(state, device)?.slices {
            return Err(NOT_FOUND);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { put(slice, slice_handle(index(state, device)?, number)) }
    })
}
