//! The command's output: bytes from two pipes become framed lines in one file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::Utc;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::attempt::frame::{self, Stream};

/// A line longer than this goes on in the next one.
pub(super) const LONGEST_LINE: usize = 16 * 1024;
/// The log of one attempt does not grow past this.
pub(super) const LARGEST_LOG: u64 = 64 * 1024 * 1024;
const READ_AT_ONCE: usize = 64 * 1024;
/// What is remembered of the last line of the errors: a runtime names an image several times before it says what is wrong.
const LAST_ERROR: usize = 2048;

/// One pipe and the beginning of a line whose end has not come yet.
pub(super) struct Pipe {
    file: Option<File>,
    stream: Stream,
    partial: Vec<u8>,
}

impl Pipe {
    pub(super) fn new(descriptor: OwnedFd, stream: Stream) -> io::Result<Self> {
        fcntl(&descriptor, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self { file: Some(descriptor.into()), stream, partial: Vec::new() })
    }

    /// What to poll; `None` once every writer has closed its end.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(AsFd::as_fd)
    }

    /// Moves what is there now into the log, and answers whether there was anything.
    pub(super) fn pump(&mut self, log: &mut Log) -> bool {
        let Some(file) = &mut self.file else { return false };
        let mut buffer = vec![0; READ_AT_ONCE];
        match file.read(&mut buffer) {
            Ok(0) => self.file = None,
            Ok(count) => {
                self.take(buffer.get(..count).unwrap_or_default(), log);
                return true;
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.file = None,
        }
        false
    }

    fn take(&mut self, bytes: &[u8], log: &mut Log) {
        self.partial.extend_from_slice(bytes);
        let mut lines = LineSplitter { rest: &self.partial };
        for line in &mut lines {
            log.frame(self.stream, line);
        }
        let kept = lines.rest.len();
        self.partial.drain(..self.partial.len() - kept);
        log.write();
    }

    /// Writes the last line when it came without a line feed.
    pub(super) fn finish(&mut self, log: &mut Log) {
        if !self.partial.is_empty() {
            log.frame(self.stream, &self.partial);
            self.partial.clear();
            log.write();
        }
    }
}

/// Not empty, and not the advice to read a manual with which docker follows what was wrong.
fn says_something(line: &[u8]) -> bool {
    const ADVICE: &[u8] = b"'docker run --help'";
    !line.trim_ascii().is_empty() && !line.windows(ADVICE.len()).any(|part| part == ADVICE)
}

/// Cuts complete lines, and endless ones into pieces, off the front of `rest`.
struct LineSplitter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for LineSplitter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let window = self.rest.get(..=LONGEST_LINE).unwrap_or(self.rest);
        if let Some(end) = window.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = self.rest.split_at(end);
            self.rest = rest.get(1..).unwrap_or_default();
            return Some(line);
        }
        if self.rest.len() <= LONGEST_LINE {
            return None;
        }
        let (piece, rest) = self.rest.split_at(character_boundary(self.rest, LONGEST_LINE));
        self.rest = rest;
        Some(piece)
    }
}

/// The last place at or before `at` that does not cut a UTF-8 character in two.
fn character_boundary(bytes: &[u8], at: usize) -> usize {
    let continues = |place: usize| bytes.get(place).is_some_and(|byte| byte & 0xC0 == 0x80);
    (at.saturating_sub(3)..=at).rev().find(|place| !continues(*place)).unwrap_or(at)
}

/// The log file, its cap, and what went wrong with it.
pub(super) struct Log {
    file: File,
    frames: Vec<u8>,
    size: u64,
    full: bool,
    last_error: Vec<u8>,
    failure: Option<io::Error>,
}

impl Log {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        Ok(Self { file, frames: Vec::new(), size: 0, full: false, last_error: Vec::new(), failure: None })
    }

    fn frame(&mut self, stream: Stream, line: &[u8]) {
        if stream == Stream::Stderr && says_something(line) {
            self.last_error.clear();
            self.last_error.extend_from_slice(line.get(..LAST_ERROR).unwrap_or(line));
        }
        if self.full {
            return;
        }
        let before = self.frames.len();
        let now = Utc::now().timestamp_millis();
        frame::encode(&mut self.frames, stream, now, line);
        if self.size + self.frames.len() as u64 > LARGEST_LOG {
            self.frames.truncate(before);
            let marker = format!("[output beyond {} MiB is not kept]", LARGEST_LOG >> 20);
            frame::encode(&mut self.frames, Stream::Stderr, now, marker.as_bytes());
            self.full = true;
        }
    }

    /// A full disk must not stop the job: the rest of the batch is lost, and the exit record says so.
    fn write(&mut self) {
        match self.file.write_all(&self.frames) {
            Ok(()) => self.size += self.frames.len() as u64,
            Err(error) => self.failure = Some(error),
        }
        self.frames.clear();
    }

    /// The last line of the errors that said anything, cut.
    pub(super) fn last_error(&self) -> String {
        String::from_utf8_lossy(&self.last_error).trim().to_owned()
    }

    /// Why some of the output is missing, if it is.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.as_ref().map(|error| format!("part of its output could not be kept: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(bytes: &[u8]) -> (Vec<usize>, usize) {
        let mut lines = LineSplitter { rest: bytes };
        let lengths = (&mut lines).map(<[u8]>::len).collect();
        (lengths, lines.rest.len())
    }

    #[test]
    fn the_last_words_are_those_that_say_what_was_wrong() {
        assert!(says_something(b"docker: Error response from daemon: no such image"));
        let advice = b"Run 'docker run --help' for more information".as_slice();
        assert!([b"".as_slice(), b"  \t", advice].iter().all(|line| !says_something(line)));
    }

    #[test]
    fn lines_end_at_line_feeds_and_the_rest_waits() {
        assert_eq!(split(b"ab\n\ncde"), (vec![2, 0], 3));
    }

    #[test]
    fn a_line_of_exactly_the_longest_length_is_not_cut() {
        let mut bytes = vec![b'x'; LONGEST_LINE];
        bytes.push(b'\n');
        assert_eq!(split(&bytes), (vec![LONGEST_LINE], 0));
    }

    #[test]
    fn an_endless_line_is_cut_between_characters() {
        let text = format!("x{}", "é".repeat(LONGEST_LINE));
        let (lengths, _) = split(text.as_bytes());
        assert_eq!(lengths.first(), Some(&(LONGEST_LINE - 1)));
    }
}
