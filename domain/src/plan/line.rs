//! The lines of one pass: whose turn it is, and which kind of job is looked at next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::accounts::Accounts;
use super::policy::Turns;
use super::queue::Place;

/// One line: an organization's, or everybody's.
#[derive(Default)]
struct Line {
    /// Kinds that may start, by their first job.
    open: BinaryHeap<Reverse<(Place, usize)>>,
    /// The first job of those that cannot, whatever else happens in this pass.
    shut: Option<(Place, usize)>,
}

impl Line {
    fn enter(&mut self, first: Place, kind: usize, open: bool) {
        if open {
            self.open.push(Reverse((first, kind)));
        } else if self.shut.is_none_or(|shut| (first, kind) < shut) {
            self.shut = Some((first, kind));
        }
    }

    fn next(&mut self) -> Option<(usize, bool)> {
        let open = self.open.peek().map(|Reverse(first)| first);
        match (open, &self.shut) {
            (Some(open), Some(shut)) if shut < open => self.shut.take().map(|(_, kind)| (kind, false)),
            (Some(_), _) => self.open.pop().map(|Reverse((_, kind))| (kind, true)),
            (None, _) => self.shut.take().map(|(_, kind)| (kind, false)),
        }
    }

    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.shut.is_none()
    }
}

/// All lines.
pub(super) struct Lines {
    turns: Turns,
    /// How much what was held lately counts beside what is held.
    memory: f64,
    lines: Vec<Line>,
    /// Those that have waited for too long: before everybody's turn.
    overdue: Line,
}

impl Lines {
    pub(super) fn new(turns: Turns, memory: f64, accounts: usize) -> Self {
        let count = if turns == Turns::OneLine { 1 } else { accounts };
        Self { turns, memory, lines: (0..count).map(|_| Line::default()).collect(), overdue: Line::default() }
    }

    fn line(&mut self, account: usize) -> &mut Line {
        let number = if self.turns == Turns::OneLine { 0 } else { account };
        &mut self.lines[number]
    }

    /// A kind whose first job has waited for too long; whether it may start.
    pub(super) fn overdue(&mut self, first: Place, kind: usize, open: bool) {
        self.overdue.enter(first, kind, open);
    }

    /// A kind whose first job may start.
    pub(super) fn open(&mut self, account: usize, first: Place, kind: usize) {
        self.line(account).enter(first, kind, true);
    }

    /// A kind whose first job cannot start.
    pub(super) fn shut(&mut self, account: usize, first: Place, kind: usize) {
        self.line(account).enter(first, kind, false);
    }

    /// The kind to look at next, and whether its first job may start at all.
    pub(super) fn next(&mut self, accounts: &Accounts, promised: bool) -> Option<(usize, bool)> {
        if promised && !self.overdue.is_empty() {
            return self.overdue.next();
        }
        if self.turns == Turns::OneLine {
            return self.lines[0].next();
        }
        let served = |line: &usize| accounts.known[*line].served(self.memory);
        let waiting = (0..self.lines.len()).filter(|line| !self.lines[*line].is_empty());
        let Some(least) = waiting.min_by(|a, b| {
            let (a, b) = (served(a), served(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        }) else {
            return self.overdue.next();
        };
        self.lines[least].next()
    }
}
