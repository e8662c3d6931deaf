//! The container that a supervised command runs in: whether there is one yet, whether it is over, what its client's end says, and
//! how it is taken away.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::attempt::AttemptDir;
use crate::container::{self, Container, Kind, Outcome};

/// How often its first process is looked for, from when there is a container.
const LOOKS_INSIDE: u32 = 10;

/// A container under supervision.
pub(super) struct Contained {
    container: Container,
    id_file: PathBuf,
    /// Its first process, once it was seen: with that it ends, and its client somewhat later.
    first: Option<OwnedFd>,
    looks_left: u32,
    removed: bool,
}

impl Contained {
    pub(super) fn new(container: Container, dir: &AttemptDir) -> Self {
        Self { container, id_file: dir.container(), first: None, looks_left: LOOKS_INSIDE, removed: false }
    }

    /// Whether the runtime has said that there is a container.
    pub(super) fn was_made(&self) -> bool {
        self.id_file.metadata().is_ok_and(|file| file.len() > 0)
    }

    /// Takes hold of its first process, if it was not seen yet and there is one.
    pub(super) fn look_inside(&mut self) {
        if self.first.is_none() && self.looks_left > 0 {
            self.looks_left -= 1;
            self.first = container::hold_first(&self.id_file);
        }
    }

    /// Whether its first process is gone. One that was never seen may be about to start.
    pub(super) fn is_over(&self) -> bool {
        self.first.as_ref().is_some_and(|first| {
            let mut first = [PollFd::new(first.as_fd(), PollFlags::POLLIN)];
            poll(&mut first, PollTimeout::ZERO).is_ok_and(|gone| gone > 0)
        })
    }

    /// What the end of its client says beyond its exit code.
    pub(super) fn outcome(&self, code: i32, last_words: &str) -> Outcome {
        container::outcome(&self.container, code, self.was_made(), last_words)
    }

    /// Everyone is being killed. Where a daemon has made the container, it alone may be able to.
    pub(super) fn is_taken_by_force(&mut self) {
        if self.container.runtime.kind == Kind::Docker && self.was_made() && !self.removed {
            self.remove();
        }
    }

    /// Takes it away, with all that the runtime still keeps of it. A failure shows in whoever is left.
    pub(super) fn remove(&mut self) {
        self.removed = container::remove(&self.container).is_ok();
    }
}
