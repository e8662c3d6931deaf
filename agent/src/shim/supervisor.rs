//! The shim's loop: moves output, obeys signals, keeps time, watches the host's lease, and ends when the whole tree is gone.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use chrono::Utc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::command::Child;
use super::output::{Log, Pipe};
use super::tree::{End, Tree};
use crate::attempt::frame::Stream;
use crate::attempt::{AttemptDir, ExitRecord, Spec, brief};
use crate::cgroup::{Cgroup, oom_kills_of_host};
use crate::clock::millis_since_boot;
use crate::decide::course::{Course, Do, GIVE_UP_AFTER};
use crate::lease::LeaseWatch;

/// How often the host's lease is looked at.
const LEASE_LOOKS: Duration = Duration::from_secs(1);
/// Reads that empty the largest pipe that Linux gives an ordinary user, 1 MiB.
const FULL_PIPE_READS: usize = 16;

pub(super) struct Supervisor {
    tree: Tree,
    lease: LeaseWatch,
    lease_looked_at: Instant,
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
            tree: Tree { main: child.pid, cgroup: spec.cgroup.clone().map(Cgroup::at) },
            lease: LeaseWatch::new(spec.lease.clone()),
            lease_looked_at: Instant::now(),
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
            self.read_signals();
            for pipe in &mut self.pipes {
                pipe.pump(&mut self.log);
            }
            let reaped = self.tree.reap();
            self.end = self.end.or(reaped.end);
            if reaped.empty {
                break true;
            }
            self.watch_lease(Instant::now());
            let due = self.course.advance(self.end.is_some(), Instant::now());
            if due == Do::GiveUp {
                break false;
            }
            self.perform(due);
        };
        self.drain();
        self.record(tree_gone)
    }

    /// Sleeps until output, a signal or the next deadline.
    fn wait(&self) {
        let mut descriptors = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        descriptors.extend(
            self.pipes.iter().filter_map(Pipe::descriptor).map(|pipe| PollFd::new(pipe, PollFlags::POLLIN)),
        );
        let left = self.course.next_deadline(Instant::now()).unwrap_or(LEASE_LOOKS).min(LEASE_LOOKS);
        // Rounded up, or the loop would spin through the last millisecond.
        let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        // An interrupted poll is as good as one that timed out: everything is looked at in each round anyway.
        let _ = poll(&mut descriptors, timeout);
    }

    fn read_signals(&mut self) {
        while let Ok(Some(information)) = self.signals.read_signal() {
            match Signal::try_from(information.ssi_signo.cast_signed()) {
                Ok(Signal::SIGTERM) => {
                    let due = self.course.stop(Instant::now());
                    self.perform(due);
                }
                Ok(Signal::SIGUSR1) => {
                    let due = self.course.kill(Instant::now());
                    self.perform(due);
                }
                _ => {}
            }
        }
    }

    fn perform(&self, due: Do) {
        match due {
            Do::Nothing | Do::GiveUp => {}
            Do::AskToEnd => self.tree.ask_to_end(),
            Do::Kill => self.tree.kill(),
        }
    }

    fn watch_lease(&mut self, now: Instant) {
        if now.duration_since(self.lease_looked_at) < LEASE_LOOKS {
            return;
        }
        self.lease_looked_at = now;
        let state = self.lease.look();
        let due = self.course.watch_lease(state, self.lease.left().unwrap_or_default(), now);
        self.perform(due);
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
        let (exit_code, signal) = match self.end {
            Some(End::Exited(code)) => (Some(code), None),
            Some(End::Signaled(signal)) => (None, Some(signal)),
            None => (None, None),
        };
        ExitRecord {
            exit_code,
            signal,
            timed_out: self.course.timed_out,
            stopped: self.course.stopped,
            reason: self.reason(tree_gone, signal).map(|reason| brief(&reason)),
            tree_gone,
            finished_at: Utc::now(),
            finished_after_boot: Some(millis_since_boot()),
            lease_lost: self.course.lease_lost,
            never_started: false,
            lost: false,
        }
    }

    /// Time limit, lease, memory and signals are told apart; an exit code speaks for itself.
    fn reason(&self, tree_gone: bool, signal: Option<i32>) -> Option<String> {
        if !tree_gone {
            return Some(format!("processes outlived SIGKILL for {} s", GIVE_UP_AFTER.as_secs()));
        }
        if self.course.timed_out {
            return Some("the time limit was reached".to_owned());
        }
        if self.course.lease_lost {
            return Some("this host had lost the server for longer than its lease".to_owned());
        }
        if let Some(reason) = self.out_of_memory(signal) {
            return Some(reason);
        }
        if let Some(signal) = signal.filter(|_| !self.course.stopped) {
            let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
            return Some(format!("killed by {name}"));
        }
        self.log.failure()
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
