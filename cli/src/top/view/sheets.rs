//! What is opened by Enter: a job with all that it waits for, or a host with all of its GPUs.

use ratatui::text::{Line, Span};

use super::super::ink::Ink;
use super::super::state::{Facts, Sheet, State};
use super::strip::wrap;
use super::{gpus, title};
use crate::api::{Instant, WholeExplanation};
use crate::output::facts::facts;
use crate::output::style::{Tone, host_tone, job_tone};
use crate::output::time::{absolute, between};

/// Columns of a fact's name.
const NAME: usize = 14;

/// The sheet, scrolled.
pub(super) fn lines(
    state: &State,
    sheet: &Sheet,
    columns: usize,
    height: usize,
    now: Instant,
) -> Vec<Line<'static>> {
    let ink = state.ink;
    let (name, body) = match sheet {
        Sheet::Job { id, facts } => job(state, id, facts.as_ref(), columns, now),
        Sheet::Host { name } => host(state, name, columns),
    };
    let room = height.saturating_sub(1);
    let most = body.len().saturating_sub(room);
    let top = state.scroll.min(most);
    let seen = gpus::in_sight(top, room, body.len());
    let head = title(ink, &ink.text(&name), "", &seen, true, columns);
    std::iter::once(head).chain(body.into_iter().skip(top).take(room)).collect()
}

fn job(
    state: &State,
    id: &str,
    told: Option<&Result<Box<Facts>, String>>,
    columns: usize,
    now: Instant,
) -> (String, Vec<Line<'static>>) {
    let ink = state.ink;
    let name = state
        .picture()
        .queue
        .get(id)
        .map_or_else(|| id.to_owned(), |job| format!("{} {}", job.line.name, id));
    let body = match told {
        None => vec![Line::from(ink.span(" Being asked for.", Tone::Faint))],
        Some(Err(why)) => wrap(ink, why, columns.saturating_sub(2), usize::MAX)
            .into_iter()
            .map(|line| Line::from(ink.span(format!(" {line}"), Tone::Bad)))
            .collect(),
        Some(Ok(told)) => job_body(ink, told, columns, now),
    };
    (name, body)
}

fn job_body(ink: Ink, told: &Facts, columns: usize, now: Instant) -> Vec<Line<'static>> {
    let row = &told.detail.row;
    let mut lines = vec![Line::from(ink.span(format!(" {}", row.status.as_str()), job_tone(row.status)))];
    if let Some(reason) = &row.status_reason {
        lines.extend(paragraph(ink, reason, Tone::Plain, columns));
    }
    if let Some(pending) = &told.pending {
        lines.extend(waiting(ink, pending, columns, now));
    }
    lines.push(Line::default());
    for (name, value) in facts(&told.detail, now) {
        let room = columns.saturating_sub(NAME + 4);
        for (at, part) in wrap(ink, &value, room, usize::MAX).into_iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            lines.push(Line::from(vec![
                ink.span(format!("  {}", ink.left(name, NAME)), Tone::Faint),
                Span::from(format!(" {part}")),
            ]));
        }
    }
    lines.push(Line::default());
    lines.push(Line::from(ink.span(" History, in local time", Tone::Strong)));
    for event in &told.detail.events.nodes {
        let message = event.message.as_deref().unwrap_or_default();
        let text = format!("{}  {}", message, event.actor);
        let at = event.at.with_timezone(&chrono::Local).format("%m-%d %H:%M:%S");
        lines.push(Line::from(vec![
            ink.span(format!("  {at}  "), Tone::Faint),
            ink.span(format!("{:<10}", event.status.as_str()), job_tone(event.status)),
            Span::from(format!(" {}", ink.cut(text.trim(), columns.saturating_sub(30)))),
        ]));
    }
    lines
}

/// Every blocker, when it may start, and what would start it now.
fn waiting(ink: Ink, pending: &WholeExplanation, columns: usize, now: Instant) -> Vec<Line<'static>> {
    let ahead = match pending.position {
        0 => " First in its queue. It waits for:".to_owned(),
        1 => " 1 job is ahead of it in its queue. It waits for:".to_owned(),
        ahead => format!(" {ahead} jobs are ahead of it in its queue. It waits for:"),
    };
    let mut lines = vec![Line::from(ink.span(ahead, Tone::Strong))];
    for blocker in &pending.blockers {
        let text = format!("{}  {}", blocker.code.as_str(), blocker.message);
        lines.extend(paragraph(ink, &text, Tone::Wait, columns));
    }
    let times = [
        ("As likely as not by", pending.median_start_at),
        ("Nine times out of ten by", pending.ninety_percent_start_at),
        ("At the latest", pending.estimated_start_at),
    ];
    for (words, at) in times {
        let Some(at) = at else { continue };
        let text = format!(" {words}: {} (in {})", absolute(at), between(now, Some(at), now));
        lines.push(Line::from(ink.text(&text)));
    }
    if !pending.suggestions.is_empty() {
        lines.push(Line::from(ink.span(" It would start:", Tone::Strong)));
    }
    for suggestion in &pending.suggestions {
        lines.extend(paragraph(ink, &suggestion.message, Tone::Good, columns));
    }
    lines
}

fn paragraph(ink: Ink, text: &str, tone: Tone, columns: usize) -> Vec<Line<'static>> {
    let wrapped = wrap(ink, text, columns.saturating_sub(4), usize::MAX);
    wrapped.into_iter().map(|line| Line::from(ink.span(format!("   {line}"), tone))).collect()
}

fn host(state: &State, name: &str, columns: usize) -> (String, Vec<Line<'static>>) {
    let ink = state.ink;
    let Some(host) = state.picture().fleet.host(name) else {
        return (name.to_owned(), vec![Line::from(ink.span(" It is gone.", Tone::Faint))]);
    };
    let status = host.line.status;
    let mut lines = vec![Line::from(vec![
        ink.span(format!(" {}", status.as_str()), host_tone(status)),
        Span::from(format!("  {}", ink.text(&host.kinds()))),
    ])];
    if let Some(reason) = &host.line.status_reason {
        lines.extend(paragraph(ink, reason, host_tone(status), columns));
    }
    lines.push(Line::default());
    lines.extend(gpus::in_sheet(ink, host, columns));
    for card in host.cards() {
        if let Some(reason) = &card.line.status_reason {
            let text = format!("{}: {reason}", card.line.index);
            lines.extend(paragraph(ink, &text, card.state().tone(), columns));
        }
    }
    (name.to_owned(), lines)
}
