//! What concerns the library and the driver: beginning, end, versions.
#![allow(non_snake_case, reason = "the names are NVIDIA's")]

use std::ffi::{c_char, c_int, c_uint};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::code::{Code, SUCCESS, UNINITIALIZED, answer, put};
use crate::state::State;
use crate::text::put_text;

static INITIALIZED: AtomicU32 = AtomicU32::new(0);

pub(crate) fn is_initialized() -> bool {
    INITIALIZED.load(Ordering::SeqCst) > 0
}

/// Begins; each call needs its own end.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> Code {
    if let Some(code) = State::present().failures.get("nvmlInit_v2") {
        return *code;
    }
    INITIALIZED.fetch_add(1, Ordering::SeqCst);
    SUCCESS
}

/// Begins; the flags change nothing here.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInitWithFlags(_flags: c_uint) -> Code {
    nvmlInit_v2()
}

/// Ends what one call began.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> Code {
    let ended = INITIALIZED.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
    if ended.is_ok() { SUCCESS } else { UNINITIALIZED }
}

/// The driver's version.
///
/// # Safety
/// `version` is null or valid for writing `length` characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetDriverVersion(version: *mut c_char, length: c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlSystemGetDriverVersion", |state| unsafe { put_text(&state.driver, version, length) })
}

/// This library's version.
///
/// # Safety
/// `version` is null or valid for writing `length` characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetNVMLVersion(version: *mut c_char, length: c_uint) -> Code {
    let text = |state: &State| format!("12.{}", state.driver);
    // SAFETY: the caller's promise is passed on.
    answer("nvmlSystemGetNVMLVersion", |state| unsafe { put_text(&text(state), version, length) })
}

/// The version of CUDA that the driver brings.
///
/// # Safety
/// `version` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetCudaDriverVersion_v2(version: *mut c_int) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlSystemGetCudaDriverVersion_v2", |_| unsafe { put(version, 12_040) })
}
