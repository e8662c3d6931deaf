//! Error events. Each is delivered once in the life of the process, to whoever waits first.
#![allow(non_snake_case, reason = "the names are NVIDIA's")]

use std::collections::HashSet;
use std::ffi::{c_uint, c_ulonglong, c_void};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::code::{Code, Handle, INVALID_ARGUMENT, TIMEOUT, answer, gpu, handle, put};
use crate::state::{State, Xid};

const XID_CRITICAL_ERROR: c_ulonglong = 8;
const SUPPORTED: c_ulonglong = 0x800f;
const LOOK_EVERY: Duration = Duration::from_millis(20);

static DELIVERED: Mutex<Option<HashSet<u64>>> = Mutex::new(None);

/// An event as C sees it.
#[repr(C)]
pub struct EventData {
    device: Handle,
    event_type: c_ulonglong,
    data: c_ulonglong,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// Makes a set; what is registered in it is not kept, since every event goes to everyone.
///
/// # Safety
/// `set` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlEventSetCreate(set: *mut *mut c_void) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlEventSetCreate", |_| unsafe { put(set, Box::into_raw(Box::new(0_u64)).cast()) })
}

/// Lets go of a set.
///
/// # Safety
/// `set` is null or comes from [`nvmlEventSetCreate`] and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlEventSetFree(set: *mut c_void) -> Code {
    answer("nvmlEventSetFree", |_| {
        if set.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        // SAFETY: made by Box::into_raw above, as the caller vouches.
        drop(unsafe { Box::from_raw(set.cast::<u64>()) });
        Ok(())
    })
}

/// Which events a card can tell of.
///
/// # Safety
/// `types` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetSupportedEventTypes(device: Handle, types: *mut c_ulonglong) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetSupportedEventTypes", |state| {
        gpu(state, device).and_then(|_| unsafe { put(types, SUPPORTED) })
    })
}

/// Asks for a card's events.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceRegisterEvents(device: Handle, _types: c_ulonglong, _set: *mut c_void) -> Code {
    answer("nvmlDeviceRegisterEvents", |state| gpu(state, device).map(|_| ()))
}

/// Waits for the next event.
///
/// # Safety
/// `event` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlEventSetWait_v2(
    _set: *mut c_void,
    event: *mut EventData,
    milliseconds: c_uint,
) -> Code {
    let deadline = Instant::now() + Duration::from_millis(u64::from(milliseconds));
    loop {
        let code = answer("nvmlEventSetWait_v2", |state| {
            let xid = undelivered(state).ok_or(TIMEOUT)?;
            // SAFETY: the caller's promise is passed on.
            unsafe { put(event, event_of(xid)) }
        });
        if code != TIMEOUT || Instant::now() >= deadline {
            return code;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn undelivered(state: &State) -> Option<Xid> {
    let mut delivered = DELIVERED.lock().unwrap_or_else(PoisonError::into_inner);
    let delivered = delivered.get_or_insert_with(HashSet::new);
    state.xids.iter().find(|xid| delivered.insert(xid.number)).copied()
}

fn event_of(xid: Xid) -> EventData {
    EventData {
        device: handle(xid.gpu),
        event_type: XID_CRITICAL_ERROR,
        data: xid.code,
        gpu_instance: u32::MAX,
        compute_instance: u32::MAX,
    }
}
