//! How far an attempt had come that an earlier agent left behind.

use super::EndCause;

/// What an attempt's directory says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// A shim holds its lock.
    pub held: bool,
    /// A shim has been about to start the command.
    pub marked: bool,
    /// The record of its start is there.
    pub started: bool,
    /// The record of its end is there.
    pub ended: bool,
    /// It was ordered in the boot that lasts.
    pub of_this_boot: bool,
}

/// How far it had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Its command was certainly never started.
    NeverBegan,
    /// Its shim is at work.
    Alive,
    /// It has ended, and nobody was told, or nobody's answer was seen.
    Ended,
    /// It ran or may have run, and its end was not recorded: why, and whether that was this host's doing.
    Lost(&'static str, EndCause),
}

/// How far it had come.
#[must_use]
pub fn found(left: Left) -> Found {
    if left.held {
        Found::Alive
    } else if left.ended {
        Found::Ended
    } else if !left.of_this_boot {
        Found::Lost("its process was lost: the host was rebooted", EndCause::Lost)
    } else if left.marked || left.started {
        Found::Lost("its process was lost: its shim was killed", EndCause::Command)
    } else {
        Found::NeverBegan
    }
}
