//! What cards tell over time, and what the server tells of itself. Samples are gathered in memory into minutes, and a minute that is over is written once, into a row
//! for each GPU and hour. So history costs one write a minute however often agents report, and 30 days of a GPU fit in half a
//! megabyte. A server that dies loses its present minute.

mod gather;
mod gauges;
mod minute;
mod recorder;

pub use gather::Gathering;
pub use gauges::Gauges;
pub(crate) use minute::{Minute, minute_of, put};
pub use recorder::record;

/// History is kept for so many days.
pub const DAYS: i64 = 30;
