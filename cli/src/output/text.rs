//! Text that is safe and fits: what jobs and people wrote, before it reaches a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that this takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// One line without control characters: names and reasons come from other people.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The text cut to so many columns, with a mark where it was cut.
pub(crate) fn clip(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let mut used = 0;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    let mut clipped: String = kept.collect();
    if columns > 0 {
        clipped.push('…');
    }
    clipped
}

/// A line of a job's output for a terminal: its colours stay, every other escape sequence goes, so that a log can neither
/// move the cursor nor write to the clipboard of whoever reads it.
pub(crate) fn for_terminal(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find('\x1b') {
        push_printable(&mut safe, &rest[..start]);
        let sequence = &rest[start..];
        let length = escape_length(sequence);
        if is_colour(&sequence[..length]) {
            safe.push_str(&sequence[..length]);
        }
        rest = &sequence[length..];
    }
    push_printable(&mut safe, rest);
    if line.contains('\x1b') {
        safe.push_str("\x1b[0m");
    }
    safe
}

fn push_printable(safe: &mut String, text: &str) {
    safe.extend(text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\r')));
}

fn is_colour(sequence: &str) -> bool {
    sequence
        .strip_prefix("\x1b[")
        .and_then(|body| body.strip_suffix('m'))
        .is_some_and(|body| body.chars().all(|c| c.is_ascii_digit() || matches!(c, ';' | ':')))
}

/// How many bytes the escape sequence at the start of this text takes.
fn escape_length(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let end = match chars.next() {
        Some((_, '[')) => chars.find(|(_, c)| ('\x40'..='\x7e').contains(c)),
        // Strings such as titles and clipboard writes last until BEL or ESC \.
        Some((_, ']' | 'P' | 'X' | '^' | '_')) => chars.find(|(_, c)| matches!(c, '\x07' | '\\' | '\u{9c}')),
        other => other,
    };
    end.map_or(text.len(), |(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_counts_columns_not_bytes() {
        assert_eq!(clip("short", 10), "short");
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("模型訓練", 5), "模型…");
        assert_eq!(clip("abc", 0), "");
        assert!(width(&clip("模型訓練模型訓練", 7)) <= 7);
    }

    #[test]
    fn a_log_line_keeps_its_colours_and_loses_everything_else() {
        assert_eq!(for_terminal("\x1b[1;31mred\x1b[0m"), "\x1b[1;31mred\x1b[0m\x1b[0m");
        assert_eq!(for_terminal("a\x1b[2Jb\x1b[10;5Hc"), "abc\x1b[0m");
        assert_eq!(for_terminal("a\x1b]52;c;aGk=\x07b"), "ab\x1b[0m");
        assert_eq!(for_terminal("a\x1b]0;title\x1b\\b"), "ab\x1b[0m");
        assert_eq!(for_terminal("10 %\r20 %\x08\t."), "10 %\r20 %\t.");
        assert_eq!(for_terminal("cut \x1b["), "cut \x1b[0m");
    }

    #[test]
    fn a_name_is_one_plain_line() {
        assert_eq!(plain("a\nb\x1b[0m"), "a b [0m");
    }
}
