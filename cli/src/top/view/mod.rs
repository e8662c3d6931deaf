//! From the state to lines, and from lines to the screen. Nothing is decided here but how it looks.

mod dialogs;
mod gpus;
mod header;
mod jobs;
mod sheets;
mod strip;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::ink::Ink;
use super::state::{Dialog, State};
use crate::api::Instant;
use crate::output::style::Tone;
use crate::output::text::width;

/// Draws everything as it is now.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, now: Instant) {
    let buffer = frame.buffer_mut();
    let layout = state.layout;
    let columns = usize::from(buffer.area.width);
    put(buffer, layout.header, header::lines(state, columns, now));
    match &state.sheet {
        Some(sheet) => {
            let area = layout.sheet();
            put(buffer, area, sheets::lines(state, sheet, columns, usize::from(area.height), now));
        }
        None => {
            put(buffer, layout.gpus, gpus::lines(state, columns));
            put(buffer, layout.jobs, jobs::lines(state, columns, now));
            put(buffer, layout.strip, strip::lines(state, columns, now));
        }
    }
    if state.link.is_stale() {
        // What is of the past looks like it.
        let stale = Rect { height: layout.sheet().height, ..layout.sheet() };
        buffer.set_style(stale, Style::new().add_modifier(Modifier::DIM));
    }
    put(buffer, layout.footer, vec![header::footer(state, columns)]);
    match &state.dialog {
        Some(Dialog::Help) => dialogs::help(buffer, state.ink),
        Some(Dialog::Cancel { name, words, .. }) => dialogs::cancel(buffer, state.ink, name, words),
        Some(Dialog::Filter { .. }) | None => {}
    }
}

/// Writes lines into an area; what is too long or too many is cut.
fn put(buffer: &mut Buffer, area: Rect, lines: Vec<Line<'static>>) {
    let area = area.intersection(buffer.area);
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// A pane's title: a rule with words in it, strong where the keys go.
fn title(ink: Ink, name: &str, words: &str, right: &str, focused: bool, columns: usize) -> Line<'static> {
    let rule = ink.sign('─', '-');
    let (name, words) =
        (format!(" {name} "), if words.is_empty() { String::new() } else { format!("{words} ") });
    let right = if right.is_empty() { String::new() } else { format!(" {right} ") };
    let words = ink.cut(&words, columns.saturating_sub(width(&name) + 3));
    let used = 1 + width(&name) + width(&words) + width(&right) + 1;
    let right = if used > columns { String::new() } else { right };
    let used = 1 + width(&name) + width(&words) + width(&right) + 1;
    let fill = rule.to_string().repeat(columns.saturating_sub(used));
    let tone = if focused { Tone::Strong } else { Tone::Faint };
    let mark = if focused { ink.sign('━', '=') } else { rule };
    Line::from(vec![
        ink.span(mark.to_string(), tone),
        ink.span(name, Tone::Strong),
        ink.span(words, Tone::Plain),
        ink.span(fill, Tone::Faint),
        ink.span(right, Tone::Faint),
        ink.span(mark.to_string(), tone),
    ])
}

/// The chosen row, where the keys go to it; a paler mark where they do not.
fn chosen(line: Line<'static>, focused: bool, columns: usize) -> Line<'static> {
    if !focused {
        return line;
    }
    let used = line.width();
    let mut line = line;
    line.spans.push(" ".repeat(columns.saturating_sub(used)).into());
    // The terminal's own colours, exchanged: readable on dark and on light alike, and one bar whatever stands in it.
    for span in &mut line.spans {
        span.style.fg = None;
    }
    line.style(Style::new().add_modifier(Modifier::REVERSED))
}

/// What is said where a list has nothing.
fn nothing(ink: Ink, text: &str) -> Line<'static> {
    Line::from(ink.span(format!("   {text}"), Tone::Faint))
}

#[cfg(test)]
mod tests;
