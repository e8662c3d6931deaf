//! Where the store and the scheduler take their time and new ids from: this machine, a database that servers share, or whoever
//! plays a whole fleet in virtual time. Beside them only `identity` asks a clock: tokens and API keys run out by the machine's own.

mod database;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(crate) use database::of_database;

/// A source of time and of ids.
pub trait Time: Send + Sync {
    /// The wall clock.
    fn now(&self) -> DateTime<Utc>;
    /// The monotonic clock: for lengths of time alone.
    fn instant(&self) -> Instant;
    /// An id that was never given before; later ones sort behind earlier ones, within a millisecond's truth.
    fn id(&self) -> Uuid;
}

/// What a server looks at when it wants to know the time. Cheap to clone.
pub type Clock = Arc<dyn Time>;

/// This machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Time for Machine {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// This machine's own clocks.
#[must_use]
pub fn machine() -> Clock {
    Arc::new(Machine)
}
