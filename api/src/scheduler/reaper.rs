//! Looks after silent hosts. After a few missed heartbeats a host is down: nothing new is placed on it. Once the lease that it
//! was granted has ended, and its agent's jobs with it, its GPUs are given away; never earlier, and never because this server
//! was blind itself.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::HostId;
use tokio::task::JoinHandle;

use super::listening::Listening;
use super::terms::{LeaseTerms, Silence};
use crate::fault::Fault;
use crate::store::Store;
use crate::store::agents::SignOfLife;

const EVERY: Duration = Duration::from_secs(1);
/// Events are history, and cursors point into it, for so long.
const HISTORY_DAYS: i64 = 30;
/// Who changed what can be read for so long: a year, and a month in which it is asked for.
const AUDIT_DAYS: i64 = 400;
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// A host's silence, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    sign: SignOfLife,
    silent: Duration,
    verdict: Silence,
}

impl Judged {
    /// The host that is silent.
    #[must_use]
    pub fn host(&self) -> HostId {
        self.sign.host
    }
}

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
        let clock = self.store.clock().clone();
        let mut pruned = clock.instant();
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(fault) = self.look().await {
                tracing::warn!(%fault, "hosts cannot be looked after");
                self.listening.was_deaf();
            }
            if clock.instant().duration_since(pruned) > PRUNE_EVERY {
                pruned = clock.instant();
                self.prune().await;
            }
        }
    }

    async fn look(&mut self) -> Result<(), Fault> {
        for judged in self.judge().await? {
            // The others are not to wait for one that fails; it is tried again at the next look.
            if let Err(fault) = self.act(judged).await {
                tracing::warn!(host = %judged.sign.host, %fault, "a silent host cannot be judged");
            }
        }
        Ok(())
    }

    /// The hosts about whose silence something is to be done.
    pub(super) async fn judge(&mut self) -> Result<Vec<Judged>, Fault> {
        let signs = self.store.signs_of_life().await?;
        let heard: Vec<_> = signs.iter().map(|sign| (sign.host, sign.at)).collect();
        let silences = self.listening.hear(&heard, self.store.clock().instant());
        let judge = |sign: SignOfLife| {
            let silent = silences.get(&sign.host).copied().unwrap_or_default();
            Judged { sign, silent, verdict: self.terms.judge(sign.lease, silent) }
        };
        let is_new = |judged: &Judged| {
            let done = self.done.get(&judged.sign.host) == Some(&(judged.sign.at, judged.verdict));
            !done && judged.verdict != Silence::Short
        };
        Ok(signs.into_iter().map(judge).filter(is_new).collect())
    }

    /// Does it, unless the host was heard of meanwhile.
    pub(super) async fn act(&mut self, judged: Judged) -> Result<(), Fault> {
        let Judged { sign, silent, verdict } = judged;
        if verdict == Silence::Suspect {
            self.store.suspect_host(sign.host, sign.at, silent).await?;
        } else {
            self.store.lose_host(sign.host, sign.at, sign.lease).await?;
        }
        self.done.insert(sign.host, (sign.at, verdict));
        Ok(())
    }

    async fn prune(&self) {
        let now = self.store.clock().now();
        let before = now - chrono::Duration::days(HISTORY_DAYS);
        if let Err(fault) = self.store.prune_events(before).await {
            tracing::warn!(%fault, "old events cannot be pruned");
        }
        let before = now - chrono::Duration::days(AUDIT_DAYS);
        if let Err(fault) = self.store.prune_audit(before).await {
            tracing::warn!(%fault, "old lines of the audit trail cannot be pruned");
        }
    }
}
