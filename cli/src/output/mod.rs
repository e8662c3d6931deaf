//! What reaches the terminal, and in which form: tables for people, JSON for programs, ids alone for scripts.

pub(crate) mod describe;
pub(crate) mod facts;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::api::{LogLine, LogStream};
use crate::args::connection::OutputArgs;
use crate::client::Failure;
use style::Tone;
use table::{Cell, Column};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Tables,
    /// For programs.
    Json,
    /// Ids, one a line.
    Ids,
}

/// Writes a command's results to standard output and its notices to standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) form: Form,
    pub(crate) colours: bool,
    pub(crate) terminal: bool,
    notice_terminal: bool,
    notice_colours: bool,
}

impl Output {
    /// As a command's arguments ask for.
    pub(crate) fn from_args(args: &OutputArgs) -> Self {
        let form = match (args.json, args.quiet) {
            (true, _) => Form::Json,
            (false, true) => Form::Ids,
            (false, false) => Form::Tables,
        };
        Self::new(form)
    }

    /// In a given form.
    pub(crate) fn new(form: Form) -> Self {
        let colours = style::wants_colours(&io::stdout());
        let notice_colours = style::wants_colours(&io::stderr());
        Self {
            form,
            colours,
            terminal: io::stdout().is_terminal(),
            notice_terminal: io::stderr().is_terminal(),
            notice_colours,
        }
    }

    /// A line of text.
    pub(crate) fn line(self, text: &str) -> Result<(), Failure> {
        write_line(&mut io::stdout().lock(), text)
    }

    /// One JSON document on one line where output streams.
    pub(crate) fn json_line(self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(&serde_json::to_string(value).map_err(unprintable)?)
    }

    /// One JSON document, for people to read as well.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(&serde_json::to_string_pretty(value).map_err(unprintable)?)
    }

    /// A list: a table, a JSON array, or its ids.
    pub(crate) fn list<Row: Serialize>(
        self,
        rows: &[Row],
        id: fn(&Row) -> &str,
        columns: &[Column],
        cells: impl Fn(&Row) -> Vec<Cell>,
        empty: &str,
    ) -> Result<(), Failure> {
        match self.form {
            Form::Json => self.json(&rows),
            Form::Ids => rows.iter().try_for_each(|row| self.line(id(row))),
            Form::Tables if rows.is_empty() => self.line(empty),
            Form::Tables => {
                let cells: Vec<Vec<Cell>> = rows.iter().map(cells).collect();
                self.table(columns, &cells)
            }
        }
    }

    /// A table as wide as the terminal at most.
    pub(crate) fn table(self, columns: &[Column], rows: &[Vec<Cell>]) -> Result<(), Failure> {
        let room = if self.terminal { Some(terminal_width()) } else { None };
        table::render(columns, rows, room, self.colours).iter().try_for_each(|line| self.line(line))
    }

    /// A line of a job's output, to the stream that the job wrote it to.
    pub(crate) fn log(self, line: &LogLine) -> Result<(), Failure> {
        let safe = |terminal: bool| {
            if terminal {
                Cow::Owned(text::for_terminal(&line.text))
            } else {
                Cow::Borrowed(line.text.as_str())
            }
        };
        match (self.form, line.stream) {
            (Form::Json, _) => self.json_line(line),
            (_, LogStream::Stdout) => self.line(&safe(self.terminal)),
            (_, LogStream::Stderr) => {
                say(&safe(self.notice_terminal));
                Ok(())
            }
        }
    }

    /// A notice about what is going on, to standard error; none where only ids or a job's own output are wanted.
    pub(crate) fn notice(self, text: &str, tone: Tone) {
        if self.form != Form::Ids {
            say(&tone.paint(text, self.notice_colours));
        }
    }
}

/// Columns of the terminal.
pub(crate) fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0))
}

/// Lines of the terminal.
pub(crate) fn terminal_height() -> usize {
    terminal_size::terminal_size().map_or(24, |(_, height)| usize::from(height.0))
}

/// One line to standard error. That it cannot be written is no reason to stop.
pub(crate) fn say(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}

fn write_line(to: &mut impl Write, text: &str) -> Result<(), Failure> {
    writeln!(to, "{text}").and_then(|()| to.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::Other(format!("cannot write the output: {error}")),
    })
}

fn unprintable(error: serde_json::Error) -> Failure {
    Failure::Other(format!("cannot write JSON: {error}"))
}
