//! What agents tell and ask, a file for each kind of word: joining, their hardware, signs of life, reports, what a host is
//! to run, and what becomes of it when a host falls silent. Every word carries the epoch; those of the past are refused.

mod assignments;
mod devices;
mod fast_failures;
mod life_signs;
mod loss;
mod registration;
mod removal;
mod reports;
mod words;

pub use loss::SignOfLife;
pub(crate) use registration::{KeysState, at_epoch};
pub use words::{
    Admission, AssignedAttempt, Blame, Declaration, Device, Report, ReportResult, Sample, SignOfLifeTold,
    Told,
};
