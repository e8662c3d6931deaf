//! One attempt's log file and how much of it the server has.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

use crate::attempt::AttemptId;
use crate::attempt::frame::{self, Line};

/// Some lines of one log, as they are sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) id: AttemptId,
    /// The number of its first line.
    pub(crate) first_line: i32,
    pub(crate) lines: Vec<Line>,
    /// No line follows.
    pub(crate) last: bool,
    /// Where in the file the line after its last begins.
    end: u64,
}

/// How much one request may still carry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) bytes: usize,
    pub(super) lines: usize,
}

impl Budget {
    fn is_spent(self) -> bool {
        self.bytes == 0 || self.lines == 0
    }

    fn spend(&mut self, line: &Line) {
        self.lines -= 1;
        self.bytes = self.bytes.saturating_sub(wire_size(line));
    }
}

/// What a line needs in JSON at most: escapes make control characters six times as long.
fn wire_size(line: &Line) -> usize {
    let escaped = |character: char| match character {
        '"' | '\\' => 2,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    };
    80 + line.text.chars().map(escaped).sum::<usize>()
}

pub(super) struct Tail {
    pub(super) id: AttemptId,
    path: PathBuf,
    offset: u64,
    next_line: i32,
    /// The file will not grow any more.
    pub(super) complete: bool,
    /// The server knows that it has all of it.
    end_is_told: bool,
}

impl Tail {
    pub(super) fn new(id: AttemptId, path: PathBuf) -> Self {
        Self { id, path, offset: 0, next_line: 0, complete: false, end_is_told: false }
    }

    /// The next lines within the budget; `None` when there are none now. A log that was never written is an empty one.
    pub(super) fn read(&self, budget: &mut Budget) -> io::Result<Option<Chunk>> {
        if budget.is_spent() {
            return Ok(None);
        }
        let mut chunk = Chunk {
            id: self.id.clone(),
            first_line: self.next_line,
            lines: Vec::new(),
            last: self.complete,
            end: self.offset,
        };
        if let Some(mut reader) = self.open_at(self.offset)? {
            while let Some((line, length)) = self.read_line(&mut reader)? {
                if budget.is_spent() {
                    chunk.last = false;
                    break;
                }
                budget.spend(&line);
                chunk.lines.push(line);
                chunk.end += length;
            }
        }
        let news = !chunk.lines.is_empty() || (chunk.last && !self.end_is_told);
        Ok(news.then_some(chunk))
    }

    /// Whether a log that does not grow any more was sent to its end. One that cannot be read counts as sent: waiting for
    /// it would keep its job from ending.
    pub(super) fn is_sent(&self) -> bool {
        self.complete && (self.end_is_told || self.open_at(self.offset).is_err())
    }

    /// One line and its length in the file. What lacks its line feed is still being written, unless nobody writes any more.
    fn read_line(&self, reader: &mut BufReader<File>) -> io::Result<Option<(Line, u64)>> {
        let mut framed = Vec::new();
        let length = reader.read_until(b'\n', &mut framed)?;
        let text = match framed.strip_suffix(b"\n") {
            Some(text) => text,
            None if self.complete && length > 0 => &framed,
            None => return Ok(None),
        };
        Ok(Some((frame::decode(text), length as u64)))
    }

    fn open_at(&self, offset: u64) -> io::Result<Option<BufReader<File>>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() <= offset {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(offset))?;
        Ok(Some(BufReader::with_capacity(64 * 1024, file)))
    }

    /// Takes in which line the server wants after a chunk.
    pub(super) fn acknowledged(&mut self, chunk: &Chunk, wanted: i32) -> io::Result<()> {
        let after = chunk.first_line.saturating_add(i32::try_from(chunk.lines.len()).unwrap_or(i32::MAX));
        if wanted == after {
            self.offset = chunk.end;
            self.next_line = wanted;
            self.end_is_told |= chunk.last;
            return Ok(());
        }
        self.go_to(wanted)
    }

    /// Moves to a line anywhere in the file, or to its end when it has fewer.
    fn go_to(&mut self, wanted: i32) -> io::Result<()> {
        if wanted < self.next_line {
            self.offset = 0;
            self.next_line = 0;
        }
        let Some(mut reader) = self.open_at(self.offset)? else { return Ok(()) };
        let mut skipped = Vec::new();
        while self.next_line < wanted {
            skipped.clear();
            let length = reader.read_until(b'\n', &mut skipped)?;
            if length == 0 || (!skipped.ends_with(b"\n") && !self.complete) {
                break;
            }
            self.offset += length as u64;
            self.next_line += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    const PLENTY: Budget = Budget { bytes: 1 << 20, lines: 1000 };

    fn tail_of(log: &str) -> (tempfile::TempDir, Tail) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("log");
        fs::write(&path, log).unwrap();
        let id = AttemptId { job_id: "job".to_owned(), attempt: 1 };
        (root, Tail::new(id, path))
    }

    fn texts(chunk: &Chunk) -> Vec<&str> {
        chunk.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn only_complete_lines_are_sent_until_the_log_is_complete() {
        let (_root, mut tail) = tail_of("o 1 a\no 2 b\no 3 c");
        let chunk = tail.read(&mut PLENTY.clone()).unwrap().unwrap();
        assert_eq!((chunk.first_line, texts(&chunk)), (0, vec!["a", "b"]));
        tail.acknowledged(&chunk, 2).unwrap();
        assert_eq!(tail.read(&mut PLENTY.clone()).unwrap(), None);
        tail.complete = true;
        let chunk = tail.read(&mut PLENTY.clone()).unwrap().unwrap();
        assert_eq!((chunk.first_line, texts(&chunk)), (2, vec!["c"]));
    }

    #[test]
    fn the_server_may_want_a_later_or_an_earlier_line() {
        let (_root, mut tail) = tail_of("o 1 a\no 2 b\no 3 c\no 4 d\n");
        let first = tail.read(&mut Budget { lines: 1, ..PLENTY }).unwrap().unwrap();
        tail.acknowledged(&first, 3).unwrap();
        let chunk = tail.read(&mut PLENTY.clone()).unwrap().unwrap();
        assert_eq!((chunk.first_line, texts(&chunk)), (3, vec!["d"]));
        tail.acknowledged(&chunk, 1).unwrap();
        let chunk = tail.read(&mut PLENTY.clone()).unwrap().unwrap();
        assert_eq!((chunk.first_line, texts(&chunk)), (1, vec!["b", "c", "d"]));
    }

    #[test]
    fn a_budget_bounds_what_is_read() {
        let (_root, tail) = tail_of(&format!("o 1 {}\n", "x".repeat(1000)).repeat(50));
        let chunk = tail.read(&mut Budget { bytes: 5000, lines: 1000 }).unwrap().unwrap();
        assert_eq!(chunk.lines.len(), 5);
    }

    #[test]
    fn a_log_that_was_never_written_is_empty() {
        let (root, tail) = tail_of("");
        fs::remove_file(root.path().join("log")).unwrap();
        assert_eq!(tail.read(&mut PLENTY.clone()).unwrap(), None);
    }
}
