//! Sends what jobs write, while they write it: one task follows the log files of all attempts.
//!
//! The files hold everything until the attempt is over, so nothing is kept in memory but the place that was reached. The
//! server says which line it wants next; that answer, not what was sent, moves the place.

mod pump;
mod tail;

pub(crate) use pump::Pump;
pub(crate) use tail::Chunk;

use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

use crate::attempt::AttemptId;

/// What attempts ask of the task.
enum Request {
    Follow(AttemptId, PathBuf),
    Finish(AttemptId, oneshot::Sender<()>),
    Forget(AttemptId),
}

/// Where attempts ask for their logs to be sent. Requests are as few as attempts, so the queue needs no bound.
#[derive(Clone)]
pub(crate) struct Logs {
    requests: mpsc::UnboundedSender<Request>,
}

impl Logs {
    /// Begins to send a log from its first line; the server says which lines it has.
    pub(crate) fn follow(&self, id: AttemptId, path: PathBuf) {
        self.ask(Request::Follow(id, path));
    }

    /// Waits until all of a log that will not grow any more was sent.
    pub(crate) async fn finish(&self, id: AttemptId) {
        let (done, sent) = oneshot::channel();
        self.ask(Request::Finish(id, done));
        let _ = sent.await;
    }

    /// Stops sending a log.
    pub(crate) fn forget(&self, id: AttemptId) {
        self.ask(Request::Forget(id));
    }

    /// Fails only while the agent shuts down, when logs are no longer sent.
    fn ask(&self, request: Request) {
        let _ = self.requests.send(request);
    }
}
