//! Colours of a terminal: the sixteen plain ones, on the terminal's own background, always beside the word that says the
//! same. Output that is read by programs has none.

use std::io::IsTerminal;

use crate::api::{GpuHealth, GpuStatus, GpuUse, HostStatus, JobStatus};

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Strong,
    Faint,
    Run,
    Wait,
    Good,
    Bad,
    Move,
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Run => Some("34"),
            Self::Wait => Some("33"),
            Self::Good => Some("32"),
            Self::Bad => Some("31"),
            Self::Move => Some("35"),
        }
    }

    /// The text in this colour, or as it is where there are no colours.
    pub(crate) fn paint(self, text: &str, colours: bool) -> String {
        match self.code() {
            Some(code) if colours => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// Whether to colour what goes to this stream: only a terminal, and not where NO_COLOR asks for none.
pub(crate) fn wants_colours(stream: &impl IsTerminal) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !set("NO_COLOR") && !dumb
}

/// A job's state.
pub(crate) fn job_tone(status: JobStatus) -> Tone {
    match status {
        JobStatus::Queued | JobStatus::Held => Tone::Wait,
        JobStatus::Allocated | JobStatus::Running => Tone::Run,
        JobStatus::Stopping => Tone::Move,
        JobStatus::Succeeded => Tone::Good,
        JobStatus::Failed | JobStatus::TimedOut => Tone::Bad,
        JobStatus::Cancelled => Tone::Faint,
    }
}

/// A host's state.
pub(crate) fn host_tone(status: HostStatus) -> Tone {
    match status {
        HostStatus::Ready => Tone::Good,
        HostStatus::Draining | HostStatus::Drained => Tone::Wait,
        HostStatus::Down => Tone::Bad,
    }
}

/// A GPU's state.
pub(crate) fn gpu_tone(status: GpuStatus, health: GpuHealth) -> Tone {
    match (status, health) {
        (GpuStatus::Quarantined, _) | (_, GpuHealth::Failed) => Tone::Bad,
        (_, GpuHealth::Degraded) | (GpuStatus::Unavailable, _) => Tone::Wait,
        (GpuStatus::Allocated, _) => Tone::Run,
        (GpuStatus::Available, _) => Tone::Plain,
    }
}

/// What is on a GPU.
pub(crate) fn use_tone(in_use: GpuUse) -> Tone {
    match in_use {
        GpuUse::Free => Tone::Faint,
        GpuUse::Working => Tone::Run,
        GpuUse::HeldIdle | GpuUse::HeldEmpty => Tone::Wait,
        GpuUse::Foreign | GpuUse::Orphaned => Tone::Bad,
    }
}
