//! The pane of GPUs: a line for each, or a line for each host with a sign for each of its GPUs.

use ratatui::text::{Line, Span};

use super::super::fleet::{Card, CardState, HostEntry};
use super::super::ink::Ink;
use super::super::state::{Focus, GpuRow, State};
use super::{chosen, nothing, title};
use crate::api::HostStatus;
use crate::output::style::{Tone, host_tone};

/// Signs of a host's GPUs in its line; of more the rest is told by a plus.
const SIGNS: usize = 16;

/// Widths that grow with the terminal's.
struct Columns {
    kind: usize,
    bar: usize,
    host: usize,
    signs: usize,
    watts: bool,
}

impl Columns {
    fn new(width: usize, signs: usize) -> Self {
        Self {
            kind: if width >= 110 { 22 } else { 15 },
            bar: match width {
                0..90 => 6,
                90..140 => 12,
                _ => 24,
            },
            host: if width >= 110 { 26 } else { 16 },
            signs: signs.clamp(8, SIGNS),
            watts: width >= 100,
        }
    }
}

/// Title, names of columns, rows.
pub(super) fn lines(state: &State, width: usize) -> Vec<Line<'static>> {
    let ink = state.ink;
    let focused = state.focus == Focus::Gpus;
    let hosts = state.picture().fleet.hosts(&state.gpus.filter, state.host_sort);
    let most = hosts.iter().map(|host| host.size()).max().unwrap_or(0);
    let columns = Columns::new(width, most);
    let single = match hosts.as_slice() {
        [one] if state.layout.is_full => host_words(one),
        _ => String::new(),
    };
    let filter = filtered(&state.gpus.filter);
    let name = if state.layout.is_full { "GPUS" } else { "HOSTS" };
    let rows = state.gpu_list();
    let seen = in_sight(state.gpus.top, state.gpus.height, rows.len());
    let sorted = if hosts.len() > 1 { state.host_sort.words() } else { "" };
    let right = [seen.as_str(), sorted].join("  ");
    let mut lines = vec![title(ink, name, &[single, filter].concat(), right.trim(), focused, width)];
    let head = if state.layout.is_full { card_head(ink, &columns) } else { host_head(ink, &columns) };
    lines.push(Line::from(ink.span(head, Tone::Faint)));
    if rows.is_empty() {
        lines.push(nothing(ink, empty(state)));
    }
    for row in rows.iter().skip(state.gpus.top).take(state.gpus.height) {
        let line = match row {
            GpuRow::Card(card) => card_line(ink, card, &columns, width),
            GpuRow::Host(host) if state.layout.is_full => heading(ink, host),
            GpuRow::Host(host) => host_line(ink, host, &columns),
        };
        let is_chosen = state.gpus.chosen.as_ref() == Some(&row.name());
        lines.push(chosen(line, focused && is_chosen, width));
    }
    lines
}

fn empty(state: &State) -> &'static str {
    match (state.gpus.filter.is_empty(), state.picture().totals) {
        (false, _) => "No GPU has these words. Esc takes the filter away.",
        (true, Some(totals)) if totals.gpus == 0 => {
            "No GPUs yet. On a GPU host: gpu-fleet agent --server URL --join-token-file FILE"
        }
        (true, _) => "Being loaded.",
    }
}

/// ` with "a100"`.
pub(super) fn filtered(filter: &str) -> String {
    if filter.is_empty() { String::new() } else { format!(" with \"{filter}\"") }
}

/// `3-9 of 40` where not all are in sight.
pub(super) fn in_sight(top: usize, height: usize, all: usize) -> String {
    if all <= height { String::new() } else { format!("{}-{} of {all}", top + 1, (top + height).min(all)) }
}

fn host_words(host: &HostEntry) -> String {
    let status = match host.line.status {
        HostStatus::Ready => String::new(),
        status => format!(", {}", status.as_str().to_lowercase()),
    };
    format!("{}{status}", host.line.name)
}

fn card_head(ink: Ink, columns: &Columns) -> String {
    let mut head = format!(
        "    #  {}{}{}",
        ink.left("TYPE", columns.kind + 1),
        ink.left("STATE", 12),
        ink.left("UTIL", columns.bar + 6)
    );
    head.push_str(&format!("{:>9} {:>4} ", "MEM GB", "C"));
    if columns.watts {
        head.push_str(&format!("{:>5} ", "W"));
    }
    head.push_str(" JOB / REASON");
    head
}

fn card_line(ink: Ink, card: &Card, columns: &Columns, width: usize) -> Line<'static> {
    let state = card.state();
    let mut spans = vec![
        Span::from(format!("{:>5}  ", card.line.index)),
        Span::from(ink.left(&card.kind(), columns.kind)),
        Span::from(" "),
        ink.span(format!("{:<11} ", state.word()), state.tone()),
    ];
    spans.extend(utilization(ink, card, columns.bar));
    let used = card.telemetry().and_then(|now| now.memory_used_mib).map(i64::from);
    spans.push(Span::from(format!("{:>9} ", gigabytes(used, card.line.memory_mib.into()))));
    spans.push(Span::from(format!(
        "{:>4} ",
        number(card.telemetry().and_then(|now| now.temperature_celsius))
    )));
    if columns.watts {
        let watts = card.telemetry().and_then(|now| now.power_watts).map(|watts| watts.round() as i64);
        spans.push(Span::from(format!("{:>5} ", number(watts))));
    }
    let room = width.saturating_sub(spans.iter().map(Span::width).sum::<usize>() + 1);
    let (text, tone) = holder_or_reason(card, room >= 40);
    spans.push(ink.span(format!(" {}", ink.cut(&text, room)), tone));
    Line::from(spans)
}

fn utilization(ink: Ink, card: &Card, columns: usize) -> Vec<Span<'static>> {
    match card.utilization() {
        Some(percent) => {
            let (on, off) = ink.bar(percent / 100.0, columns);
            vec![
                ink.span(on, card.state().tone()),
                ink.span(off, Tone::Faint),
                Span::from(format!(" {percent:>3.0}% ")),
            ]
        }
        // Unknown is never drawn as 0.
        None => vec![ink.span(format!("{}    - ", " ".repeat(columns)), Tone::Faint)],
    }
}

/// Whose it is, or why it is nobody's.
fn holder_or_reason(card: &Card, wide: bool) -> (String, Tone) {
    if let (true, Some(reason)) = (card.line.status_reason.is_some(), &card.line.status_reason) {
        return (reason.clone(), card.state().tone());
    }
    let one = |holder: &crate::api::HolderName| {
        let job = &holder.job;
        let share = if holder.milli == 1000 { String::new() } else { format!(" {}%", holder.milli / 10) };
        let whose = if wide { format!("  {}", job.organization.slug) } else { String::new() };
        format!("{}{share} {}{whose}", job.name, crate::client::short_id(job.id.inner()))
    };
    let holders: Vec<String> = card.holders().iter().map(one).collect();
    match (holders.is_empty(), card.state()) {
        (true, CardState::Allocated | CardState::Working | CardState::HeldIdle) if !card.is_unread() => {
            ("taken".to_owned(), Tone::Faint)
        }
        _ => (holders.join(", "), Tone::Plain),
    }
}

/// One GPU as one sign.
fn sign(ink: Ink, card: &Card) -> char {
    match card.state() {
        CardState::Failed | CardState::Quarantined => '!',
        CardState::HeldIdle => ink.sign('○', 'o'),
        CardState::Degraded => '~',
        CardState::Unavailable => 'x',
        CardState::Free => ink.sign('·', '.'),
        CardState::Allocated | CardState::Working => {
            card.utilization().map_or(ink.sign('▪', '#'), |percent| ink.level(percent / 100.0))
        }
    }
}

/// A host's name above its GPUs.
fn heading(ink: Ink, host: &HostEntry) -> Line<'static> {
    let status = host.line.status;
    let reason = host.line.status_reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    Line::from(vec![
        ink.span(format!(" {} ", ink.text(&host.line.name)), Tone::Strong),
        ink.span(status.as_str().to_lowercase(), host_tone(status)),
        ink.span(format!("{}  {}", ink.text(&reason), ink.text(&host.kinds())), Tone::Faint),
    ])
}

fn host_head(ink: Ink, columns: &Columns) -> String {
    let mut head = format!(
        "   {} {} {} {:>5} {:>10} {:>4} ",
        ink.left("HOST", columns.host),
        ink.left("TYPE", columns.kind + 3),
        ink.left("GPUS", columns.signs + 1),
        "UTIL",
        "MEM GB",
        "MAXC"
    );
    if columns.watts {
        head.push_str(&format!("{:>6} ", "W"));
    }
    head.push_str("JOBS");
    head
}

fn host_line(ink: Ink, host: &HostEntry, columns: &Columns) -> Line<'static> {
    let status = host.line.status;
    let (mark, tone) = match status {
        HostStatus::Down => ('x', Tone::Bad),
        HostStatus::Draining | HostStatus::Drained => (ink.sign('◇', '='), Tone::Wait),
        HostStatus::Ready if host.is_in_trouble() => ('!', Tone::Bad),
        HostStatus::Ready => (' ', Tone::Plain),
    };
    let mut spans = vec![
        ink.span(format!(" {mark} "), tone),
        Span::from(format!("{} ", ink.left(&host.line.name, columns.host))),
        Span::from(format!("{} ", ink.left(&host.kinds(), columns.kind + 3))),
    ];
    for card in host.cards().take(columns.signs) {
        spans.push(ink.span(sign(ink, card).to_string(), card.state().tone()));
    }
    let shown = host.size().min(columns.signs);
    let more = if host.size() > columns.signs { "+" } else { " " };
    spans.push(Span::from(format!("{}{more} ", " ".repeat(columns.signs - shown))));
    let (used, whole) = host.memory_mib();
    let util = host.utilization().map_or_else(|| "-".to_owned(), |percent| format!("{percent:.0}%"));
    spans.push(Span::from(format!(
        "{util:>5} {:>10} {:>4} ",
        gigabytes(used, whole),
        number(host.hottest())
    )));
    if columns.watts {
        spans.push(Span::from(format!("{:>6} ", number(host.watts().map(|watts| watts.round() as i64)))));
    }
    let told = match status {
        HostStatus::Ready => host.jobs().to_string(),
        status => status.as_str().to_lowercase(),
    };
    spans.push(ink.span(told, if status == HostStatus::Ready { Tone::Plain } else { host_tone(status) }));
    Line::from(spans)
}

/// A GPU's line in a sheet of its host.
pub(super) fn in_sheet(ink: Ink, host: &HostEntry, width: usize) -> Vec<Line<'static>> {
    let columns = Columns::new(width, host.size());
    let head = Line::from(ink.span(card_head(ink, &columns), Tone::Faint));
    std::iter::once(head).chain(host.cards().map(|card| card_line(ink, card, &columns, width))).collect()
}

/// Decimal gigabytes in use and in all, as cards are sold.
fn gigabytes(used: Option<i64>, whole: i64) -> String {
    let gb = |mib: i64| format!("{:.0}", mib as f64 * 1_048_576.0 / 1e9);
    format!("{}/{}", used.map_or_else(|| "-".to_owned(), gb), gb(whole))
}

fn number(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
