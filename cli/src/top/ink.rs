//! How things look: tones as the sixteen plain colours on the terminal's own background, signs that have a plain twin, and
//! text that is safe to show. No foreground is white and none is black, so that light and dark terminals both can be read,
//! and each colour stands beside a word or a sign that says the same.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;

use crate::output::style::Tone;
use crate::output::text::{clip, plain, width};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink {
    pub(super) colours: bool,
    pub(super) unicode: bool,
}

impl Ink {
    /// A tone's style; without colours, weight is what is left.
    pub(super) fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        let coloured = |colour| if self.colours { plain.fg(colour) } else { plain };
        match tone {
            Tone::Plain => plain,
            Tone::Strong => plain.add_modifier(Modifier::BOLD),
            Tone::Faint => plain.add_modifier(Modifier::DIM),
            // Plain blue is too dark on many a dark terminal.
            Tone::Run => coloured(Color::Blue).add_modifier(Modifier::BOLD),
            Tone::Wait => coloured(Color::Yellow),
            Tone::Good => coloured(Color::Green),
            Tone::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Move => coloured(Color::Magenta),
        }
    }

    /// What other people wrote, as one line that changes nothing but itself.
    pub(super) fn text(self, text: &str) -> String {
        let shown = |c: char| match c {
            // These turn the direction of what follows them.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            c if self.unicode || c.is_ascii() => c,
            '…' => '~',
            '·' | '•' => '.',
            '—' | '–' => '-',
            _ => '?',
        };
        plain(text).chars().map(shown).collect()
    }

    /// The same, cut to so many columns.
    pub(super) fn cut(self, text: &str, columns: usize) -> String {
        let clipped = clip(&self.text(text), columns);
        if self.unicode { clipped } else { clipped.replace('…', "~") }
    }

    /// The same, filled up to so many columns on the right.
    pub(super) fn left(self, text: &str, columns: usize) -> String {
        let text = self.cut(text, columns);
        let gap = columns.saturating_sub(width(&text));
        text + &" ".repeat(gap)
    }

    /// A sign, or its plain twin.
    pub(super) fn sign(self, sign: char, twin: char) -> char {
        if self.unicode { sign } else { twin }
    }

    /// A level from 0 to 1 as one sign.
    pub(super) fn level(self, part: f64) -> char {
        const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let part = part.clamp(0.0, 1.0);
        if self.unicode {
            LEVELS[((part * 7.0).round() as usize).min(7)]
        } else {
            // Tenths: 0 to 9.
            char::from(b'0' + ((part * 9.0).round() as u8).min(9))
        }
    }

    /// A level from 0 to 1 as a bar of so many columns.
    pub(super) fn bar(self, part: f64, columns: usize) -> (String, String) {
        let full = ((part.clamp(0.0, 1.0) * columns as f64).round() as usize).min(columns);
        let (on, off) = (self.sign('█', '#'), self.sign('░', '.'));
        (on.to_string().repeat(full), off.to_string().repeat(columns - full))
    }

    /// A span of a tone.
    pub(super) fn span(self, text: impl Into<String>, tone: Tone) -> Span<'static> {
        Span::styled(text.into(), self.style(tone))
    }
}

/// Whether the locale says that the terminal takes UTF-8.
pub(super) fn locale_is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    // The first that is set decides, as in the C library.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set);
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Ink = Ink { colours: false, unicode: false };
    const RICH: Ink = Ink { colours: true, unicode: true };
    const TONES: [Tone; 8] =
        [Tone::Plain, Tone::Strong, Tone::Faint, Tone::Run, Tone::Wait, Tone::Good, Tone::Bad, Tone::Move];

    #[test]
    fn no_tone_is_white_or_black_or_paints_the_background() {
        for tone in TONES {
            let style = RICH.style(tone);
            assert!(style.bg.is_none(), "{tone:?}");
            assert!(!matches!(style.fg, Some(Color::White | Color::Black | Color::Gray)), "{tone:?}");
            assert!(PLAIN.style(tone).fg.is_none(), "{tone:?}");
        }
    }

    #[test]
    fn text_of_others_is_one_line_of_signs_that_the_terminal_has() {
        assert_eq!(RICH.text("a\x1b[2Jb\u{202e}c"), "a [2Jb c");
        assert_eq!(PLAIN.text("modèle · 模"), "mod?le . ?");
        assert_eq!(PLAIN.cut("abcdef", 4), "abc~");
        assert_eq!(RICH.left("模型", 6), "模型  ");
    }

    #[test]
    fn levels_and_bars_stay_in_bounds() {
        for part in [-1.0, 0.0, 0.5, 1.0, 7.0, f64::NAN] {
            let (on, off) = RICH.bar(part, 10);
            assert_eq!(on.chars().count() + off.chars().count(), 10, "{part}");
            assert!(PLAIN.level(part).is_ascii_digit(), "{part}");
        }
        assert_eq!((RICH.level(0.0), RICH.level(1.0)), ('▁', '█'));
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_locale() {
        let with = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert!(locale_is_utf8(with(&[("LANG", "en_GB.UTF-8")])));
        assert!(locale_is_utf8(with(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")])));
        assert!(!locale_is_utf8(with(&[("LC_ALL", "POSIX"), ("LANG", "en_GB.UTF-8")])));
        assert!(!locale_is_utf8(with(&[])));
    }
}
