//! What concerns single cards.
#![allow(non_snake_case, reason = "the names are NVIDIA's")]

mod connection;
mod fields;
mod identity;
mod load;
mod slices;

pub use connection::*;
pub use fields::*;
pub use identity::*;
pub use load::*;
pub use slices::*;
