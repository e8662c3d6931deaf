//! Time that passes while the machine sleeps too: a lease counted without it would seem fresh after a nap of an hour.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Time since boot, suspended time included. Never goes back and knows nothing of the wall clock.
pub(crate) fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

/// The same in whole milliseconds, as records keep it.
pub(crate) fn millis_since_boot() -> u64 {
    u64::try_from(since_boot().as_millis()).unwrap_or(u64::MAX)
}
