//! The pane of jobs: those that hold GPUs, those that wait, and the last that ended.

use ratatui::text::{Line, Span};

use super::super::ink::Ink;
use super::super::queue::Entry;
use super::super::state::{Focus, State};
use super::gpus::{filtered, in_sight};
use super::{chosen, nothing, title};
use crate::api::Instant;
use crate::output::style::Tone;

/// Widths that grow with the terminal's.
struct Columns {
    name: usize,
    organization: usize,
    by: usize,
    left: bool,
}

impl Columns {
    fn new(width: usize, one_organization: bool) -> Self {
        let (name, organization, by) = match width {
            0..60 => (12, 0, 0),
            60..100 => (15, if one_organization { 0 } else { 8 }, 0),
            100..150 => (22, if one_organization { 0 } else { 12 }, 0),
            _ => (34, 16, 14),
        };
        Self { name, organization, by, left: width >= 100 }
    }
}

/// Title, names of columns, rows.
pub(super) fn lines(state: &State, width: usize, now: Instant) -> Vec<Line<'static>> {
    let ink = state.ink;
    let focused = state.focus == Focus::Jobs;
    let jobs = state.job_list(now);
    let one = jobs.windows(2).all(|pair| pair[0].line.organization.slug == pair[1].line.organization.slug);
    let columns = Columns::new(width, one);
    let queue = &state.picture().queue;
    let more = match state.picture().totals {
        Some(totals) if queue.cut_short => {
            format!(" {} of {} are listed", queue.count(), totals.jobs_running + totals.jobs_queued)
        }
        _ => String::new(),
    };
    let words = format!("{more}{}", filtered(&state.jobs.filter));
    let seen = in_sight(state.jobs.top, state.jobs.height, jobs.len());
    let right = [seen, state.job_sort.words().to_owned()].join("  ");
    let mut lines = vec![title(ink, "JOBS", words.trim(), right.trim(), focused, width)];
    lines.push(Line::from(ink.span(head(ink, &columns), Tone::Faint)));
    if jobs.is_empty() {
        lines.push(nothing(ink, empty(state)));
    }
    for job in jobs.into_iter().skip(state.jobs.top).take(state.jobs.height) {
        let line = job_line(ink, job, &columns, width, now);
        let is_chosen = state.jobs.chosen.as_deref() == Some(job.id());
        lines.push(chosen(line, focused && is_chosen, width));
    }
    lines
}

fn empty(state: &State) -> &'static str {
    match (state.jobs.filter.is_empty(), state.picture().totals.is_some()) {
        (false, _) => "No job has these words. Esc takes the filter away.",
        (true, true) => "No job runs or waits. Submit one: gpu-fleet run -- nvidia-smi",
        (true, false) => "Being loaded.",
    }
}

fn head(ink: Ink, columns: &Columns) -> String {
    let mut head = format!("   {} {} ", ink.left("JOB", 8), ink.left("NAME", columns.name));
    if columns.organization > 0 {
        head.push_str(&format!("{} ", ink.left("ORG", columns.organization)));
    }
    if columns.by > 0 {
        head.push_str(&format!("{} ", ink.left("BY", columns.by)));
    }
    head.push_str(&format!("{} {:>4} {:>6} ", ink.left("STATE", 9), "GPUS", "TIME"));
    if columns.left {
        head.push_str(&format!("{:>7} ", "LEFT"));
    }
    head.push_str("WHERE / WHY");
    head
}

fn job_line(ink: Ink, job: &Entry, columns: &Columns, width: usize, now: Instant) -> Line<'static> {
    let tone = job.tone();
    let mut spans = vec![
        ink.span(format!(" {} ", job.mark(ink)), tone),
        Span::from(format!("{} {} ", ink.left(job.short(), 8), ink.left(&job.line.name, columns.name))),
    ];
    if columns.organization > 0 {
        let text = format!("{} ", ink.left(&job.line.organization.slug, columns.organization));
        spans.push(ink.span(text, Tone::Faint));
    }
    if columns.by > 0 {
        spans.push(ink.span(format!("{} ", ink.left(&job.line.submitted_by, columns.by)), Tone::Faint));
    }
    spans.push(ink.span(format!("{} ", ink.left(job.word(), 9)), tone));
    spans.push(Span::from(format!("{:>4} {:>6} ", gpus(job), job.time(now))));
    let left = job.left(now);
    if columns.left {
        spans.push(Span::from(format!("{:>7} ", left.clone().unwrap_or_default())));
    }
    let room = width.saturating_sub(spans.iter().map(Span::width).sum());
    let beside = left.filter(|_| !columns.left).map(|left| format!("{left} left, "));
    let text = format!("{}{}", beside.unwrap_or_default(), job.where_or_why());
    let tone = if job.line.status.is_waiting() { Tone::Wait } else { Tone::Plain };
    spans.push(ink.span(ink.cut(&text, room), tone));
    Line::from(spans)
}

/// How many, or which part of one.
fn gpus(job: &Entry) -> String {
    let wanted = &job.line.requirements;
    if wanted.milli == 1000 { wanted.count.to_string() } else { format!("{}%", wanted.milli / 10) }
}
