//! How a log lies in an object: JSON lines, compressed by gzip, so that `zcat` and any program can read it without us.
//!
//! An object is a row of gzip members, each of which holds some whole chunks of lines; one after the other they are one gzip
//! file. Where each begins stands in the database, so that a page of a long log costs one member and not the whole.

use std::io::{Read as _, Write as _};

use chrono::{DateTime, Utc};
use entity::log_chunk;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::store::logs::{Held, Line};

/// Bytes of a member before it is compressed, give or take a chunk.
const MEMBER_BYTES: usize = 1 << 20;
/// A member is never read beyond this: it has one chunk more than its bytes at most, and a message of an agent is bounded.
const MOST_MEMBER_BYTES: u64 = 64 << 20;

/// A line, as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    /// The chunk that it came in.
    chunk: i64,
    host: String,
    at: DateTime<Utc>,
    stream: String,
    text: String,
}

/// A member of an object: which chunks it holds, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The first chunk.
    #[serde(rename = "f")]
    pub first: i64,
    /// The last chunk.
    #[serde(rename = "l")]
    pub last: i64,
    /// Its first byte in the object.
    #[serde(rename = "o")]
    pub offset: u64,
    /// Its length.
    #[serde(rename = "b")]
    pub bytes: u64,
    /// Its lines.
    #[serde(rename = "n")]
    pub lines: usize,
}

/// An object in the making.
#[derive(Debug, Default)]
pub struct Draft {
    object: Vec<u8>,
    blocks: Vec<Block>,
    text: Vec<u8>,
    chunks: Option<(i64, i64)>,
    lines: usize,
    /// Bytes of text in it.
    pub raw: usize,
}

impl Draft {
    /// Adds a chunk; chunks come in the order of their numbers.
    ///
    /// # Errors
    /// A line that cannot be written: none is known.
    pub fn add(&mut self, chunk: &log_chunk::Model, host: &str) -> Result<(), Fault> {
        let lines: Vec<Line> = serde_json::from_value(chunk.lines.clone()).map_err(unreadable)?;
        let before = self.text.len();
        self.lines += lines.len();
        for line in lines {
            let stream = if line.stderr { "stderr" } else { "stdout" };
            let written = Written {
                chunk: chunk.id,
                host: host.to_owned(),
                at: line.at,
                stream: stream.to_owned(),
                text: line.text,
            };
            serde_json::to_writer(&mut self.text, &written).map_err(unreadable)?;
            self.text.push(b'\n');
        }
        self.raw += self.text.len() - before;
        let first = self.chunks.map_or(chunk.id, |(first, _)| first);
        self.chunks = Some((first, chunk.id));
        if self.text.len() >= MEMBER_BYTES { self.close() } else { Ok(()) }
    }

    /// The object and its members.
    ///
    /// # Errors
    /// See [`Draft::add`].
    pub fn finish(mut self) -> Result<(Vec<u8>, Vec<Block>), Fault> {
        self.close()?;
        Ok((self.object, self.blocks))
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some((first, last)) = self.chunks.take() else { return Ok(()) };
        let offset = self.object.len() as u64;
        let mut encoder = GzEncoder::new(std::mem::take(&mut self.object), Compression::default());
        let packed = encoder.write_all(&self.text).and_then(|()| encoder.finish());
        self.object = packed.map_err(|error| Fault::Internal(format!("a log cannot be packed: {error}")))?;
        let bytes = self.object.len() as u64 - offset;
        self.blocks.push(Block { first, last, offset, bytes, lines: self.lines });
        self.text.clear();
        self.lines = 0;
        Ok(())
    }
}

/// The chunks of a member.
///
/// # Errors
/// [`Fault::Internal`] for bytes that are not what was written.
pub fn unpack(member: &[u8]) -> Result<Vec<Held>, Fault> {
    let mut text = String::new();
    GzDecoder::new(member).take(MOST_MEMBER_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    let mut chunks: Vec<Held> = Vec::new();
    for line in text.lines() {
        let written: Written = serde_json::from_str(line).map_err(unreadable)?;
        let line = Line { at: written.at, stderr: written.stream == "stderr", text: written.text };
        match chunks.last_mut() {
            Some(chunk) if chunk.id == written.chunk => chunk.lines.push(line),
            _ => chunks.push(Held { id: written.chunk, lines: vec![line] }),
        }
    }
    Ok(chunks)
}

fn unreadable(error: impl std::fmt::Display) -> Fault {
    Fault::Internal(format!("a log is not as it was written: {error}"))
}
