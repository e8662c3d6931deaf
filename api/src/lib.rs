//! The server: the store, the services over it, the scheduler's loop, and the GraphQL API over HTTP and WebSocket.

pub mod auth;
pub mod clock;
pub mod error;
pub mod fault;
#[cfg(test)]
mod fixture;
pub mod graphql;
pub mod http;
pub mod identity;
pub mod log_store;
pub mod scheduler;
pub mod server;
pub mod store;
pub mod telemetry;
