//! The tables as SeaORM sees them, one file each. A row that is edited under optimistic locking carries `version`.
//!
//! Holds no decisions: what a row may become is decided in `domain`, and only `api`'s store writes one.

pub mod json;

pub mod agent_credential;
pub mod allocation;
pub mod api_key;
pub mod audit;
pub mod event;
pub mod gpu;
pub mod host;
pub mod idempotency_key;
pub mod job;
pub mod job_dependency;
pub mod lease;
pub mod liveness;
pub mod log_chunk;
pub mod log_object;
pub mod organization;
pub mod placement;
pub mod signing_key;
pub mod telemetry;
pub mod telemetry_hour;
pub mod usage_hour;
pub mod used_join_token;
