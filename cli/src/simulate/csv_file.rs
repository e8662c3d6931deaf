//! CSV files, plain or gzip, their columns by name. What is malformed is told with file, line, column and what was expected.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::client::Failure;

/// A file's text, unpacked when it is gzip.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let refuse =
        |error: std::io::Error| Failure::Usage(format!("{}: cannot be read: {error}", path.display()));
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| BufReader::new(file).read_to_end(&mut bytes)).map_err(refuse)?;
    let mut unpacked = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut unpacked).map_err(refuse)?;
        return Ok(unpacked);
    }
    String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{}: is not UTF-8 text", path.display())))
}

/// A file's rows.
pub(super) struct Rows {
    file: String,
    columns: HashMap<String, usize>,
    rows: Vec<(u64, csv::StringRecord)>,
}

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    rows: &'r Rows,
    line: u64,
    record: &'r csv::StringRecord,
}

impl Rows {
    /// Reads a file whole; these columns must be there.
    pub(super) fn read(path: &Path, needed: &[&str]) -> Result<Self, Failure> {
        Self::parse(&path.display().to_string(), &text(path)?, needed)
    }

    /// The same of a text.
    pub(super) fn parse(file: &str, text: &str, needed: &[&str]) -> Result<Self, Failure> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let refuse = |error: &csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            Failure::Usage(format!("{file}, line {line}: expected as many fields as the first line has"))
        };
        let headers = reader.headers().map_err(|error| refuse(&error))?.clone();
        let columns: HashMap<String, usize> =
            headers.iter().enumerate().map(|(place, name)| (name.to_owned(), place)).collect();
        for name in needed {
            if !columns.contains_key(*name) {
                let found: Vec<&str> = headers.iter().collect();
                return Err(Failure::Usage(format!(
                    "{file}, line 1: expected a column {name}; there are {}",
                    found.join(", ")
                )));
            }
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| refuse(&error))?;
            rows.push((record.position().map_or(0, csv::Position::line), record));
        }
        Ok(Self { file: file.to_owned(), columns, rows })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row { rows: self, line: *line, record })
    }
}

impl<'r> Row<'r> {
    /// A column's text; none where it is empty or there is no such column.
    pub(super) fn text(self, column: &str) -> Option<&'r str> {
        let place = *self.rows.columns.get(column)?;
        self.record.get(place).filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    pub(super) fn needed(self, column: &str) -> Result<&'r str, Failure> {
        self.text(column).ok_or_else(|| self.malformed(column, "something"))
    }

    /// A number, if there is one.
    pub(super) fn number<T: std::str::FromStr + PartialOrd>(
        self,
        column: &str,
        least: T,
        expected: &str,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| *number >= least);
        number.map(Some).ok_or_else(|| self.malformed(column, expected))
    }

    /// A whole number of at least so much, which must be there.
    pub(super) fn whole(self, column: &str, least: i64) -> Result<i64, Failure> {
        let expected = format!("a whole number of at least {least}");
        self.number(column, least, &expected)?.ok_or_else(|| self.malformed(column, &expected))
    }

    fn malformed(self, column: &str, expected: &str) -> Failure {
        let found = self.text(column).map_or_else(|| "nothing".to_owned(), |text| format!("'{text}'"));
        Failure::Usage(format!(
            "{}, line {}, column {column}: expected {expected}, found {found}",
            self.rows.file, self.line
        ))
    }
}
