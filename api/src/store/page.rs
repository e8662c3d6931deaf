//! Pages of a list by keyset: opaque cursors, both directions, bounded.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use domain::limits;
use sea_orm::prelude::Uuid;

use crate::fault::Fault;

/// Rows on a page when nothing is asked for.
const DEFAULT: i32 = 50;
/// Rows on a page at most.
pub const MOST: i32 = 500;

/// What a client asks of a list.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// This many from the start, or after `after`.
    pub first: Option<i32>,
    /// Behind this cursor.
    pub after: Option<String>,
    /// This many from the end, or before `before`.
    pub last: Option<i32>,
    /// In front of this cursor.
    pub before: Option<String>,
}

/// An ask that was understood.
#[derive(Debug, Clone)]
pub struct Page<K> {
    /// Rows wanted.
    pub limit: u64,
    /// From the end.
    pub backwards: bool,
    /// Behind this key.
    pub after: Option<K>,
    /// In front of this key.
    pub before: Option<K>,
}

/// Rows of a page, in list order, and whether there are more.
#[derive(Debug, Clone)]
pub struct Rows<M> {
    /// The rows.
    pub rows: Vec<M>,
    /// More follow.
    pub has_next: bool,
    /// More are in front.
    pub has_previous: bool,
    /// Rows in all.
    pub total: i32,
}

/// A sort key that a cursor can carry.
pub trait Key: Sized {
    /// To text.
    fn write(&self) -> String;
    /// From text.
    fn read(text: &str) -> Option<Self>;
}

impl Key for (DateTime<Utc>, Uuid) {
    fn write(&self) -> String {
        format!("t{}|{}", self.0.timestamp_micros(), self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (at, id) = text.strip_prefix('t')?.split_once('|')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        limits::check_instant("after", Some(at)).ok()?;
        Some((at, id.parse().ok()?))
    }
}

impl Key for (i32, Uuid) {
    fn write(&self) -> String {
        format!("n{}|{}", self.0, self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (number, id) = text.strip_prefix('n')?.split_once('|')?;
        Some((number.parse().ok()?, id.parse().ok()?))
    }
}

impl Key for (String, Uuid) {
    fn write(&self) -> String {
        format!("s{}|{}", self.1, self.0)
    }

    fn read(text: &str) -> Option<Self> {
        let (id, name) = text.strip_prefix('s')?.split_once('|')?;
        Some((name.to_owned(), id.parse().ok()?))
    }
}

/// A key's opaque form.
pub fn cursor<K: Key>(key: &K) -> String {
    URL_SAFE_NO_PAD.encode(key.write())
}

impl Ask {
    /// Checks it.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with the argument's name.
    pub fn understand<K: Key>(&self) -> Result<Page<K>, Fault> {
        if self.first.is_some() && self.last.is_some() {
            return Err(Fault::invalid("last", "give first or last, not both"));
        }
        let (field, wanted) = match self.last {
            Some(last) => ("last", last),
            None => ("first", self.first.unwrap_or(DEFAULT)),
        };
        if !(0..=MOST).contains(&wanted) {
            return Err(Fault::invalid(field, format!("between 0 and {MOST}")));
        }
        Ok(Page {
            limit: wanted.unsigned_abs().into(),
            backwards: self.last.is_some(),
            after: decode("after", self.after.as_deref())?,
            before: decode("before", self.before.as_deref())?,
        })
    }
}

fn decode<K: Key>(field: &str, text: Option<&str>) -> Result<Option<K>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    // PostgreSQL takes no NUL, and no key has one.
    let key = key.filter(|text| !text.contains('\0')).and_then(|text| K::read(&text));
    key.map(Some).ok_or_else(|| Fault::invalid(field, "not a cursor of this list"))
}

impl<K> Page<K> {
    /// Cuts the one row too many that was read to learn whether there is more.
    pub(crate) fn cut<M>(&self, mut rows: Vec<M>, total: u64) -> Rows<M> {
        let more = rows.len() as u64 > self.limit;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if more && self.backwards {
            rows.drain(..rows.len() - limit);
        } else {
            rows.truncate(limit);
        }
        let (has_next, has_previous) =
            if self.backwards { (self.before.is_some(), more) } else { (more, self.after.is_some()) };
        Rows { rows, has_next, has_previous, total: i32::try_from(total).unwrap_or(i32::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_its_key() {
        let key =
            (DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap_or_default(), Uuid::from_u128(5));
        let ask = Ask { after: Some(cursor(&key)), ..Ask::default() };
        assert_eq!(ask.understand::<(DateTime<Utc>, Uuid)>().ok().and_then(|page| page.after), Some(key));
    }

    #[test]
    fn a_foreign_cursor_and_a_negative_page_are_refused() {
        let foreign = Ask { after: Some(cursor(&(3, Uuid::nil()))), ..Ask::default() };
        assert!(foreign.understand::<(DateTime<Utc>, Uuid)>().is_err());
        assert!(Ask { first: Some(-1), ..Ask::default() }.understand::<(i32, Uuid)>().is_err());
        assert!(Ask { first: Some(1), last: Some(1), ..Ask::default() }.understand::<(i32, Uuid)>().is_err());
    }
}
