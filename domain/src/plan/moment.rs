//! Moments as the core counts them: microseconds, so that comparing them costs nothing.

use chrono::{DateTime, Utc};

/// A moment, in microseconds since the epoch (a simulation may start wherever it likes).
pub(crate) type At = i64;

/// Later than every moment: nobody can tell when.
pub(crate) const NEVER: At = i64::MAX;

/// A second.
pub(crate) const SECOND: At = 1_000_000;

/// A moment of the calendar.
pub(super) fn moment(time: DateTime<Utc>) -> At {
    time.timestamp_micros()
}

/// Back to the calendar; nothing for [`NEVER`].
pub(super) fn calendar(at: At) -> Option<DateTime<Utc>> {
    if at == NEVER { None } else { DateTime::from_timestamp_micros(at) }
}
