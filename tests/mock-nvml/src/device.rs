//! What concerns single cards.
#![allow(non_snake_case, reason = "the names are NVIDIA's")]

mod connection;
mod identity;
mod load;

pub use connection::*;
pub use identity::*;
pub use load::*;
