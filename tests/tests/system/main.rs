//! What the whole system must do, on SQLite and on PostgreSQL alike. Each test has its own servers and its own database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod answers;
mod life;
