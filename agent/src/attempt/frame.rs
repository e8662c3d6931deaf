//! The lines of an attempt's log file: `o 1764000000000 text`, one per line of output.
//!
//! The first letter tells the stream, the number is the Unix time in milliseconds, the rest is the text, in which no line
//! feed can occur. A line that lacks its line feed is still being written, or was when the machine went down.

use chrono::{DateTime, Utc};

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a job's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When the shim read it.
    pub at: DateTime<Utc>,
    /// Where it came from.
    pub stream: Stream,
    /// What it says, without its line end.
    pub text: String,
}

/// Appends one line in its frame. Bytes that are not UTF-8 become replacement characters, NUL too: databases refuse it.
pub fn encode(out: &mut Vec<u8>, stream: Stream, unix_millis: i64, text: &[u8]) {
    let letter = match stream {
        Stream::Stdout => 'o',
        Stream::Stderr => 'e',
    };
    out.extend_from_slice(format!("{letter} {unix_millis} ").as_bytes());
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let readable = String::from_utf8_lossy(text);
    if readable.contains('\0') {
        out.extend_from_slice(readable.replace('\0', "\u{fffd}").as_bytes());
    } else {
        out.extend_from_slice(readable.as_bytes());
    }
    out.push(b'\n');
}

/// Reads one line, given without its line feed. A damaged frame is still a line: numbering must not shift.
pub fn decode(framed: &[u8]) -> Line {
    let text = String::from_utf8_lossy(framed);
    parse(&text).unwrap_or_else(|| Line {
        at: DateTime::UNIX_EPOCH,
        stream: Stream::Stderr,
        text: text.replace('\0', "\u{fffd}"),
    })
}

fn parse(framed: &str) -> Option<Line> {
    let mut parts = framed.splitn(3, ' ');
    let stream = match parts.next()? {
        "o" => Stream::Stdout,
        "e" => Stream::Stderr,
        _ => return None,
    };
    let at = DateTime::from_timestamp_millis(parts.next()?.parse().ok()?)?;
    Some(Line { at, stream, text: parts.next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        let mut out = Vec::new();
        encode(&mut out, Stream::Stderr, 1_764_000_000_123, "two  words é\r".as_bytes());
        let line = decode(out.strip_suffix(b"\n").unwrap_or_default());
        assert_eq!(line.text, "two  words é");
        assert_eq!(line.stream, Stream::Stderr);
        assert_eq!(line.at.timestamp_millis(), 1_764_000_000_123);
    }

    #[test]
    fn invalid_utf8_and_nul_become_replacement_characters() {
        let mut out = Vec::new();
        encode(&mut out, Stream::Stdout, 0, b"a\xffb\0c");
        assert_eq!(decode(out.strip_suffix(b"\n").unwrap_or_default()).text, "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn a_damaged_frame_is_one_line_still() {
        assert_eq!(decode(b"\0\0garbage").text, "\u{fffd}\u{fffd}garbage");
    }
}
