//! Runs the real binary for whole-system tests and speaks to it as any client does: GraphQL over HTTP and WebSocket.
//! It knows nothing of the server's inside but the name of the table that its migrations keep.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "it is part of tests: a panic is a failure"
)]

mod agent_process;
pub mod answer;
mod binary;
mod client;
mod control_groups;
mod database;
mod fleet;
pub mod generated;
mod hardware;
mod history;
mod identity_provider;
mod mps;
mod network;
mod played_host;
mod subscription;
mod terminal;
mod waiting;

pub use agent_process::{AgentOptions, AgentProcess};
pub use binary::{Binary, Ended};
pub use client::{Client, Refusal};
pub use database::{Database, Engine};
pub use fleet::{Fleet, Place};
pub use hardware::{Hardware, Stranger};
pub use history::History;
pub use identity_provider::{Conduct, IdentityProvider, ProviderKey, Trouble};
pub use mps::Mps;
pub use network::Network;
pub use played_host::PlayedHost;
pub use subscription::Subscription;
pub use terminal::Terminal;
pub use waiting::{eventually, within};

/// Makes one test for each engine of each named function, so that one suite says what both must do:
/// `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                $crate::within(super::$name($crate::Engine::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                $crate::within(super::$name($crate::Engine::Postgres)).await;
            }
        })+
    };
}
