//! What happened, line by line: the newest lines to be read after a failure, and a sum over all of them by which two runs of a
//! seed are compared.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};

use crate::time::Millis;

/// Lines that are kept.
const KEPT: usize = 600;

/// The trace of one history.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: VecDeque<String>,
    sum: DefaultHasher,
    count: u64,
}

impl Trace {
    /// Adds a line.
    pub(crate) fn note(&mut self, now: Millis, what: &str) {
        let line = format!("{:>8.2} {what}", now as f64 / 1000.0);
        self.sum.write(line.as_bytes());
        self.count += 1;
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Lines so far.
    #[must_use]
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The sum over all lines.
    #[must_use]
    pub(crate) fn sum(&self) -> u64 {
        self.sum.finish()
    }

    /// The newest lines, oldest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
