//! A stand-in for NVIDIA's management library, for machines without a GPU.
//!
//! It exports those functions of the C interface that `nvml-wrapper` looks up and the agent calls. The hardware behind them
//! is a text file, named by `GPU_FLEET_MOCK_NVML_STATE` and read anew at every call, so that a test can pull out a card
//! while an agent runs. [`state`] describes the file. Nothing here may unwind into its caller, which is C.

mod code;
mod device;
mod event;
pub mod state;
mod system;
mod text;

pub use code::{Code, Handle};
pub use device::*;
pub use event::*;
pub use system::*;
