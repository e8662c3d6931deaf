//! What the agent and its shims decide, as plain functions: no clock, process, file or network is touched here, and no waiting
//! done. The modules beside this one find out what is asked and do what is answered; whoever plays a fleet in virtual time
//! asks the same.

pub(crate) mod course;
mod ending;
mod found;
mod orders;
mod rivalry;

pub use course::{Course, Do};
pub use ending::{EndCause, Ending, Unrecorded, ending, unrecorded};
pub use found::{Found, Left, found};
pub use orders::{Action, Step, Wish, carry_out};
pub use rivalry::Rivalry;

pub use crate::jobs::{UncleanGpu, judge_card};
pub use crate::lease::{Lease, LeaseState};
