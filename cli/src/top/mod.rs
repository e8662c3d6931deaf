//! `gpu-fleet top`: the fleet and its queue, live. `feed` hears and asks the server, `state` is all that is shown and how it
//! changes, `view` turns it into lines; this file lets them take turns.

mod feed;
mod fleet;
mod ink;
mod keys;
mod layout;
mod link;
mod pane;
mod queue;
mod snapshot;
mod state;
mod terminal;
#[cfg(test)]
mod testing;
mod view;

use std::io::IsTerminal;
use std::time::Duration;

use chrono::Utc;
use crossterm::event::{Event, KeyEventKind};
use cynic::QueryBuilder;
use futures_util::StreamExt;
use ratatui::layout::Rect;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, sleep_until};

use crate::api::{Viewer, WhoAmI};
use crate::args::top::TopArgs;
use crate::client::{Client, Failure};
use crate::output::style::wants_colours;
use feed::Ends;
use ink::{Ink, locale_is_utf8};
use keys::Wish;
use state::{News, Sight, State, Who};
use terminal::Screen;

/// News are drawn this often at most; a key is answered at once.
const BETWEEN_PICTURES: Duration = Duration::from_millis(100);
/// Clocks move on.
const TICK: Duration = Duration::from_secs(1);

/// Shows the fleet until somebody has seen enough.
pub(crate) async fn run(args: TopArgs) -> Result<u8, Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "top needs a terminal; for programs there are gpu-fleet gpus --json and gpu-fleet jobs --json"
                .to_owned(),
        ));
    }
    let client = Client::from_args(&args.to)?;
    // Whoever is not let in learns it while the terminal is still a plain one.
    let viewer = client.run(WhoAmI::build(())).await?.viewer;
    let ink = Ink {
        colours: wants_colours(&std::io::stdout()),
        unicode: !args.no_unicode && locale_is_utf8(|name| std::env::var(name).ok()),
    };
    let state = State::new(who(&client, &viewer), ink, args.view, args.readonly);
    let mut signals = Signals::listen()?;
    let ends = feed::start(args.to, client);
    let screen = Screen::take()?;
    Show { state, screen, ends, next_picture: Instant::now(), is_stale: true }.go_on(&mut signals).await
}

fn who(client: &Client, viewer: &Viewer) -> Who {
    let server = client.server();
    let host = server.host_str().unwrap_or_default();
    let server = server.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let role = viewer.role.as_str().to_lowercase();
    let name = match &viewer.organization {
        Some(of) if viewer.role != crate::api::Role::Operator => {
            format!("{}, {role} of {}", viewer.subject, of.slug)
        }
        _ => format!("{}, {role}", viewer.subject),
    };
    Who { server, name, role: viewer.role }
}

/// Signals that end it in good order.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
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

    /// The exit code that the next one leads to, as a shell would tell it.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = self.hang_up.recv() => 129,
        }
    }
}

/// Everything together.
struct Show {
    state: State,
    screen: Screen,
    ends: Ends,
    next_picture: Instant,
    /// Something has changed since it was drawn.
    is_stale: bool,
}

impl Show {
    async fn go_on(mut self, signals: &mut Signals) -> Result<u8, Failure> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                code = signals.next() => return Ok(code),
                event = self.screen.keys.next() => match event {
                    Some(Ok(event)) => if self.event(event)? { return Ok(0) },
                    // The terminal is gone.
                    Some(Err(_)) | None => return Ok(1),
                },
                () = sleep_until(self.next_picture), if self.is_stale => self.draw()?,
                Some(news) = self.ends.news.recv() => self.news(news),
                over = &mut self.ends.over => {
                    return Err(over.unwrap_or_else(|error| Failure::Other(error.to_string())));
                }
                _ = tick.tick() => self.is_stale = true,
            }
        }
    }

    fn news(&mut self, news: News) {
        let uses_came = matches!(news, News::Snapshot { .. } | News::Uses(_));
        if let Some(order) = self.state.take(news, Utc::now()) {
            // Where there is no room, the next change asks again.
            self.ends.orders.try_send(order).ok();
        }
        if uses_came {
            self.ask_in_turn();
        }
        self.is_stale = true;
    }

    /// Answers whether that was enough.
    fn event(&mut self, event: Event) -> Result<bool, Failure> {
        let now = Utc::now();
        self.is_stale = true;
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => match self.state.key(key, now) {
                Some(Wish::Quit) => return Ok(true),
                Some(Wish::Suspend) => self.screen.sleep()?,
                Some(Wish::Redraw) => self.screen.clear()?,
                Some(Wish::Ask(order)) => {
                    // The queue of orders is short, and a person is not that fast.
                    self.ends.orders.try_send(order).ok();
                }
                None => {}
            },
            _ => {}
        }
        self.next_picture = Instant::now();
        Ok(false)
    }

    fn draw(&mut self) -> Result<(), Failure> {
        let now = Utc::now();
        let size = self.screen.size()?;
        self.state.settle(Rect::new(0, 0, size.width, size.height), now);
        let state = &self.state;
        self.screen.draw(|frame| view::draw(frame, state, now))?;
        self.is_stale = false;
        self.next_picture = Instant::now() + BETWEEN_PICTURES;
        let sight = self.state.sight(now);
        self.ends.sight.send_if_modified(|known| {
            let sight = Sight { uses: std::mem::take(&mut known.uses), ..sight };
            let changed = *known != Sight { uses: Vec::new(), ..sight.clone() };
            *known = sight;
            changed
        });
        Ok(())
    }

    /// Of allocated GPUs out of sight a few more are asked for their use.
    fn ask_in_turn(&mut self) {
        let uses = self.state.next_uses();
        self.ends.sight.send_if_modified(|known| {
            known.uses = uses;
            false
        });
    }
}
