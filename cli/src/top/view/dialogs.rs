//! What stands in front of the panes: the keys, and the question before something is cancelled.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::super::ink::Ink;
use super::super::keys::HELP;
use super::put;
use super::strip::wrap;
use crate::output::style::Tone;

const WIDTH: u16 = 72;

/// All keys.
pub(super) fn help(buffer: &mut Buffer, ink: Ink) {
    let mut lines: Vec<Line<'static>> = HELP
        .iter()
        .map(|(key, what)| {
            Line::from(vec![
                ink.span(format!(" {}", ink.left(key, 15)), Tone::Strong),
                ink.span(format!(" {what}"), Tone::Plain),
            ])
        })
        .collect();
    let signs = format!(
        " GPUs: {} to {} in use, {} held idle, {} free, ! bad, x away, ~ degraded",
        ink.level(0.0),
        ink.level(1.0),
        ink.sign('○', 'o'),
        ink.sign('·', '.')
    );
    lines.push(Line::default());
    lines.push(Line::from(ink.span(signs, Tone::Faint)));
    lines.push(Line::from(ink.span(" sim: no such card exists, its agent plays it", Tone::Faint)));
    framed(buffer, ink, " Keys ", " any key closes ", lines);
}

/// The question.
pub(super) fn cancel(buffer: &mut Buffer, ink: Ink, name: &str, words: &str) {
    let mut lines = vec![Line::default()];
    let room = usize::from(WIDTH.min(buffer.area.width).saturating_sub(6));
    for line in wrap(ink, &format!("{name} {words}"), room, 4) {
        lines.push(Line::from(ink.span(format!("  {line}"), Tone::Strong)));
    }
    lines.push(Line::default());
    lines.push(Line::from(vec![
        ink.span("  y", Tone::Strong),
        ink.span(" cancels it,", Tone::Plain),
        ink.span(" any other key", Tone::Strong),
        ink.span(" lets it go on", Tone::Plain),
    ]));
    lines.push(Line::default());
    framed(buffer, ink, " Cancel this job? ", "", lines);
}

fn framed(
    buffer: &mut Buffer,
    ink: Ink,
    title: &'static str,
    below: &'static str,
    lines: Vec<Line<'static>>,
) {
    let screen = buffer.area;
    let width = WIDTH.min(screen.width);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(screen.height);
    let area = Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    };
    Clear.render(area, buffer);
    let set = if ink.unicode { BorderType::Plain.to_border_set() } else { PLAIN };
    let block = Block::bordered().border_set(set).title(title).title_bottom(below);
    let inner = block.inner(area);
    block.render(area, buffer);
    put(buffer, inner, lines);
}

/// A frame of signs that every terminal has.
const PLAIN: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
