//! The agent's side of the public API: joining, proof of life, reports, logs, and the stream of what is to run.
//!
//! The server is out of reach now and then, and restarts; everything here is repeated until it is acknowledged, and
//! carries the epoch, so that a server never takes the word of an agent that has been replaced.

mod api;
mod credentials;
mod heartbeat;
mod link;
mod operations;
mod registration;
mod reporter;
mod retry;
mod session;
mod socket;
mod wire;

pub(crate) use api::Api;
pub(crate) use credentials::Credentials;
pub(crate) use heartbeat::Heart;
pub(crate) use link::{Appended, Link};
pub(crate) use registration::Registrar;
pub(crate) use reporter::report_jobs;
pub(crate) use session::Session;
