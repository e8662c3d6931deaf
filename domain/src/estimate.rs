//! How long a job is thought to run: a quantile of what jobs like it took, never more than its time limit.

use std::collections::HashMap;

use crate::ids::OrganizationId;

/// Runs remembered of each series; older ones are forgotten, since habits change.
const REMEMBERED: usize = 32;
/// A series with fewer runs says nothing yet.
const FEWEST: usize = 3;

/// Past run times, by whose they were.
#[derive(Debug, Clone, Default)]
pub struct History {
    series: HashMap<(OrganizationId, Option<String>), Runs>,
}

#[derive(Debug, Clone, Default)]
struct Runs {
    secs: Vec<i64>,
    next: usize,
}

impl History {
    /// A job of this organization and series (its user and name) has run so long.
    pub fn learn(&mut self, organization: OrganizationId, series: Option<&str>, secs: i64) {
        let of_series = series.map(|series| Some(series.to_owned()));
        for key in of_series.into_iter().chain([None]) {
            self.series.entry((organization, key)).or_default().push(secs);
        }
    }

    /// How long the next one will take at most, nine times out of ten, rounded up to a step of a tenth so that like jobs
    /// are alike; a time limit bounds it.
    #[must_use]
    pub fn estimate(
        &self,
        organization: OrganizationId,
        series: Option<&str>,
        limit: Option<i64>,
    ) -> Option<i64> {
        let learned = self.quantile(organization, series, 0.9).map(rounded_up);
        match (learned, limit) {
            (Some(learned), Some(limit)) => Some(learned.min(limit)),
            (learned, limit) => learned.or(limit),
        }
    }

    /// A quantile of what is remembered of the series, or of the organization when the series is too new.
    #[must_use]
    pub fn quantile(&self, organization: OrganizationId, series: Option<&str>, part: f64) -> Option<i64> {
        let own = series.and_then(|series| self.series.get(&(organization, Some(series.to_owned()))));
        let known = |runs: &&Runs| runs.secs.len() >= FEWEST;
        let runs = own.filter(known).or_else(|| self.series.get(&(organization, None)).filter(known))?;
        let mut secs = runs.secs.clone();
        secs.sort_unstable();
        // The nearest rank.
        let rank = (part * secs.len() as f64).ceil() as usize;
        secs.get(rank.saturating_sub(1)).copied()
    }
}

impl Runs {
    fn push(&mut self, secs: i64) {
        if self.secs.len() < REMEMBERED {
            self.secs.push(secs);
        } else {
            self.secs[self.next] = secs;
            self.next = (self.next + 1) % REMEMBERED;
        }
    }
}

/// Up to the next of 60 s × 1.1^n.
fn rounded_up(secs: i64) -> i64 {
    let steps = (secs.max(60) as f64 / 60.0).ln() / 1.1f64.ln();
    (60.0 * 1.1f64.powf((steps - 1e-9).ceil())).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn organization() -> OrganizationId {
        OrganizationId(Uuid::from_u128(1))
    }

    #[test]
    fn nine_of_ten_like_it_took_no_longer() {
        let mut history = History::default();
        (1..=10).for_each(|n| history.learn(organization(), Some("ann/train"), n * 100));
        assert_eq!(history.quantile(organization(), Some("ann/train"), 0.9), Some(900));
        let estimate = history.estimate(organization(), Some("ann/train"), None);
        assert!(estimate.is_some_and(|secs| (900..=990).contains(&secs)), "{estimate:?}");
        assert_eq!(history.estimate(organization(), Some("ann/train"), Some(600)), Some(600));
    }

    #[test]
    fn a_new_series_goes_by_its_organization_and_a_new_organization_by_the_limit() {
        let mut history = History::default();
        (0..5).for_each(|_| history.learn(organization(), Some("ann/train"), 100));
        assert_eq!(history.quantile(organization(), Some("bob/test"), 0.5), Some(100));
        assert_eq!(history.estimate(OrganizationId(Uuid::from_u128(2)), None, Some(50)), Some(50));
        assert_eq!(history.estimate(OrganizationId(Uuid::from_u128(2)), None, None), None);
    }
}
