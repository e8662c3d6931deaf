//! The first lines and the last one: whose fleet this is, whether what is shown is the present, how much is in use, and
//! which keys there are.

use ratatui::text::{Line, Span};

use super::super::fleet::Counts;
use super::super::ink::Ink;
use super::super::state::{Dialog, Focus, State};
use crate::api::Instant;
use crate::output::style::Tone;
use crate::output::text::width;
use crate::output::time::span;

/// Whose, how much, and a bar.
pub(super) fn lines(state: &State, columns: usize, now: Instant) -> Vec<Line<'static>> {
    let counts = state.picture().fleet.counts();
    vec![whose(state, columns, now), numbers(state.ink, counts, columns), bar(state, counts, columns)]
}

fn whose(state: &State, columns: usize, now: Instant) -> Line<'static> {
    let ink = state.ink;
    let (word, tone) = state.link.word(now);
    let clock = now.with_timezone(&chrono::Local).format("%H:%M:%S").to_string();
    let mut right =
        vec![ink.span(ink.sign('●', '*').to_string(), tone), Span::from(" "), ink.span(word, tone)];
    if let Some(frozen) = &state.frozen {
        let passed = span((now - frozen.since).num_seconds());
        right.push(ink.span(format!("  paused {passed}, {} changes since", frozen.changes), Tone::Wait));
    }
    right.push(ink.span(format!("  {clock} "), Tone::Faint));
    let right_width: usize = right.iter().map(Span::width).sum();
    let who = format!("{}  {}", state.who.server, state.who.name);
    let room = columns.saturating_sub(right_width + 1);
    let name = ink.cut(" gpu-fleet", room);
    let who = ink.left(&format!("  {who}"), room.saturating_sub(width(&name)));
    let mut spans = vec![ink.span(name, Tone::Strong), Span::from(who), Span::from(" ")];
    spans.extend(right);
    Line::from(spans)
}

fn numbers(ink: Ink, counts: Counts, columns: usize) -> Line<'static> {
    let gpus = counts.gpus;
    let noun = if gpus == 1 { "GPU" } else { "GPUs" };
    let mut spans = vec![Span::from(" ")];
    match counts.simulated {
        0 => spans.push(ink.span(format!("{gpus} {noun}"), Tone::Strong)),
        // Nobody is to take them for cards that exist.
        all if all == gpus => {
            spans.push(ink.span(format!("{gpus} "), Tone::Strong));
            spans.push(ink.span("simulated", Tone::Move));
            spans.push(ink.span(format!(" {noun}"), Tone::Strong));
        }
        some => {
            spans.push(ink.span(format!("{gpus} {noun}"), Tone::Strong));
            spans.push(ink.span(format!(", {some} simulated"), Tone::Move));
        }
    }
    let parts = [
        (counts.busy, "busy", Tone::Run),
        (counts.held_idle, "held idle", Tone::Wait),
        (counts.free, "free", Tone::Plain),
        (counts.quarantined, "quarantined", Tone::Bad),
        (counts.unavailable, "unavailable", Tone::Faint),
    ];
    for (count, word, tone) in parts {
        let tone = if count == 0 { Tone::Faint } else { tone };
        let gap = if columns >= 100 { "   " } else { "  " };
        spans.push(Span::from(gap));
        spans.push(ink.span(format!("{count} {word}"), tone));
    }
    Line::from(spans)
}

/// The fleet as one bar, and the jobs' numbers beside it.
fn bar(state: &State, counts: Counts, columns: usize) -> Line<'static> {
    let ink = state.ink;
    let jobs = match state.picture().totals {
        Some(totals) => format!("  {} running  {} waiting ", totals.jobs_running, totals.jobs_queued),
        None => "  jobs are being counted ".to_owned(),
    };
    let room = columns.saturating_sub(width(&jobs) + 3);
    let mut spans = vec![ink.span(" [", Tone::Faint)];
    let parts = [
        (counts.busy, ink.sign('█', '#'), Tone::Run),
        (counts.held_idle, ink.sign('▒', 'o'), Tone::Wait),
        (counts.quarantined, '!', Tone::Bad),
        (counts.unavailable, 'x', Tone::Faint),
        (counts.free, ink.sign('·', '.'), Tone::Faint),
    ];
    let shares = shares(&parts.map(|(count, ..)| count), room);
    for ((_, sign, tone), share) in parts.into_iter().zip(&shares) {
        spans.push(ink.span(sign.to_string().repeat(*share), tone));
    }
    spans.push(Span::from(" ".repeat(room.saturating_sub(shares.iter().sum()))));
    spans.push(ink.span("]", Tone::Faint));
    spans.push(ink.span(jobs, Tone::Strong));
    Line::from(spans)
}

/// Columns for each count: in proportion, all of them together, and one at least for what there is.
fn shares(counts: &[usize], room: usize) -> Vec<usize> {
    let whole: usize = counts.iter().sum();
    if whole == 0 {
        return vec![0; counts.len()];
    }
    let share = |count: &usize| match *count {
        0 => 0,
        count => (count * room / whole).max(1),
    };
    let mut shares: Vec<usize> = counts.iter().map(share).collect();
    // What rounding took or gave too much is the largest one's.
    let largest = (0..shares.len()).max_by_key(|at| shares[*at]).unwrap_or(0);
    let others = shares.iter().sum::<usize>() - shares[largest];
    shares[largest] = room.saturating_sub(others);
    shares
}

/// What happened, what is typed, or the keys.
pub(super) fn footer(state: &State, columns: usize) -> Line<'static> {
    let ink = state.ink;
    if let Some(Dialog::Filter { .. }) = &state.dialog {
        let (pane, name) = match state.focus {
            Focus::Gpus => (&state.gpus, "GPUs"),
            Focus::Jobs => (&state.jobs, "jobs"),
        };
        let typed = format!(" {name} with: {}", ink.text(&pane.filter));
        let cursor = ink.sign('▏', '_').to_string();
        return Line::from(vec![
            ink.span(typed, Tone::Strong),
            ink.span(cursor, Tone::Strong),
            ink.span("  Enter keeps it, Esc takes it back", Tone::Faint),
        ]);
    }
    if let Some((text, tone)) = &state.message {
        return Line::from(ink.span(format!(" {}", ink.cut(text, columns.saturating_sub(2))), *tone));
    }
    if let Some(cause) = state.link.cause() {
        let text = format!(" trying again: {cause}");
        return Line::from(ink.span(ink.cut(&text, columns), Tone::Bad));
    }
    keys(state, columns)
}

fn keys(state: &State, columns: usize) -> Line<'static> {
    let ink = state.ink;
    let cancel = ("c", "cancel");
    let all: Vec<(&str, &str)> = match (&state.sheet, state.may_cancel().is_ok()) {
        (Some(_), true) => vec![("Esc", "back"), ("j/k", "scroll"), cancel, ("?", "help")],
        (Some(_), false) => vec![("Esc", "back"), ("j/k", "scroll"), ("?", "help")],
        (None, may) => {
            let mut all =
                vec![("q", "quit"), ("?", "help"), ("Tab", "pane"), ("Enter", "open"), ("/", "filter")];
            all.extend(may.then_some(cancel));
            all.extend([("s", "sort"), ("p", "pause"), ("v", "view"), ("j/k", "move")]);
            all
        }
    };
    let mut spans = Vec::new();
    let mut used = 0;
    for (key, what) in all {
        let long = 1 + width(key) + 1 + width(what) + 1;
        if used + long > columns {
            break;
        }
        used += long;
        spans.push(ink.span(format!(" {key}"), Tone::Strong));
        spans.push(ink.span(format!(" {what} "), Tone::Faint));
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_filled_and_nothing_that_exists_is_missing_from_it() {
        for counts in [[1, 0, 0, 0, 4095], [1000, 1, 1, 1, 1], [0, 0, 0, 0, 8], [3, 2, 0, 1, 2]] {
            for room in [5, 20, 57, 200] {
                let shares = shares(&counts, room);
                assert_eq!(shares.iter().sum::<usize>(), room, "{counts:?}");
                assert!(counts.iter().zip(&shares).all(|(count, share)| (*count > 0) == (*share > 0)));
            }
        }
        assert_eq!(shares(&[0; 5], 40), [0; 5]);
    }
}
