//! What travels over the network: GraphQL over HTTP and WebSocket, the dashboard's files, health and metrics.
//!
//! This module knows GraphQL documents but no schema: whoever executes them stands behind [`Gateway`]. It decides
//! nothing about the fleet and reads no database.

mod accept;
mod answer;
mod assets;
mod config;
mod document;
mod gateway;
mod graphql;
mod guard;
mod limits;
mod origin;
mod params;
mod server;
mod socket;

pub use config::HttpConfig;
pub use gateway::{Gateway, Refusal};
pub use guard::Guard;
pub use limits::Limits;
pub use server::{install_metrics, router, serve};
