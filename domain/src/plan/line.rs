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

/// A kind whose turn it is.
pub(super) struct Turn {
    pub(super) kind: usize,
    /// Its first job may start.
    pub(super) open: bool,
    /// Its turn came because it is within its organization's guarantee.
    pub(super) own: bool,
}

/// All lines.
pub(super) struct Lines {
    turns: Turns,
    /// How much what was held lately counts beside what is held.
    memory: f64,
    /// By organization: what is within its guarantee, which comes before everything.
    own: Vec<Line>,
    lines: Vec<Line>,
}

impl Lines {
    pub(super) fn new(turns: Turns, memory: f64, accounts: usize) -> Self {
        let lines = |count: usize| (0..count).map(|_| Line::default()).collect();
        let count = if turns == Turns::OneLine { 1 } else { accounts };
        Self { turns, memory, own: lines(accounts), lines: lines(count) }
    }

    /// A kind whose first job is within its organization's guarantee; whether it may start.
    pub(super) fn own(&mut self, account: usize, first: Place, kind: usize, open: bool) {
        self.own[account].enter(first, kind, open);
    }

    /// A kind; whether its first job may start.
    pub(super) fn enter(&mut self, account: usize, first: Place, kind: usize, open: bool) {
        let number = if self.turns == Turns::OneLine { 0 } else { account };
        self.lines[number].enter(first, kind, open);
    }

    /// The kind to look at next.
    pub(super) fn next(&mut self, accounts: &Accounts) -> Option<Turn> {
        let turn = |own: bool| move |(kind, open): (usize, bool)| Turn { kind, open, own };
        if let Some(least) = least_served(&self.own, accounts, self.memory) {
            return self.own[least].next().map(turn(true));
        }
        let line = match self.turns {
            Turns::OneLine => Some(0).filter(|line| !self.lines[*line].is_empty()),
            Turns::LeastServed => least_served(&self.lines, accounts, self.memory),
        };
        line.and_then(|line| self.lines[line].next()).map(turn(false))
    }
}

fn least_served(lines: &[Line], accounts: &Accounts, memory: f64) -> Option<usize> {
    let served = |line: &usize| accounts.known[*line].served(memory);
    let waiting = (0..lines.len()).filter(|line| !lines[*line].is_empty());
    waiting.min_by(|a, b| served(a).total_cmp(&served(b)))
}
