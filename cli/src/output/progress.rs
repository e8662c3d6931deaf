//! Progress of long work, on a terminal alone: nothing is drawn where nobody looks.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Form, Output};

const TICK: Duration = Duration::from_millis(120);

/// A bar up to so many; the template says of what.
pub(crate) fn bar(total: u64, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    styled(ProgressBar::new(total), template)
}

/// A sign that turns while nobody knows how much there is.
pub(crate) fn spinner(template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = styled(ProgressBar::new_spinner(), template);
    spinner.enable_steady_tick(TICK);
    spinner
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

impl Output {
    /// Whether a person looks on who wants to know how far it is.
    pub(crate) fn wants_progress(self) -> bool {
        self.form == Form::Tables && std::io::stderr().is_terminal()
    }
}
