//! NVML's return codes, and the frame in which every function runs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::state::{Gpu, State};
use crate::system::is_initialized;

/// What every function returns.
pub type Code = u32;

pub(crate) const SUCCESS: Code = 0;
pub(crate) const UNINITIALIZED: Code = 1;
pub(crate) const INVALID_ARGUMENT: Code = 2;
pub(crate) const NOT_SUPPORTED: Code = 3;
pub(crate) const NOT_FOUND: Code = 6;
pub(crate) const INSUFFICIENT_SIZE: Code = 7;
pub(crate) const TIMEOUT: Code = 10;
pub(crate) const GPU_IS_LOST: Code = 15;
pub(crate) const ARGUMENT_VERSION_MISMATCH: Code = 25;
pub(crate) const UNKNOWN: Code = 999;

/// Runs the body of `symbol` on the present state, unless the library was not initialized or the state makes it fail.
pub(crate) fn answer(symbol: &str, body: impl FnOnce(&State) -> Result<(), Code>) -> Code {
    let guarded = AssertUnwindSafe(|| {
        if !is_initialized() {
            return Err(UNINITIALIZED);
        }
        let state = State::present();
        match state.failures.get(symbol) {
            Some(code) => Err(*code),
            None => body(&state),
        }
    });
    match catch_unwind(guarded) {
        Ok(Ok(())) => SUCCESS,
        Ok(Err(code)) => code,
        Err(_) => UNKNOWN,
    }
}

/// A GPU as its callers hold it. It is never followed: it is the GPU's number, moved away from null.
pub type Handle = *mut std::ffi::c_void;

const FIRST_HANDLE: usize = 0x1000;
const FIRST_SLICE: usize = 0x10_0000;
const SLICES: usize = 16;

/// The handle of the GPU with this number.
pub(crate) fn handle(index: usize) -> Handle {
    std::ptr::without_provenance_mut(FIRST_HANDLE + index)
}

/// The handle of a slice of a GPU.
pub(crate) fn slice_handle(index: usize, slice: u32) -> Handle {
    std::ptr::without_provenance_mut(FIRST_SLICE + index * SLICES + slice as usize)
}

/// The number of the slice behind a handle, if it is one.
pub(crate) fn slice(handle: Handle) -> Option<usize> {
    handle.addr().checked_sub(FIRST_SLICE).map(|place| place % SLICES)
}

/// The number of the GPU behind a handle, or behind a slice's, present or lost.
pub(crate) fn index(state: &State, handle: Handle) -> Result<usize, Code> {
    let of_slice = handle.addr().checked_sub(FIRST_SLICE).map(|place| place / SLICES);
    let index = of_slice.or(handle.addr().checked_sub(FIRST_HANDLE)).ok_or(INVALID_ARGUMENT)?;
    if index < state.gpus.len() { Ok(index) } else { Err(INVALID_ARGUMENT) }
}

/// The GPU behind a handle; a lost one answers nothing at all, as real ones do.
pub(crate) fn gpu(state: &State, handle: Handle) -> Result<&Gpu, Code> {
    let gpu = state.gpus.get(index(state, handle)?).ok_or(INVALID_ARGUMENT)?;
    if gpu.lost { Err(GPU_IS_LOST) } else { Ok(gpu) }
}

/// Writes an answer through the caller's pointer.
///
/// # Safety
/// `place` is null or valid for writing a `T`.
pub(crate) unsafe fn put<T>(place: *mut T, value: T) -> Result<(), Code> {
    if place.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { place.write(value) };
    Ok(())
}
