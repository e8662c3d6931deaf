//! The task that sends all logs: gathers new lines of every attempt into one request after the other.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use super::tail::{Budget, Tail};
use super::{Chunk, Logs, Request};
use crate::uplink::{Appended, Link};

/// How stale a live log may be.
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// One request, measured in JSON: it must stay below the 256 kB that servers accept.
const REQUEST_BYTES: usize = 180 * 1024;
const REQUEST_LINES: usize = 2000;

/// A log being sent, and who waits for the end of it.
struct Followed {
    tail: Tail,
    done: Option<oneshot::Sender<()>>,
}

/// Sends logs until nobody can ask for it any more.
pub(crate) struct Pump {
    requests: mpsc::UnboundedReceiver<Request>,
    followed: Vec<Followed>,
    /// Who comes first next time, so that a flood of one job does not starve the others.
    turn: usize,
}

impl Pump {
    /// The task, and where to ask it.
    pub(crate) fn new() -> (Logs, Self) {
        let (sender, requests) = mpsc::unbounded_channel();
        (Logs { requests: sender }, Self { requests, followed: Vec::new(), turn: 0 })
    }

    /// Works until dropped.
    pub(crate) async fn run(mut self, link: &Link) {
        let mut checks = interval(CHECK_EVERY);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = checks.tick() => {}
                request = self.requests.recv() => match request {
                    // Only an end is worth a look before the next tick.
                    Some(request) => if !self.take(request) { continue },
                    None => return,
                },
            }
            while let Ok(request) = self.requests.try_recv() {
                self.take(request);
            }
            self.send_all(link).await;
        }
    }

    fn take(&mut self, request: Request) -> bool {
        match request {
            Request::Follow(id, path) => {
                self.followed.push(Followed { tail: Tail::new(id, path), done: None });
                false
            }
            Request::Finish(id, done) => {
                if let Some(followed) = self.followed.iter_mut().find(|followed| followed.tail.id == id) {
                    followed.tail.complete = true;
                    followed.done = Some(done);
                }
                // Of a log that is not followed nothing is left to send: dropping `done` says so.
                true
            }
            Request::Forget(id) => {
                self.followed.retain(|followed| followed.tail.id != id);
                false
            }
        }
    }

    /// Sends until nothing is new.
    async fn send_all(&mut self, link: &Link) {
        loop {
            let chunks = self.gather();
            self.let_go_of_finished(&chunks);
            if chunks.is_empty() {
                return;
            }
            let answers = link.append_logs(&chunks).await;
            let mut moved = false;
            for (chunk, answer) in chunks.iter().zip(answers) {
                moved |= answer != Appended::Next(chunk.first_line);
                self.take_in(chunk, answer);
            }
            if !moved {
                // The server wants none of it yet; asking again at once would only load it.
                return;
            }
            while let Ok(request) = self.requests.try_recv() {
                self.take(request);
            }
        }
    }

    fn gather(&mut self) -> Vec<Chunk> {
        let mut budget = Budget { bytes: REQUEST_BYTES, lines: REQUEST_LINES };
        let count = self.followed.len().max(1);
        self.turn = (self.turn + 1) % count;
        let (before, after) = self.followed.split_at(self.turn.min(self.followed.len()));
        let in_turn = after.iter().chain(before);
        in_turn.filter_map(|followed| read_or_complain(&followed.tail, &mut budget)).collect()
    }

    /// A complete log of which nothing was gathered was sent to its end, unless the request was full before its turn came.
    fn let_go_of_finished(&mut self, chunks: &[Chunk]) {
        self.followed.retain_mut(|Followed { tail, done }| {
            let waiting = done.is_some() && !chunks.iter().any(|chunk| chunk.id == tail.id);
            let finished = waiting && tail.is_sent();
            if finished && let Some(done) = done.take() {
                let _ = done.send(());
            }
            !finished
        });
    }

    fn take_in(&mut self, chunk: &Chunk, answer: Appended) {
        let Some(place) = self.followed.iter().position(|followed| followed.tail.id == chunk.id) else {
            return;
        };
        let moved = match answer {
            Appended::Next(line) => {
                self.followed.get_mut(place).map(|followed| followed.tail.acknowledged(chunk, line))
            }
            // Whoever waits is told by the drop that nothing more will be sent.
            Appended::Refused => {
                self.followed.remove(place);
                None
            }
        };
        if let Some(Err(error)) = moved {
            tracing::error!(attempt = %chunk.id, %error, "cannot read a job's log any more");
            self.followed.remove(place);
        }
    }
}

fn read_or_complain(tail: &Tail, budget: &mut Budget) -> Option<Chunk> {
    tail.read(budget)
        .inspect_err(|error| tracing::warn!(attempt = %tail.id, %error, "cannot read a job's log"))
        .unwrap_or_default()
}
