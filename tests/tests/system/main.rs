//! What the whole system must do, on SQLite and on PostgreSQL alike. Each test has its own servers and its own database.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking"
)]

mod bulk;
mod cards;
mod chaos;
mod containers;
mod doctor;
mod endurance;
mod feed;
mod fencing;
mod following;
mod foresight;
mod identity;
mod idle;
mod life;
mod logs;
mod neighbours;
mod operating;
mod placing;
mod preemption;
mod provider;
mod races;
mod refusals;
mod shares;
mod sign_in;
mod tenancy;
mod terminal;
mod top;
mod trust;
