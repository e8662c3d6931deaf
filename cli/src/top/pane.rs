//! A list that is scrolled: what is chosen in it, and which part of it is in sight. The choice is kept by name, so that it
//! stays with its row when rows come and go.

/// One pane.
#[derive(Debug, Clone, Default)]
pub(super) struct Pane {
    /// The chosen row's name.
    pub(super) chosen: Option<String>,
    /// The chosen row's number, for when it goes.
    at: usize,
    /// The first row in sight.
    pub(super) top: usize,
    /// Rows that have room.
    pub(super) height: usize,
    /// What the rows must have in them.
    pub(super) filter: String,
}

/// Where to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

impl Pane {
    /// Follows the chosen row to where it is now, or chooses the one in its place, and scrolls until it is in sight.
    pub(super) fn settle(&mut self, names: &[String]) {
        let found = self.chosen.as_ref().and_then(|name| names.iter().position(|other| other == name));
        self.at = found.unwrap_or(self.at).min(names.len().saturating_sub(1));
        self.chosen = names.get(self.at).cloned();
        let last_top = names.len().saturating_sub(self.height);
        let lowest = (self.at + 1).saturating_sub(self.height);
        self.top = self.top.clamp(lowest, self.at.max(lowest)).min(last_top);
    }

    /// Chooses another row.
    pub(super) fn go(&mut self, to: Move, names: &[String]) {
        let page = self.height.saturating_sub(1).max(1);
        let last = names.len().saturating_sub(1);
        self.at = match to {
            Move::Up => self.at.saturating_sub(1),
            Move::Down => self.at + 1,
            Move::PageUp => self.at.saturating_sub(page),
            Move::PageDown => self.at + page,
            Move::First => 0,
            Move::Last => last,
        }
        .min(last);
        self.chosen = names.get(self.at).cloned();
        self.settle(names);
    }

    /// Chooses the first row again, as after another filter or order.
    pub(super) fn rewind(&mut self) {
        (self.chosen, self.at, self.top) = (None, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| format!("row {number}")).collect()
    }

    fn pane() -> Pane {
        Pane { height: 5, ..Pane::default() }
    }

    #[test]
    fn the_choice_stays_with_its_row_and_in_sight() {
        let mut pane = pane();
        pane.settle(&names(0..20));
        pane.go(Move::Down, &names(0..20));
        assert_eq!(pane.chosen.as_deref(), Some("row 1"));
        let moved: Vec<String> = names(10..20).into_iter().chain(names(0..10)).collect();
        pane.settle(&moved);
        assert_eq!((pane.chosen.as_deref(), pane.top), (Some("row 1"), 7));
    }

    #[test]
    fn when_the_chosen_row_goes_its_neighbour_is_chosen() {
        let mut pane = pane();
        pane.settle(&names(0..3));
        pane.go(Move::Last, &names(0..3));
        pane.settle(&names(0..2));
        assert_eq!(pane.chosen.as_deref(), Some("row 1"));
        pane.settle(&[]);
        assert_eq!((pane.chosen, pane.top), (None, 0));
    }

    #[test]
    fn no_move_leaves_the_list_or_shows_less_than_fits() {
        let all = names(0..12);
        let mut pane = pane();
        let moves =
            [Move::PageDown, Move::Down, Move::PageDown, Move::Last, Move::PageUp, Move::Up, Move::First];
        for to in moves.into_iter().cycle().take(50) {
            pane.go(to, &all);
            let at = all.iter().position(|name| Some(name) == pane.chosen.as_ref());
            assert!(at.is_some_and(|at| (pane.top..pane.top + 5).contains(&at)), "{to:?}");
            assert!(pane.top <= 7, "{to:?}");
        }
    }
}
