//! The processes of one attempt on one machine: what truly runs, whatever anybody believes.

use crate::time::Millis;

/// How a command behaves: drawn before it starts, so that everything about a history follows from its seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Conduct {
    /// How long its work takes.
    pub(crate) works_for: Millis,
    /// Its exit code then.
    pub(crate) code: i32,
    /// What it does when it is asked to end; none: it does not listen.
    pub(crate) goodbye: Option<Goodbye>,
    /// How long something that it started in the background goes on after it.
    pub(crate) background_for: Millis,
    /// How long SIGKILL has no effect on it, for it hangs in the kernel.
    pub(crate) hangs_for: Millis,
}

/// How a command ends when it is asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Goodbye {
    /// After so long.
    pub(crate) after: Millis,
    /// With this exit code: zero says nothing about its work being done.
    pub(crate) code: i32,
}

/// How the command's own process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, its work being done or having failed.
    Done(i32),
    /// By itself, because it was asked to.
    Asked(i32),
    /// By SIGKILL.
    Killed,
}

/// The processes.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The number of the command's own process.
    pub(crate) pid: i32,
    /// The cards that it uses.
    pub(crate) gpus: Vec<String>,
    /// Thousandths of the card.
    pub(crate) milli: i32,
    /// When it was started.
    pub(crate) started_at: Millis,
    /// How the command's own process ended.
    pub(crate) end: Option<End>,
    /// When the last process was gone.
    pub(crate) gone_at: Option<Millis>,
    conduct: Conduct,
    asked_at: Option<Millis>,
    /// When SIGKILL was sent first, and to all or to the command's own process alone.
    killed_at: Option<Millis>,
    main_killed_at: Option<Millis>,
    background_until: Millis,
}

impl Tree {
    /// A command that starts now.
    #[must_use]
    pub(crate) fn new(pid: i32, gpus: Vec<String>, milli: i32, conduct: Conduct, now: Millis) -> Self {
        Self {
            pid,
            gpus,
            milli,
            started_at: now,
            end: None,
            gone_at: None,
            conduct,
            asked_at: None,
            killed_at: None,
            main_killed_at: None,
            background_until: now + conduct.works_for + conduct.background_for,
        }
    }

    /// Whether a process is left.
    #[must_use]
    pub(crate) fn is_alive(&self) -> bool {
        self.gone_at.is_none()
    }

    /// Whether all that is left hangs in the kernel: it does nothing any more, and holds its cards.
    #[must_use]
    pub(crate) fn only_hangs(&self, now: Millis) -> bool {
        self.killed_at.is_some_and(|at| now > at)
    }

    /// Whether a card lists it; it does a while longer than the process lives.
    #[must_use]
    pub(crate) fn is_listed(&self, uuid: &str, lingers: Millis, now: Millis) -> bool {
        self.gpus.iter().any(|own| own == uuid) && self.gone_at.is_none_or(|at| now < at + lingers)
    }

    /// SIGTERM to every process.
    pub(crate) fn ask_to_end(&mut self, now: Millis) {
        self.asked_at.get_or_insert(now);
    }

    /// SIGKILL to every process.
    pub(crate) fn kill(&mut self, now: Millis) {
        self.killed_at.get_or_insert(now);
    }

    /// Its shim was killed, and the command's own process dies with it; what that has started in the background does not.
    pub(crate) fn lose_shim(&mut self, now: Millis) {
        self.main_killed_at.get_or_insert(now);
    }

    /// The machine is off.
    pub(crate) fn vanish(&mut self, now: Millis) {
        self.end.get_or_insert(End::Killed);
        self.gone_at.get_or_insert(now);
    }

    /// Hangs no more.
    pub(crate) fn comes_loose(&mut self) {
        self.conduct.hangs_for = 0;
    }

    /// Lets it go on until now.
    pub(crate) fn run(&mut self, now: Millis) {
        if self.gone_at.is_some() {
            return;
        }
        let killed = |at: Option<Millis>, hangs: Millis| at.is_some_and(|at| now > at + hangs);
        if self.end.is_none() {
            let done_at = self.started_at + self.conduct.works_for;
            let goodbye = self.asked_at.zip(self.conduct.goodbye);
            if killed(self.killed_at, self.conduct.hangs_for)
                || killed(self.main_killed_at, self.conduct.hangs_for)
            {
                self.end = Some(End::Killed);
            } else if self.killed_at.or(self.main_killed_at).is_some() {
                // It hangs.
            } else if let Some((at, goodbye)) = goodbye.filter(|(at, goodbye)| now >= at + goodbye.after)
                && at + goodbye.after < done_at
            {
                self.end = Some(End::Asked(goodbye.code));
            } else if now >= done_at {
                self.end = Some(End::Done(self.conduct.code));
            }
        }
        let background = self.conduct.background_for > 0
            && now < self.background_until
            && !killed(self.killed_at, self.conduct.hangs_for);
        if self.end.is_some() && !background {
            self.gone_at = Some(now);
        }
    }
}
