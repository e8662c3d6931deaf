//! Whole plans: each test makes a world, and says what becomes of its jobs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checker;
mod checks;
mod explanations;
mod forecasts;
mod placements;
mod properties;
mod random_world;
mod starvation;
mod suggestions;
mod world;
