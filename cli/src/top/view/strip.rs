//! The strip at the bottom: of the chosen row all that its line had no room for.

use ratatui::text::Line;

use super::super::fleet::Card;
use super::super::ink::Ink;
use super::super::state::{Focus, State};
use super::title;
use crate::api::Instant;
use crate::output::style::Tone;
use crate::output::text::width;

/// A rule with a name, and two lines.
pub(super) fn lines(state: &State, columns: usize, now: Instant) -> Vec<Line<'static>> {
    let told = match state.focus {
        Focus::Jobs => job(state, now),
        Focus::Gpus => gpu(state),
    };
    let Some((name, text, tone)) = told else { return vec![title(state.ink, "", "", "", false, columns)] };
    let ink = state.ink;
    let mut lines = vec![title(ink, &ink.text(&name), "", "", false, columns)];
    let wrapped = wrap(ink, &text, columns.saturating_sub(2), 2);
    lines.extend(wrapped.into_iter().map(|line| Line::from(ink.span(format!(" {line}"), tone))));
    lines
}

fn job(state: &State, now: Instant) -> Option<(String, String, Tone)> {
    let job = state.picture().queue.get(state.jobs.chosen.as_ref()?)?;
    let line = &job.line;
    let name = format!(
        "{} {} of {} by {}, {}",
        job.short(),
        line.name,
        line.organization.slug,
        line.submitted_by,
        job.word()
    );
    let mut text = match (job.waits_for(), job.where_or_why()) {
        (Some((ahead, reason)), _) if line.status.is_waiting() => format!("{}{reason}", queue_place(ahead)),
        (_, text) if line.status.is_final() => text,
        (_, text) if text.is_empty() => String::new(),
        (_, text) => format!("on {text}"),
    };
    if let Some(left) = job.left(now) {
        text.push_str(&format!(", {left} left of its time limit"));
    }
    let tone = if line.status.is_waiting() { Tone::Wait } else { Tone::Plain };
    Some((name, text, tone))
}

fn queue_place(ahead: i32) -> String {
    match ahead {
        0 => "first in its queue; it waits: ".to_owned(),
        1 => "1 job is ahead of it; it waits: ".to_owned(),
        ahead => format!("{ahead} jobs are ahead of it; it waits: "),
    }
}

fn gpu(state: &State) -> Option<(String, String, Tone)> {
    let fleet = &state.picture().fleet;
    let chosen = state.gpus.chosen.as_ref()?;
    if let Some(card) = fleet.card(chosen) {
        return Some((
            format!("{}/{}", card.line.host.name, card.line.index),
            card_words(card),
            card.state().tone(),
        ));
    }
    let host = fleet.host(&state.chosen_host()?)?;
    let reason = host.line.status_reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let bad = host.cards().filter(|card| card.state().is_bad()).filter_map(|card| {
        Some(format!("; {} {}: {}", card.line.index, card.state().word(), card.line.status_reason.as_ref()?))
    });
    let text = format!(
        "{}, {}{reason}{}",
        host.kinds(),
        host.line.status.as_str().to_lowercase(),
        bad.collect::<String>()
    );
    let tone = if host.is_in_trouble() { Tone::Wait } else { Tone::Plain };
    Some((host.line.name.clone(), text, tone))
}

fn card_words(card: &Card) -> String {
    let reason = card.line.status_reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let holders: Vec<String> = card
        .holders()
        .iter()
        .map(|holder| {
            let job = &holder.job;
            format!("{} {} of {}", crate::client::short_id(job.id.inner()), job.name, job.organization.slug)
        })
        .collect();
    let held = if holders.is_empty() { String::new() } else { format!(", held by {}", holders.join(", ")) };
    format!("{}, {}{reason}{held}", card.kind(), card.state().word())
}

/// Words in so many lines at most; the last one is cut.
pub(super) fn wrap(ink: Ink, text: &str, columns: usize, most: usize) -> Vec<String> {
    let text = ink.text(text);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let last = lines.len();
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if last == most || width(line) + 1 + width(word) <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.iter().map(|line| ink.cut(line, columns)).collect()
}
