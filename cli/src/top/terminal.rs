//! The terminal as `top` has it: whole, raw, and given back as it was, whatever ends this: a key, a signal, an error, a
//! panic.

use std::io;

use crossterm::event::EventStream;
use nix::sys::signal::{Signal, raise};
use ratatui::{DefaultTerminal, Frame};

use crate::client::Failure;

/// The terminal, until it is dropped.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    pub(super) keys: EventStream,
}

impl Screen {
    /// Takes it. A panic gives it back as well: the hook is set here.
    pub(super) fn take() -> Result<Self, Failure> {
        let terminal = ratatui::try_init().map_err(failed)?;
        Ok(Self { terminal, keys: EventStream::new() })
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Result<(), Failure> {
        self.terminal.draw(draw).map(drop).map_err(failed)
    }

    /// Draws everything anew, whatever another program has left there.
    pub(super) fn clear(&mut self) -> Result<(), Failure> {
        self.terminal.clear().map_err(failed)
    }

    pub(super) fn size(&self) -> Result<ratatui::layout::Size, Failure> {
        self.terminal.size().map_err(failed)
    }

    /// Gives the terminal back, sleeps until the shell wakes this process, and takes it again.
    pub(super) fn sleep(&mut self) -> Result<(), Failure> {
        self.give_back();
        raise(Signal::SIGTSTP).map_err(|error| Failure::Other(format!("cannot sleep: {error}")))?;
        crossterm::terminal::enable_raw_mode().map_err(failed)?;
        crossterm::execute!(io::stdout(), crossterm::terminal::EnterAlternateScreen).map_err(failed)?;
        self.clear()
    }

    fn give_back(&mut self) {
        // The cursor was hidden while it was drawn.
        self.terminal.show_cursor().ok();
        ratatui::restore();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::Other(format!("cannot use the terminal: {error}"))
}
