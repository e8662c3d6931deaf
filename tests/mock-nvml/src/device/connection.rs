//! How cards are built in and set up: bus, links, modes.

use std::ffi::{c_char, c_uint};

use crate::code::{Code, Handle, INVALID_ARGUMENT, NOT_SUPPORTED, answer, gpu, index, put};
use crate::text::put_text;

const FIRST_BUS: usize = 0x18;
const SWITCH_BUS: usize = 0x90;
const LINKS: c_uint = 18;
const SAME_SWITCH: c_uint = 10;
const SAME_SYSTEM: c_uint = 50;

/// A place on the bus as C sees it.
#[repr(C)]
pub struct PciInfo {
    legacy_bus_id: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    device_id: c_uint,
    subsystem_id: c_uint,
    bus_id: [c_char; 32],
}

/// The place on the bus.
///
/// # Safety
/// `place` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPciInfo_v3(device: Handle, place: *mut PciInfo) -> Code {
    answer("nvmlDeviceGetPciInfo_v3", |state| {
        gpu(state, device)?;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(place, place_of(FIRST_BUS + index(state, device)?)?) }
    })
}

fn place_of(bus: usize) -> Result<PciInfo, Code> {
    let mut information = PciInfo {
        legacy_bus_id: [0; 16],
        domain: 0,
        bus: c_uint::try_from(bus).map_err(|_| INVALID_ARGUMENT)?,
        device: 0,
        device_id: 0x2330_10de,
        subsystem_id: 0x16c1_10de,
        bus_id: [0; 32],
    };
    // SAFETY: both buffers are as long as is said.
    unsafe {
        put_text(&format!("00000000:{bus:02X}:00.0"), information.bus_id.as_mut_ptr(), 32)?;
        put_text(&format!("0000:{bus:02X}:00.0"), information.legacy_bus_id.as_mut_ptr(), 16)?;
    }
    Ok(information)
}

/// Who is at the other end of a link: another card, or a switch.
///
/// # Safety
/// `place` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetNvLinkRemotePciInfo_v2(
    device: Handle,
    link: c_uint,
    place: *mut PciInfo,
) -> Code {
    answer("nvmlDeviceGetNvLinkRemotePciInfo_v2", |state| {
        let gpu = gpu(state, device)?;
        let peer = gpu.links.get(link as usize).ok_or(INVALID_ARGUMENT)?;
        let bus = peer.map_or(SWITCH_BUS, |peer| FIRST_BUS + peer);
        // SAFETY: the caller's promise is passed on.
        unsafe { put(place, place_of(bus)?) }
    })
}

/// Who may use the card: everyone.
///
/// # Safety
/// `mode` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetComputeMode(device: Handle, mode: *mut c_uint) -> Code {
    // SAFETY: the caller's promise is passed on.
    answer("nvmlDeviceGetComputeMode", |state| gpu(state, device).and_then(|_| unsafe { put(mode, 0) }))
}

/// Whether memory errors are found and corrected: always.
///
/// # Safety
/// `current` and `pending` are null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetEccMode(
    device: Handle,
    current: *mut c_uint,
    pending: *mut c_uint,
) -> Code {
    answer("nvmlDeviceGetEccMode", |state| {
        gpu(state, device)?;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(current, 1).and_then(|()| put(pending, 1)) }
    })
}

/// How near two cards are: pairs share a switch.
///
/// # Safety
/// `level` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetTopologyCommonAncestor(
    one: Handle,
    other: Handle,
    level: *mut c_uint,
) -> Code {
    answer("nvmlDeviceGetTopologyCommonAncestor", |state| {
        gpu(state, one)?;
        gpu(state, other)?;
        let near = index(state, one)? / 2 == index(state, other)? / 2;
        // SAFETY: the caller's promise is passed on.
        unsafe { put(level, if near { SAME_SWITCH } else { SAME_SYSTEM }) }
    })
}

/// Whether a link is up: those are that the card has.
///
/// # Safety
/// `active` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetNvLinkState(device: Handle, link: c_uint, active: *mut c_uint) -> Code {
    answer("nvmlDeviceGetNvLinkState", |state| {
        let gpu = gpu(state, device)?;
        if link >= LINKS {
            return Err(INVALID_ARGUMENT);
        }
        if gpu.links.is_empty() {
            return Err(NOT_SUPPORTED);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { put(active, c_uint::from((link as usize) < gpu.links.len())) }
    })
}
