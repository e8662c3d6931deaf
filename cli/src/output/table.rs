//! Tables that fit the terminal: columns of small importance go first, then the elastic ones shrink. What is not written to
//! a terminal is never cut.

use super::style::Tone;
use super::text::{clip, plain, width};

const GAP: usize = 2;

/// The least that an elastic column is shrunk to before another column is left out.
const ELASTIC_MIN: usize = 12;

/// One column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    /// Columns with the highest number are left out first; 0: never.
    expendable: u8,
    /// The least that it is shrunk to before another column is left out; 0: it is not shrunk.
    elastic: usize,
    right: bool,
}

impl Column {
    /// A column that is always there, as wide as it needs to be.
    pub(crate) const fn new(title: &'static str) -> Self {
        Self { title, expendable: 0, elastic: 0, right: false }
    }

    /// May be left out where there is little room; the highest number first.
    pub(crate) const fn expendable(mut self, order: u8) -> Self {
        self.expendable = order;
        self
    }

    /// May be cut to fit.
    pub(crate) const fn elastic(self) -> Self {
        self.elastic_down_to(ELASTIC_MIN)
    }

    /// May be cut to fit, but others are left out before it is narrower than this.
    pub(crate) const fn elastic_down_to(mut self, width: usize) -> Self {
        self.elastic = width;
        self
    }

    /// Holds numbers.
    pub(crate) const fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell in a colour.
    pub(crate) fn toned(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: plain(text.as_ref()), tone }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// The table as lines, the header first, each without trailing blanks.
pub(crate) fn render(
    columns: &[Column],
    rows: &[Vec<Cell>],
    room: Option<usize>,
    colours: bool,
) -> Vec<String> {
    let natural: Vec<usize> =
        columns.iter().enumerate().map(|(at, column)| natural_width(*column, rows, at)).collect();
    let layout = fit(columns, &natural, room);
    let header: Vec<Cell> = columns.iter().map(|column| Cell::toned(column.title, Tone::Faint)).collect();
    std::iter::once(&header).chain(rows).map(|row| line(columns, row, &layout, colours)).collect()
}

fn natural_width(column: Column, rows: &[Vec<Cell>], at: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(&cell.text));
    cells.chain(std::iter::once(width(column.title))).max().unwrap_or(0)
}

/// Which columns are shown and how wide: index and width of each.
fn fit(columns: &[Column], natural: &[usize], room: Option<usize>) -> Vec<(usize, usize)> {
    let mut layout: Vec<(usize, usize)> = natural.iter().copied().enumerate().collect();
    let Some(room) = room else { return layout };
    let least = |at: usize| match columns[at].elastic {
        0 => natural[at],
        width => natural[at].min(width),
    };
    while total(layout.iter().map(|(at, _)| least(*at))) > room {
        let expendable = layout.iter().filter(|(at, _)| columns[*at].expendable > 0);
        match expendable.max_by_key(|(at, _)| columns[*at].expendable).copied() {
            Some(gone) => layout.retain(|kept| *kept != gone),
            None => break,
        }
    }
    shrink(columns, &mut layout, room);
    layout
}

/// Takes what is too much from the widest elastic column, one after the other; at last from any.
fn shrink(columns: &[Column], layout: &mut [(usize, usize)], room: usize) {
    while total(layout.iter().map(|(_, width)| *width)) > room {
        let elastic = layout.iter_mut().filter(|(at, width)| columns[*at].elastic > 0 && *width > 1);
        let Some((_, widest)) = elastic.max_by_key(|(_, width)| *width) else { break };
        *widest -= 1;
    }
    while total(layout.iter().map(|(_, width)| *width)) > room {
        let Some((_, widest)) =
            layout.iter_mut().filter(|(_, width)| *width > 1).max_by_key(|(_, width)| *width)
        else {
            break;
        };
        *widest -= 1;
    }
}

fn total(widths: impl Iterator<Item = usize>) -> usize {
    let (sum, count) = widths.fold((0, 0), |(sum, count), width| (sum + width, count + 1));
    sum + GAP * usize::saturating_sub(count, 1)
}

fn line(columns: &[Column], row: &[Cell], layout: &[(usize, usize)], colours: bool) -> String {
    let empty = Cell::default();
    let mut line = String::new();
    for (place, (at, columns_wide)) in layout.iter().enumerate() {
        let cell = row.get(*at).unwrap_or(&empty);
        let text = clip(&cell.text, *columns_wide);
        let padding = " ".repeat(columns_wide.saturating_sub(width(&text)));
        let painted = cell.tone.paint(&text, colours && !text.is_empty());
        let last = place + 1 == layout.len();
        match (columns[*at].right, last) {
            (true, _) => line.extend([padding, painted]),
            (false, true) => line.push_str(&painted),
            (false, false) => line.extend([painted, padding]),
        }
        if !last {
            line.push_str(&" ".repeat(GAP));
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::new("JOB"),
        Column::new("NAME").elastic(),
        Column::new("SUBMITTED").expendable(1),
        Column::new("WHY").elastic(),
    ];

    fn row(name: &str, why: &str) -> Vec<Cell> {
        vec!["7t4r6w1y".into(), name.into(), "3 min ago".into(), why.into()]
    }

    #[test]
    fn every_line_fits_whatever_the_width() {
        let rows = [row("模型訓練模型訓練模型訓練模型訓練", &"w".repeat(300)), row("a", "")];
        for room in [8, 20, 30, 40, 60, 80, 200] {
            for line in render(&COLUMNS, &rows, Some(room), false) {
                assert!(width(&line) <= room, "{room}: {line}");
            }
        }
    }

    #[test]
    fn an_expendable_column_goes_before_an_elastic_one_gets_unreadable() {
        let rows = [row("a-rather-long-name", "a reason that is long enough to be cut")];
        let narrow = render(&COLUMNS, &rows, Some(40), false);
        assert_eq!(narrow[0], "JOB       NAME            WHY");
        assert!(narrow[1].starts_with("7t4r6w1y  a-rather-"), "{}", narrow[1]);
        assert!(render(&COLUMNS, &rows, Some(80), false)[0].contains("SUBMITTED"));
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let why = "w".repeat(300);
        assert!(render(&COLUMNS, &[row("a", &why)], None, false)[1].ends_with(&why));
    }

    #[test]
    fn colours_do_not_shift_columns_and_numbers_stand_right() {
        let columns = [Column::new("A").right(), Column::new("B")];
        let rows = [vec![Cell::toned("7", Tone::Good), "x".into()], vec!["123".into(), "y".into()]];
        assert_eq!(render(&columns, &rows, None, false), ["  A  B", "  7  x", "123  y"]);
        assert_eq!(render(&columns, &rows, None, true)[1], "  \x1b[32m7\x1b[0m  x");
    }
}
