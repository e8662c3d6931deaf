//! Looks after silent hosts. After a few missed heartbeats a host is down: nothing new is placed on it. Once the lease that it
//! was granted has ended, and its agent's jobs with it, its GPUs are given away; never earlier, and never because this server
//! was blind itself.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::ids::HostId;
use tokio::task::JoinHandle;

use super::listening::Listening;
use super::terms::{LeaseTerms, Silence};
use crate::fault::Fault;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(1);
/// Events are history, and cursors point into it, for so long.
const HISTORY_DAYS: i64 = 30;
/// Who changed what can be read for so long: a year, and a month in which it is asked for.
const AUDIT_DAYS: i64 = 400;
const PRUNE_EVERY: Duration = Duration::from_secs(600);

pub(super) struct Reaper {
    store: Store,
    terms: LeaseTerms,
    listening: Listening,
    /// What was done about each host's silence, and since which sign of life.
    done: HashMap<HostId, (DateTime<Utc>, Silence)>,
}

impl Reaper {
    pub(super) fn new(store: Store, terms: LeaseTerms) -> Self {
        Self { store, terms, listening: Listening::default(), done: HashMap::new() }
    }

    pub(super) fn spawn(self) -> JoinHandle<()> {
        tokio::spawn(async move { self.run().await })
    }

    async fn run(mut self) {
        let mut pruned = Instant::now();
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(fault) = self.look().await {
                tracing::warn!(%fault, "hosts cannot be looked after");
                self.listening.was_deaf();
            }
            if pruned.elapsed() > PRUNE_EVERY {
                pruned = Instant::now();
                self.prune().await;
            }
        }
    }

    async fn look(&mut self) -> Result<(), Fault> {
        let signs = self.store.signs_of_life().await?;
        let heard: Vec<_> = signs.iter().map(|sign| (sign.host, sign.at)).collect();
        let silences = self.listening.hear(&heard, Instant::now());
        for sign in signs {
            let silent = silences.get(&sign.host).copied().unwrap_or_default();
            let verdict = self.terms.judge(sign.lease, silent);
            let known = self.done.get(&sign.host) == Some(&(sign.at, verdict));
            if known || verdict == Silence::Short {
                continue;
            }
            let judged = if verdict == Silence::Suspect {
                self.store.suspect_host(sign.host, sign.at, silent).await
            } else {
                self.store.lose_host(sign.host, sign.at, sign.lease).await
            };
            match judged {
                Ok(()) => drop(self.done.insert(sign.host, (sign.at, verdict))),
                // The others are not to wait for this one; it is tried again at the next look.
                Err(fault) => tracing::warn!(host = %sign.host, %fault, "a silent host cannot be judged"),
            }
        }
        Ok(())
    }

    async fn prune(&self) {
        let before = Utc::now() - chrono::Duration::days(HISTORY_DAYS);
        if let Err(fault) = self.store.prune_events(before).await {
            tracing::warn!(%fault, "old events cannot be pruned");
        }
        let before = Utc::now() - chrono::Duration::days(AUDIT_DAYS);
        if let Err(fault) = self.store.prune_audit(before).await {
            tracing::warn!(%fault, "old lines of the audit trail cannot be pruned");
        }
    }
}
