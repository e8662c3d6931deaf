//! Virtual time. The world has one true time in milliseconds; every machine and every server sees it through clocks of its own,
//! which are set wrong and run at their own rate. Servers' wall clocks are further apart here than those of servers that share a
//! database, which go by its clock: no promise that is looked at rests on them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::clock::Time;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// True time, in milliseconds since the history began.
pub(crate) type Millis = u64;

/// One step of the world.
pub(crate) const TICK: Millis = 50;

/// Stands for the zero of every monotonic clock: only differences of instants mean anything.
static ZERO: LazyLock<Instant> = LazyLock::new(Instant::now);

/// So far is every monotonic clock when the history begins, so that none is ever near its zero.
const BEFORE: Duration = Duration::from_secs(1000);

/// The instant of a monotonic clock that shows so much.
#[must_use]
pub(crate) fn instant(shown: Duration) -> Instant {
    *ZERO + BEFORE + shown
}

/// A machine's clocks: how wrong its wall clock is, and how fast its monotonic clock runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    /// Seconds that its wall clock is ahead.
    pub(crate) ahead_secs: i64,
    /// Parts per million that its clocks run too fast.
    pub(crate) fast_ppm: i64,
}

impl Clocks {
    /// What its monotonic clock shows after so much true time.
    #[must_use]
    pub(crate) fn shown(self, passed: Millis) -> Duration {
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let micros = passed * 1000 + passed * self.fast_ppm / 1000;
        Duration::from_micros(micros.unsigned_abs())
    }

    /// What its wall clock shows.
    #[must_use]
    pub(crate) fn wall(self, now: Millis) -> DateTime<Utc> {
        let start = DateTime::from_timestamp(1_900_000_000, 0).unwrap_or_default();
        let shown = TimeDelta::from_std(self.shown(now)).unwrap_or_default();
        start + TimeDelta::seconds(self.ahead_secs) + shown
    }
}

/// The clock that the store and the scheduler look at: that of the server whose turn it is.
#[derive(Debug)]
pub(crate) struct PlayedClock {
    shows: Mutex<(DateTime<Utc>, Duration)>,
    ids: AtomicU64,
}

impl PlayedClock {
    /// Shows the beginning.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { shows: Mutex::default(), ids: AtomicU64::new(1) }
    }

    /// From now on it shows what these clocks do at this time.
    pub(crate) fn show(&self, clocks: Clocks, now: Millis) {
        *self.shows.lock().unwrap_or_else(PoisonError::into_inner) = (clocks.wall(now), clocks.shown(now));
    }

    fn shown(&self) -> (DateTime<Utc>, Duration) {
        *self.shows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for PlayedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Time for PlayedClock {
    fn now(&self) -> DateTime<Utc> {
        self.shown().0
    }

    fn instant(&self) -> Instant {
        instant(self.shown().1)
    }

    fn id(&self) -> Uuid {
        let count = self.ids.fetch_add(1, Ordering::Relaxed);
        let millis = self.shown().0.timestamp_millis().unsigned_abs();
        let mut rest = [0; 10];
        rest[2..].copy_from_slice(&count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }
}
