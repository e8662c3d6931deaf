//! What a large fleet costs a server that has nothing else to do: its agents' signs of life, and the channels they keep open.

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use system_tests::{Fleet, PlayedHost};
use tokio::task::JoinSet;

/// Agents, each of a host with so many GPUs.
const AGENTS: usize = 500;
const GPUS: usize = 8;
/// Each gives a sign of life this often, with a sample of each of its GPUs.
const EVERY: Duration = Duration::from_secs(10);
/// Agents that join at once.
const AT_ONCE: usize = 8;

/// The part of a core that the server uses, in percent, over at least three rounds of signs of life.
pub(crate) async fn cost(fleet: &Fleet, span: Duration) -> f64 {
    let names = (0..AGENTS).map(|number| format!("played-{number:03}"));
    let joined = stream::iter(names).map(|name| async move { PlayedHost::join(fleet, &name, GPUS).await });
    let hosts: Vec<PlayedHost> = joined.buffer_unordered(AT_ONCE).collect().await;
    let mut agents = JoinSet::new();
    let begin = tokio::time::Instant::now();
    for (number, host) in hosts.into_iter().enumerate() {
        agents.spawn(async move {
            let mut channel = host.assignments().await;
            channel.next().await.expect("what it is to run");
            // Spread over the time between two rounds, as agents of a real fleet are.
            let first = begin + EVERY + EVERY.mul_f64(number as f64 / AGENTS as f64);
            let mut rounds = tokio::time::interval_at(first, EVERY);
            loop {
                rounds.tick().await;
                host.heartbeat("FREE", json!([])).await.expect("a sign of life that is taken");
            }
        });
    }
    // The first round counts as getting there.
    tokio::time::sleep_until(begin + EVERY * 2).await;
    let (before, began) = (fleet.cpu_seconds(), Instant::now());
    tokio::time::sleep(span.max(EVERY * 3)).await;
    let used = (fleet.cpu_seconds() - before) / began.elapsed().as_secs_f64() * 100.0;
    assert!(agents.try_join_next().is_none(), "every agent goes on");
    used
}
