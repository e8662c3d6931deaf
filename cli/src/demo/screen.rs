//! How the demonstration looks. On a terminal: what happens scrolls by above one table that is redrawn in place. Anywhere
//! else: a line for each event, with the time since the start.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Instant;

use super::stage::Jobs;
use crate::api::JobRow;
use crate::client::{Failure, short_id};
use crate::output::describe::{gpu_type, places, state, where_or_why};
use crate::output::style::{Tone, job_tone};
use crate::output::table::{Cell, Column, render};
use crate::output::text::clip;
use crate::output::{Form, Output, terminal_height, terminal_width};

const COLUMNS: [Column; 6] = [
    Column::new("JOB").expendable(1),
    Column::new("NAME"),
    Column::new("ORGANIZATION").expendable(2),
    Column::new("STATUS"),
    Column::new("GPU").elastic(),
    Column::new("UPDATED"),
];

/// Lines that the table leaves for what happens above it.
const ROOM_ABOVE: usize = 6;

/// The audience's view.
pub(super) struct Screen {
    output: Output,
    started: Instant,
    /// Lines of the table that stand on the terminal now.
    drawn: usize,
    /// What was last said of each job, where events are lines.
    said: HashMap<String, String>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { output: Output::new(Form::Tables), started: Instant::now(), drawn: 0, said: HashMap::new() }
    }

    /// Something happened.
    pub(super) fn note(&mut self, text: &str, tone: Tone, jobs: &Jobs) -> Result<(), Failure> {
        let line = format!("{}  {text}", self.clock());
        let line = tone.paint(&line, self.output.colours);
        if self.output.terminal { self.redraw(Some(&line), jobs) } else { self.output.line(&line) }
    }

    /// A job changed.
    pub(super) fn show(&mut self, id: &str, jobs: &Jobs) -> Result<(), Failure> {
        if self.output.terminal {
            return self.redraw(None, jobs);
        }
        let Some(job) = jobs.get(id) else { return Ok(()) };
        let said = state(job);
        if self.said.get(id) == Some(&said) {
            return Ok(());
        }
        let line = format!("{}  {:<14}  {:<12}  {said}", self.clock(), job.name, job.organization.slug);
        self.said.insert(id.to_owned(), said);
        self.output.line(&line)
    }

    fn clock(&self) -> String {
        format!("{:>5.1}s", self.started.elapsed().as_secs_f64())
    }

    /// Wipes the table, writes the line in its place and the table below it, in one go so that nothing flickers.
    fn redraw(&mut self, line: Option<&str>, jobs: &Jobs) -> Result<(), Failure> {
        let mut text = String::new();
        if self.drawn > 0 {
            text.push_str(&format!("\x1b[{}A\r\x1b[J", self.drawn));
        }
        if let Some(line) = line {
            text.push_str(line);
            text.push('\n');
        }
        let table = self.table(jobs);
        self.drawn = table.len();
        for row in &table {
            text.push_str(row);
            text.push('\n');
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|_| Failure::OutputClosed)
    }

    /// The table, a blank line above it; nothing while there are no jobs. The newest jobs where not all have room.
    fn table(&self, jobs: &Jobs) -> Vec<String> {
        if jobs.is_empty() {
            return Vec::new();
        }
        let room = terminal_height().saturating_sub(ROOM_ABOVE).max(2);
        let hidden = jobs.len().saturating_sub(room);
        let rows: Vec<Vec<Cell>> = jobs.values().skip(hidden).map(cells).collect();
        let width = terminal_width();
        let mut lines = vec![String::new()];
        lines.extend(render(&COLUMNS, &rows, Some(width), self.output.colours));
        if hidden > 0 {
            lines.push(clip(&format!("and {hidden} earlier jobs"), width));
        }
        lines
    }
}

fn cells(job: &JobRow) -> Vec<Cell> {
    vec![
        Cell::toned(short_id(job.id.inner()), Tone::Faint),
        (&job.name).into(),
        (&job.organization.slug).into(),
        Cell::toned(job.status.as_str(), job_tone(job.status)),
        gpu(job).into(),
        job.updated_at.format("%H:%M:%S").to_string().into(),
    ]
}

/// Which GPUs a job has; why it has none.
fn gpu(job: &JobRow) -> String {
    match job.gpus.first() {
        Some(first) => format!("{}: {}", places(&job.gpus), gpu_type(&first.gpu_type, false)),
        None => where_or_why(job),
    }
}
