//! What each organization has held lately, on average: what was held a half-life ago counts half of what is held now.
//!
//! It is kept up from the allocations themselves, exactly: ∫ held(t) · 2^(−(now − t) / half-life) dt, scaled so that who
//! has always held eight GPUs has held eight lately.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::OrganizationId;
use domain::snapshot::OrganizationState;

use crate::fault::Fault;
use crate::store::Store;
use crate::store::allocations::Held;

/// Half-lives after which nothing counts any more: a thousandth is left.
const REMEMBERED: f64 = 10.0;
/// It changes slowly, and is brought up to date this seldom.
const EVERY: TimeDelta = TimeDelta::seconds(5);
/// So much is read at once.
const PART: TimeDelta = TimeDelta::hours(1);

/// What each organization has held lately, in thousandths of a GPU.
pub(super) struct Lately {
    half_life_secs: f64,
    held: HashMap<OrganizationId, f64>,
    settled: DateTime<Utc>,
}

impl Lately {
    /// Nothing known yet: the first look goes back as far as anything counts.
    pub(super) fn new(half_life_secs: i64, now: DateTime<Utc>) -> Self {
        let half_life_secs = half_life_secs.max(1) as f64;
        let remembered = TimeDelta::seconds((half_life_secs * REMEMBERED) as i64);
        Self { half_life_secs, held: HashMap::new(), settled: now - remembered }
    }

    /// Brings it up to now, and tells of each organization.
    pub(super) async fn tell(
        &mut self,
        store: &Store,
        now: DateTime<Utc>,
        organizations: &mut [OrganizationState],
    ) -> Result<(), Fault> {
        if now - self.settled > PART {
            // In a young fleet, or an idle one, nothing was held in most of the hours that would have to be read.
            let first = store.first_held_after(self.settled).await?.unwrap_or(now).min(now);
            if first > self.settled {
                self.take_in(&[], first);
            }
        }
        while now - self.settled > EVERY {
            let until = now.min(self.settled + PART);
            let held = store.held_between(self.settled, until).await?;
            self.take_in(&held, until);
        }
        for organization in organizations {
            organization.lately_milli = self.held.get(&organization.id).copied().unwrap_or(0.0);
        }
        Ok(())
    }

    fn take_in(&mut self, held: &[Held], now: DateTime<Utc>) {
        let half_life = self.half_life_secs;
        // What is left of a moment.
        let left = |at: DateTime<Utc>| (-((now - at).as_seconds_f64() / half_life).max(0.0)).exp2();
        let fade = left(self.settled);
        self.held.values_mut().for_each(|held| *held *= fade);
        for one in held {
            let (from, to) = (one.from.max(self.settled), one.to.unwrap_or(now).min(now));
            if from < to {
                *self.held.entry(one.organization).or_default() +=
                    f64::from(one.milli) * (left(to) - left(from));
            }
        }
        self.settled = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn lately(after: &[i64], held: &Held, start: DateTime<Utc>) -> f64 {
        let mut lately = Lately::new(3_600, start);
        for secs in after {
            lately.take_in(std::slice::from_ref(held), start + TimeDelta::seconds(*secs));
        }
        lately.held.get(&held.organization).copied().unwrap_or(0.0)
    }

    #[test]
    fn what_was_held_fades_by_half_in_a_half_life_however_often_one_looks() {
        let start = Utc::now();
        let organization = OrganizationId(uuid::Uuid::from_u128(1));
        let hour = Held { organization, milli: 8_000, from: start, to: Some(start + TimeDelta::hours(1)) };
        assert!((lately(&[3_600], &hour, start) - 4_000.0).abs() < 1e-6, "half of it is remembered");
        assert!((lately(&[7_200], &hour, start) - 2_000.0).abs() < 1e-6);
        assert!((lately(&[100, 3_599, 5_000, 7_200], &hour, start) - 2_000.0).abs() < 1e-6);
        let always = Held { organization, milli: 8_000, from: start - TimeDelta::days(30), to: None };
        assert!((lately(&[0, 60], &always, start) - 8_000.0).abs() < 8.0, "but for a thousandth");
    }

    #[tokio::test]
    async fn hours_in_which_nothing_was_held_are_passed_over_and_what_was_held_before_them_fades() {
        let (_folder, store) = fixture::sqlite().await;
        let (organization, now) = (OrganizationId(uuid::Uuid::from_u128(1)), Utc::now());
        let mut lately = Lately::new(3_600, now);
        (lately.settled, lately.held) = (now - TimeDelta::hours(4), HashMap::from([(organization, 8_000.0)]));
        assert!(lately.tell(&store, now, &mut []).await.is_ok(), "the database answers");
        assert!((lately.held[&organization] - 500.0).abs() < 1e-6, "four half-lives: {:?}", lately.held);
    }
}
