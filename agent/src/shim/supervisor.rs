//! The shim's loop: moves output, obeys signals, keeps time, watches the host's lease, and ends when the whole tree is gone.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use chrono::Utc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::command::Child;
use super::contained::Contained;
use super::output::{Log, Pipe};
use super::tree::{End, Inside, Reach, Tree};
use crate::attempt::frame::Stream;
use crate::attempt::{AttemptDir, ExitRecord, Spec, brief};
use crate::cgroup::{Cgroup, oom_kills_of_host};
use crate::clock::millis_since_boot;
use crate::container::Outcome;
use crate::decide::course::{Course, Do, GIVE_UP_AFTER};
use crate::lease::LeaseWatch;

/// How often the host's lease is looked at, and a container.
const LOOKS: Duration = Duration::from_secs(1);
/// Reads that empty the largest pipe that Linux gives an ordinary user, 1 MiB.
const FULL_PIPE_READS: usize = 16;

/// What signals have asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    to_stop: bool,
    to_kill: bool,
}

pub(super) struct Supervisor {
    tree: Tree,
    container: Option<Contained>,
    lease: LeaseWatch,
    looked_at: Instant,
    course: Course,
    signals: SignalFd,
    pipes: [Pipe; 2],
    log: Log,
    end: Option<End>,
    oom_kills_before: Option<u64>,
}

impl Supervisor {
    pub(super) fn new(dir: &AttemptDir, spec: &Spec, child: Child, signals: SigSet) -> io::Result<Self> {
        let limit = spec.time_limit_seconds.map(Duration::from_secs);
        Ok(Self {
            tree: Tree {
                main: child.pid,
                cgroup: spec.cgroup.clone().map(Cgroup::at),
                container: spec
                    .container
                    .as_ref()
                    .map(|container| Inside { id_file: dir.container(), has_init: container.runtime.init }),
            },
            container: spec.container.clone().map(|container| Contained::new(container, dir)),
            lease: LeaseWatch::new(spec.lease.clone()),
            looked_at: Instant::now(),
            course: Course::new(Duration::from_secs(spec.grace_seconds), limit, Instant::now()),
            signals: SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?,
            pipes: [Pipe::new(child.stdout, Stream::Stdout)?, Pipe::new(child.stderr, Stream::Stderr)?],
            log: Log::create(&dir.log())?,
            end: None,
            oom_kills_before: oom_kills_of_host(),
        })
    }

    /// Runs until the tree is gone, or will not go.
    pub(super) fn run(mut self) -> ExitRecord {
        let tree_gone = loop {
            self.wait();
            self.course.in_container = self.container.as_ref().is_some_and(Contained::was_made);
            let asked = self.read_signals();
            for pipe in &mut self.pipes {
                pipe.pump(&mut self.log);
            }
            // Before anything is done for a signal: a command that has ended by itself was not asked to.
            let reaped = self.tree.reap();
            self.end = self.end.or(reaped.end);
            self.course.is_over = self.is_over();
            self.obey(asked);
            if reaped.empty {
                break true;
            }
            self.look_around(Instant::now());
            let due = self.course.advance(self.end.is_some(), Instant::now());
            if due == Do::GiveUp {
                break false;
            }
            self.perform(due);
        };
        self.drain();
        self.take_down(tree_gone);
        self.record(tree_gone)
    }

    /// Sleeps until output, a signal or the next deadline.
    fn wait(&self) {
        let mut descriptors = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        descriptors.extend(
            self.pipes.iter().filter_map(Pipe::descriptor).map(|pipe| PollFd::new(pipe, PollFlags::POLLIN)),
        );
        let left = self.course.next_deadline(Instant::now()).unwrap_or(LOOKS).min(LOOKS);
        // Rounded up, or the loop would spin through the last millisecond.
        let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        // An interrupted poll is as good as one that timed out: everything is looked at in each round anyway.
        let _ = poll(&mut descriptors, timeout);
    }

    /// What is asked of this process.
    fn read_signals(&self) -> Asked {
        let mut asked = Asked::default();
        while let Ok(Some(information)) = self.signals.read_signal() {
            match Signal::try_from(information.ssi_signo.cast_signed()) {
                Ok(Signal::SIGTERM) => asked.to_stop = true,
                Ok(Signal::SIGUSR1) => asked.to_kill = true,
                _ => {}
            }
        }
        asked
    }

    fn obey(&mut self, asked: Asked) {
        if asked.to_stop {
            let due = self.course.stop(Instant::now());
            self.perform(due);
        }
        if asked.to_kill {
            let due = self.course.kill(Instant::now());
            self.perform(due);
        }
    }

    fn perform(&mut self, due: Do) {
        match due {
            Do::Nothing | Do::GiveUp => {}
            // Its client is at work alone, and would take the exit code with it.
            Do::AskToEnd if self.container.as_ref().is_some_and(Contained::is_over) => {}
            Do::AskToEnd => self.tree.ask_to_end(),
            Do::KillInside => self.tree.kill(Reach::Inside),
            Do::Kill => {
                if let Some(container) = &mut self.container {
                    container.is_taken_by_force();
                }
                self.tree.kill(Reach::All);
            }
        }
    }

    /// Nobody is left who could be asked to end: of a container its client may still be at work then.
    fn is_over(&self) -> bool {
        self.end.is_some() || self.container.as_ref().is_some_and(Contained::is_over)
    }

    fn look_around(&mut self, now: Instant) {
        if now.duration_since(self.looked_at) < LOOKS {
            return;
        }
        self.looked_at = now;
        if let Some(container) = self.container.as_mut().filter(|_| self.course.in_container) {
            container.look_inside();
        }
        let state = self.lease.look();
        let due = self.course.watch_lease(state, self.lease.left().unwrap_or_default(), now);
        self.perform(due);
    }

    /// What its runtime would do at the end of a container that ends by itself.
    fn take_down(&mut self, tree_gone: bool) {
        let killed = matches!(self.end, Some(End::Signaled(_)) | None);
        if let Some(container) = &mut self.container
            && (killed || !tree_gone)
        {
            container.remove();
        }
    }

    /// Takes the last output: no more than pipes can hold, since a stranger may have been handed an end and write for ever.
    fn drain(&mut self) {
        for pipe in &mut self.pipes {
            for _ in 0..FULL_PIPE_READS {
                if !pipe.pump(&mut self.log) {
                    break;
                }
            }
            pipe.finish(&mut self.log);
        }
    }

    fn record(&self, tree_gone: bool) -> ExitRecord {
        let code_lost = self.code_was_lost();
        let (exit_code, signal) = match self.end.filter(|_| !code_lost) {
            Some(End::Exited(code)) => (Some(code), None),
            Some(End::Signaled(signal)) => (None, Some(signal)),
            None => (None, None),
        };
        let outcome = self.outcome(exit_code);
        let (never_ran, image_refused) = match &outcome {
            Outcome::NeverRan { image_refused, .. } => (true, *image_refused),
            _ => (false, false),
        };
        ExitRecord {
            exit_code: exit_code.filter(|_| !never_ran),
            signal,
            timed_out: self.course.timed_out,
            stopped: self.course.stopped,
            stopped_late: Some(self.course.stopped_late),
            reason: self.reason(tree_gone, signal, outcome).map(|reason| brief(&reason)),
            tree_gone,
            finished_at: Utc::now(),
            finished_after_boot: Some(millis_since_boot()),
            lease_lost: self.course.lease_lost,
            never_started: never_ran,
            image_refused,
            lost: code_lost,
        }
    }

    /// A container had ended by itself, and its client, which was to tell how, was killed before it did.
    fn code_was_lost(&self) -> bool {
        let killed = !matches!(self.end, Some(End::Exited(_)));
        killed && !self.was_asked() && self.container.as_ref().is_some_and(Contained::is_over)
    }

    /// Its command was asked to end before it ended.
    fn was_asked(&self) -> bool {
        self.course.stopped || self.course.timed_out || self.course.lease_lost
    }

    /// What the end of a container's client says. Of what was asked to stop nothing is concluded.
    fn outcome(&self, exit_code: Option<i32>) -> Outcome {
        match (&self.container, exit_code) {
            (Some(container), Some(code)) if !self.was_asked() => {
                container.outcome(code, &self.log.last_error())
            }
            _ => Outcome::OfCommand,
        }
    }

    /// Time limit, lease, memory and signals are told apart; an exit code speaks for itself.
    fn reason(&self, tree_gone: bool, signal: Option<i32>, outcome: Outcome) -> Option<String> {
        if !tree_gone {
            return Some(format!("processes outlived SIGKILL for {} s", GIVE_UP_AFTER.as_secs()));
        }
        if self.course.timed_out {
            return Some("the time limit was reached".to_owned());
        }
        if self.course.lease_lost {
            return Some("this host had lost the server for longer than its lease".to_owned());
        }
        if self.code_was_lost() {
            return Some("its container had ended, and what was to tell how was killed".to_owned());
        }
        if let Some(reason) = self.out_of_memory(signal) {
            return Some(reason);
        }
        if let Some(signal) = signal.filter(|_| !self.course.stopped) {
            let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
            return Some(format!("killed by {name}"));
        }
        match outcome {
            Outcome::NotStarted(reason) | Outcome::NeverRan { reason, .. } => Some(reason),
            Outcome::OfCommand => self.log.failure(),
        }
    }

    /// The job's own control group knows for certain. Elsewhere a SIGKILL that nobody here sent, while the kernel killed somebody
    /// on this host for want of memory, most likely was that.
    fn out_of_memory(&self, signal: Option<i32>) -> Option<String> {
        let own = self.tree.cgroup.as_ref().and_then(Cgroup::oom_kills);
        match own {
            Some(0) => None,
            Some(count) => Some(format!("out of memory: the kernel killed {count} of its processes")),
            None => {
                let killed = oom_kills_of_host()?.saturating_sub(self.oom_kills_before?);
                let by_kernel = signal == Some(Signal::SIGKILL as i32) && !self.course.stopped && killed > 0;
                by_kernel.then(|| {
                    format!("killed by SIGKILL while the host was out of memory ({killed} processes were killed for it)")
                })
            }
        }
    }
}
