//! Strings into C buffers.

use std::ffi::{c_char, c_uint};

use crate::code::{Code, INSUFFICIENT_SIZE, INVALID_ARGUMENT};

/// Copies `text` with its closing NUL, or refuses when there is no room for all of it.
///
/// # Safety
/// `buffer` is null or valid for writing `length` characters.
pub(crate) unsafe fn put_text(text: &str, buffer: *mut c_char, length: c_uint) -> Result<(), Code> {
    if buffer.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= length as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    // SAFETY: the text and its NUL fit, as was just checked.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), buffer, text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(())
}
