//! What each key does. Keys as in htop and k9s; none that destroys does so without asking.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::pane::Move;
use super::state::{Dialog, Focus, Order, Sheet, State};
use crate::api::Instant;
use crate::args::top::GpuView;
use crate::output::style::Tone;

/// The longest filter.
const FILTER_CHARS: usize = 64;

/// The keys, for those who ask: keys and what they do.
pub(super) const HELP: [(&str, &str); 13] = [
    ("Tab, 1, 2", "the other pane, GPUs, jobs"),
    ("Up Down, k j", "move; PgUp, PgDn, Home (g), End (G) move further"),
    ("Enter", "open a job, with all that it waits for, or a host"),
    ("Esc", "close; in a pane, take its filter away"),
    ("/", "only rows with these words: name, state, host, ..."),
    ("s", "sort by something else"),
    ("v", "GPUs: a line for each host, for each GPU, what fits"),
    ("c, F9", "cancel the job, after a question"),
    ("p", "stop the picture; nothing is lost meanwhile"),
    ("?, F1", "this page"),
    ("q, F10, Ctrl-C", "quit"),
    ("Ctrl-Z", "put it to sleep; fg wakes it"),
    ("Ctrl-L", "draw everything anew"),
];

/// What the outside is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Quit,
    Suspend,
    Redraw,
    Ask(Order),
}

impl State {
    /// A key was pressed.
    pub(super) fn key(&mut self, key: KeyEvent, now: Instant) -> Option<Wish> {
        self.message = None;
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Some(Wish::Quit),
                KeyCode::Char('z') => Some(Wish::Suspend),
                KeyCode::Char('l') => Some(Wish::Redraw),
                _ => None,
            };
        }
        match self.dialog.take() {
            Some(Dialog::Help) => None,
            Some(Dialog::Filter { before }) => self.filter_key(key.code, before),
            Some(Dialog::Cancel { id, name, .. }) => self.answer(key.code, id, name),
            None if self.sheet.is_some() => self.sheet_key(key.code, now),
            None => self.pane_key(key.code, now),
        }
    }

    fn filter_key(&mut self, code: KeyCode, before: String) -> Option<Wish> {
        let pane = self.pane();
        match code {
            KeyCode::Enter | KeyCode::Tab => return None,
            KeyCode::Esc => {
                pane.filter = before;
                pane.rewind();
                return None;
            }
            KeyCode::Backspace if pane.filter.pop().is_none() => return None,
            KeyCode::Char(c) if pane.filter.chars().count() < FILTER_CHARS => {
                pane.filter.push(c);
                pane.rewind();
            }
            _ => {}
        }
        self.dialog = Some(Dialog::Filter { before });
        None
    }

    fn answer(&mut self, code: KeyCode, id: String, name: String) -> Option<Wish> {
        if matches!(code, KeyCode::Char('y' | 'Y')) {
            self.message = Some((format!("cancelling {name}"), Tone::Move));
            return Some(Wish::Ask(Order::Cancel { id, name }));
        }
        self.message = Some((format!("{name} goes on"), Tone::Faint));
        None
    }

    fn sheet_key(&mut self, code: KeyCode, now: Instant) -> Option<Wish> {
        let page = usize::from(self.layout.sheet().height.saturating_sub(3)).max(1);
        match code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') | KeyCode::Backspace => self.sheet = None,
            KeyCode::F(10) => return Some(Wish::Quit),
            KeyCode::Up | KeyCode::Char('k') => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll += 1,
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(page),
            KeyCode::PageDown => self.scroll += page,
            KeyCode::Home | KeyCode::Char('g') => self.scroll = 0,
            KeyCode::Char('c') | KeyCode::F(9) => self.ask_to_cancel(now),
            KeyCode::Char('p') => self.pause(now),
            KeyCode::Char('?') | KeyCode::F(1) => self.dialog = Some(Dialog::Help),
            _ => {}
        }
        None
    }

    fn pane_key(&mut self, code: KeyCode, now: Instant) -> Option<Wish> {
        match code {
            KeyCode::Char('q') | KeyCode::F(10) => return Some(Wish::Quit),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.dialog = Some(Dialog::Help),
            KeyCode::Tab | KeyCode::BackTab => self.turn(match self.focus {
                Focus::Gpus => Focus::Jobs,
                Focus::Jobs => Focus::Gpus,
            }),
            KeyCode::Char('1') => self.turn(Focus::Gpus),
            KeyCode::Char('2') => self.turn(Focus::Jobs),
            KeyCode::Char('/') => self.dialog = Some(Dialog::Filter { before: self.pane().filter.clone() }),
            KeyCode::Esc => {
                self.pane().filter.clear();
                self.pane().rewind();
            }
            KeyCode::Char('s') => self.sort(),
            KeyCode::Char('v') => self.change_view(),
            KeyCode::Char('p') => self.pause(now),
            KeyCode::Char('c') | KeyCode::F(9) | KeyCode::Delete => self.ask_to_cancel(now),
            KeyCode::Enter => return self.open(),
            code => {
                if let Some(to) = movement(code) {
                    self.go(to, now);
                }
            }
        }
        None
    }

    fn turn(&mut self, focus: Focus) {
        // The pane of GPUs has no room on a very small terminal.
        self.focus = if self.layout.gpus.height == 0 { Focus::Jobs } else { focus };
    }

    fn pane(&mut self) -> &mut super::pane::Pane {
        match self.focus {
            Focus::Gpus => &mut self.gpus,
            Focus::Jobs => &mut self.jobs,
        }
    }

    fn go(&mut self, to: Move, now: Instant) {
        let names = match self.focus {
            Focus::Gpus => self.gpu_names(),
            Focus::Jobs => self.job_names(now),
        };
        self.pane().go(to, &names);
    }

    fn sort(&mut self) {
        let words = match self.focus {
            Focus::Gpus => {
                self.host_sort = self.host_sort.next();
                self.host_sort.words()
            }
            Focus::Jobs => {
                self.job_sort = self.job_sort.next();
                self.job_sort.words()
            }
        };
        self.pane().rewind();
        self.message = Some((format!("sorted: {words}"), Tone::Faint));
    }

    fn change_view(&mut self) {
        let (view, words) = match self.view {
            GpuView::Auto => (GpuView::Compact, "a line for each host"),
            GpuView::Compact => (GpuView::Full, "a line for each GPU"),
            GpuView::Full => (GpuView::Auto, "a line for each GPU where they fit"),
        };
        self.view = view;
        self.gpus.rewind();
        self.message = Some((words.to_owned(), Tone::Faint));
    }

    fn open(&mut self) -> Option<Wish> {
        self.scroll = 0;
        match self.focus {
            Focus::Gpus => {
                let name = self.chosen_host()?;
                self.sheet = Some(Sheet::Host { name });
                None
            }
            Focus::Jobs => {
                let id = self.chosen_job()?.id().to_owned();
                self.sheet = Some(Sheet::Job { id: id.clone(), facts: None });
                Some(Wish::Ask(Order::Inspect { id }))
            }
        }
    }

    fn ask_to_cancel(&mut self, now: Instant) {
        let Some(job) = self.chosen_job() else {
            self.message = Some(("choose a job first: Tab goes to them".to_owned(), Tone::Wait));
            return;
        };
        let name = format!("{} ({})", job.line.name, job.short());
        if job.line.status.is_final() {
            self.message = Some((format!("{name} has ended already"), Tone::Wait));
            return;
        }
        if let Err(why) = self.may_cancel() {
            self.message = Some((why, Tone::Wait));
            return;
        }
        let Some(job) = self.chosen_job() else { return };
        let gpus = job.line.requirements.count;
        let words = format!(
            "of {}, {} for {}, {gpus} GPU{}",
            job.line.organization.slug,
            job.word(),
            job.time(now),
            if gpus == 1 { "" } else { "s" }
        );
        self.dialog = Some(Dialog::Cancel { id: job.id().to_owned(), name, words });
    }
}

fn movement(code: KeyCode) -> Option<Move> {
    match code {
        KeyCode::Up | KeyCode::Char('k') => Some(Move::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Move::Down),
        KeyCode::PageUp => Some(Move::PageUp),
        KeyCode::PageDown => Some(Move::PageDown),
        KeyCode::Home | KeyCode::Char('g') => Some(Move::First),
        KeyCode::End | KeyCode::Char('G') => Some(Move::Last),
        _ => None,
    }
}
