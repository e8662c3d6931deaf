//! `gpu-fleet demo`: the whole life of jobs, on a server of its own with simulated GPUs. Everything that it makes is gone
//! at the end, and that is checked and shown, however it ended.

mod cards;
mod cast;
mod cleanup;
mod conflict;
mod labs;
mod leftovers;
mod scenes;
mod screen;
mod server;
mod stage;

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use crate::args::fleet::DemoArgs;
use crate::client::Failure;
use crate::output::style::Tone;
use labs::Labs;
use server::Server;
use stage::Stage;

/// How fast the story goes.
#[derive(Debug, Clone, Copy)]
struct Tempo {
    beat: Duration,
}

impl Tempo {
    fn new(fast: bool) -> Self {
        Self { beat: Duration::from_millis(if fast { 400 } else { 1500 }) }
    }

    /// The length of so many beats.
    fn beats(self, count: u32) -> Duration {
        self.beat * count
    }
}

/// Plays the demonstration and clears it away.
pub(crate) async fn run(args: DemoArgs) -> Result<u8, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let stage = Stage::new();
    stage.note("Starting a throw-away server with 8 simulated GPUs …", Tone::Faint)?;
    let server = interrupts.unless_heard(Server::start()).await?;
    // Kept until all is cleared away, so that the screen shows how each job has ended.
    let mut feeds = JoinSet::new();
    let played = interrupts.unless_heard(play(&stage, &server, args, &mut feeds)).await;
    if args.keep && played.is_ok() {
        stage
            .note("The server stays for you to look around; Ctrl-C clears everything away.", Tone::Strong)?;
        interrupts.heard().await;
    }
    let cleared = cleanup::clear_away(&stage, server, feeds).await;
    // What went wrong first is what matters.
    played.and(cleared).map(|()| 0)
}

/// The story; `feeds` keep the screen up to date.
async fn play(
    stage: &Arc<Stage>,
    server: &Server,
    args: DemoArgs,
    feeds: &mut JoinSet<()>,
) -> Result<(), Failure> {
    let labs = Labs::found(stage, server).await?;
    stage.note(&format!("Dashboard: {}", server.sign_in_link(&labs.operator_token)), Tone::Strong)?;
    *feeds = stage.watch(&labs);
    scenes::play(stage, &labs, Tempo::new(args.fast), server.directory()).await
}

/// Ctrl-C, SIGTERM and a closed terminal: the play stops, the clearing away does not.
struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Interrupts {
    fn listen() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind).map_err(|error| Failure::Other(format!("cannot listen for signals: {error}")))
        };
        Ok(Self {
            interrupt: hear(SignalKind::interrupt())?,
            terminate: hear(SignalKind::terminate())?,
            hang_up: hear(SignalKind::hangup())?,
        })
    }

    async fn unless_heard<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            result = work => result,
            () = self.heard() => Err(Failure::Other("the demonstration was interrupted".to_owned())),
        }
    }

    async fn heard(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
