//! What the fleet manager decides, as plain functions over plain data.
//!
//! Nothing here performs I/O, reads a clock, draws randomness or awaits: time, random values and new ids are
//! arguments. Whoever calls decides when; this crate decides what.

pub mod estimate;
mod hash;
pub mod idle;
pub mod ids;
pub mod job;
pub mod limits;
pub mod plan;
pub mod requirements;
pub mod retry;
pub mod role;
pub mod simulate;
pub mod snapshot;
