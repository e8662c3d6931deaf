//! Ctrl-C and its relatives, as events instead of sudden ends.

use std::io::IsTerminal;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::client::Failure;

/// What a signal is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Ask first: it may have been a slip.
    Ask,
    /// Cancel the job.
    Cancel,
    /// Stop waiting for the cancelled job's end.
    Leave,
}

/// SIGINT and SIGTERM of this process.
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    interactive: bool,
    heard: Option<Wish>,
}

impl Interrupts {
    /// From now on signals no longer end the process.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind).map_err(|error| Failure::Other(format!("cannot listen for signals: {error}")))
        };
        Ok(Self {
            interrupt: hear(SignalKind::interrupt())?,
            terminate: hear(SignalKind::terminate())?,
            interactive: std::io::stdin().is_terminal(),
            heard: None,
        })
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) -> Wish {
        let asked = tokio::select! {
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => false,
        };
        let wish = next_wish(self.heard, asked && self.interactive);
        self.heard = Some(wish);
        wish
    }
}

/// A person at a terminal is asked once; anything else means it.
fn next_wish(heard: Option<Wish>, may_be_a_slip: bool) -> Wish {
    match heard {
        None if may_be_a_slip => Wish::Ask,
        None | Some(Wish::Ask) => Wish::Cancel,
        Some(Wish::Cancel | Wish::Leave) => Wish::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_asked_once_and_a_script_never() {
        assert_eq!(next_wish(None, true), Wish::Ask);
        assert_eq!(next_wish(Some(Wish::Ask), true), Wish::Cancel);
        assert_eq!(next_wish(Some(Wish::Cancel), true), Wish::Leave);
        assert_eq!(next_wish(None, false), Wish::Cancel);
    }
}
