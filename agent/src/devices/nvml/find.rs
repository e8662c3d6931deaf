//! Which cards and slices there are, and how they hang together: read once, when the library is loaded.

use std::collections::{BTreeSet, HashMap};

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device as Handle, Nvml};

use super::super::{Condition, Device};
use super::card::{Card, mebibytes};

/// More links than any card has; asking ends at the first number that a card does not know.
const MOST_LINKS: u32 = 64;

/// Every card; one that is cut into slices (MIG) is its slices.
pub(super) fn cards(nvml: &'static Nvml) -> Result<Vec<Card>, NvmlError> {
    let boards: Vec<_> = (0..nvml.device_count()?).filter_map(|number| board(nvml, number)).collect();
    let places: HashMap<String, String> =
        boards.iter().filter_map(|(handle, device)| Some((place(handle)?, device.uuid.clone()))).collect();
    let mut cards = Vec::new();
    for (handle, mut device) in boards {
        device.nvlink_peers = nvlink_peers(&handle, &device.uuid, &places);
        device.numa_node = numa_node(&handle);
        let slices = slices(nvml, &handle, &device);
        if slices.is_empty() {
            cards.push(Card { handle, whole: None, device });
        } else {
            cards.extend(slices);
        }
    }
    for (card, index) in cards.iter_mut().zip(0..) {
        card.device.index = index;
    }
    Ok(cards)
}

/// A card that cannot say who it is cannot be offered.
fn board(nvml: &'static Nvml, number: u32) -> Option<(Handle<'static>, Device)> {
    let identify = || {
        let handle = nvml.device_by_index(number)?;
        let device = describe(&handle)?;
        Ok::<_, NvmlError>((handle, device))
    };
    identify()
        .inspect_err(|error| tracing::error!(number, %error, "a GPU does not answer and is left out"))
        .ok()
}

fn describe(handle: &Handle<'_>) -> Result<Device, NvmlError> {
    Ok(Device {
        uuid: handle.uuid()?,
        index: 0,
        gpu_type: handle.name()?,
        // Some cards share the host's memory and report none of their own.
        memory_mib: handle.memory_info().map_or(0, |memory| mebibytes(memory.total)),
        simulated: false,
        numa_node: None,
        nvlink_peers: Vec::new(),
        condition: Condition::Healthy,
    })
}

/// The slices of a card that is cut into such now; they lie where the card lies, and have no links.
fn slices(nvml: &'static Nvml, board: &Handle<'static>, whole: &Device) -> Vec<Card> {
    const ENABLED: u32 = 1;
    if !board.mig_mode().is_ok_and(|mode| mode.current == ENABLED) {
        return Vec::new();
    }
    let slice = |number| {
        let handle = board.mig_device_by_index(number).ok()?;
        let device = Device { numa_node: whole.numa_node, ..describe(&handle).ok()? };
        Some(Card { handle, whole: nvml.device_by_uuid(whole.uuid.as_str()).ok(), device })
    };
    (0..board.mig_device_count().unwrap_or(0)).filter_map(slice).collect()
}

fn place(handle: &Handle<'_>) -> Option<String> {
    handle.pci_info().ok().map(|place| place.bus_id.to_lowercase())
}

/// Cards at the other end of this one's links. Through a switch all cards with links reach each other, and the other ends are
/// the switch's.
fn nvlink_peers(handle: &Handle<'_>, own: &str, places: &HashMap<String, String>) -> Vec<String> {
    let mut peers = BTreeSet::new();
    let mut through_switch = false;
    for link in 0..MOST_LINKS {
        let link = handle.link_wrapper_for(link);
        match link.is_active() {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => break,
        }
        let Ok(remote) = link.remote_pci_info() else { continue };
        match places.get(&remote.bus_id.to_lowercase()) {
            Some(peer) => drop(peers.insert(peer.clone())),
            None => through_switch = true,
        }
    }
    if through_switch {
        peers.extend(places.values().cloned());
    }
    peers.remove(own);
    peers.into_iter().collect()
}

/// The driver's word, else the kernel's.
fn numa_node(handle: &Handle<'_>) -> Option<i32> {
    let asked = handle.numa_node_id().ok().and_then(|node| i32::try_from(node).ok());
    asked.or_else(|| {
        let place = handle.pci_info().ok()?.bus_id.to_lowercase();
        // The kernel writes four digits of the domain where NVML writes eight.
        let place = place.get(place.len().checked_sub(12)?..)?;
        let node = std::fs::read_to_string(format!("/sys/bus/pci/devices/{place}/numa_node")).ok()?;
        node.trim().parse().ok().filter(|node| *node >= 0)
    })
}
