//! What travels over the network: GraphQL over HTTP, WebSocket and server-sent events, the dashboard's files, health and
//! metrics.
//!
//! This module reads documents against the schema that it is given; whoever executes them stands behind [`Gateway`]. It
//! decides nothing about the fleet and reads no database.

mod accept;
mod answer;
mod assets;
mod body;
mod call;
mod config;
mod connections;
mod document;
mod execution;
mod gateway;
mod graphql;
mod limits;
mod meter;
mod origin;
mod params;
mod server;
mod sign_in;
mod slots;
mod socket;
mod sse;

pub use call::{Call, RequestId};
pub use config::HttpConfig;
pub use connections::serve;
pub use document::SchemaError;
pub use gateway::{Gateway, Refusal};
pub use limits::Limits;
pub use meter::Rate;
pub use server::{install_metrics, router};
pub use sign_in::{CALLBACK, Grant, Offer, SignInRefusal, SignedIn};
