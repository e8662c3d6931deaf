//! How long a job is thought to run: quantiles of what jobs like it took, never more than its time limit; and how good past
//! estimates were.

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

impl History {
    /// How long the next one may take, by what its like took; where nothing is known, as long as its time limit allows.
    #[must_use]
    pub fn spread(
        &self,
        organization: OrganizationId,
        series: Option<&str>,
        limit: Option<i64>,
    ) -> Option<Spread> {
        let learned = |part: f64| self.quantile(organization, series, part);
        let bounded = |secs: i64| secs.min(limit.unwrap_or(i64::MAX)).max(1);
        match (learned(0.5), learned(0.9), limit) {
            (Some(median), Some(ninety), _) => {
                Some(Spread { median_secs: bounded(median), ninety_secs: bounded(ninety) })
            }
            (_, _, Some(limit)) => Some(Spread { median_secs: limit.max(1), ninety_secs: limit.max(1) }),
            _ => None,
        }
    }
}

/// How long a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Half of its like took no longer.
    pub median_secs: i64,
    /// Nine of ten of them took no longer.
    pub ninety_secs: i64,
}

/// The standard normal distribution at 5 %, 15 %, to 95 %: ten equally likely cases.
const CASES: [f64; 10] =
    [-1.6449, -1.0364, -0.6745, -0.3853, -0.1257, 0.1257, 0.3853, 0.6745, 1.0364, 1.6449];
/// The same at 90 %.
const NINETY: f64 = 1.2816;

impl Spread {
    /// How much longer it runs when it has run so long already, in one of the equally likely cases that are still open.
    /// Run times are thought to be log-normal, which fits those of GPU clusters well.
    #[must_use]
    pub fn left(&self, ran_secs: i64, case: usize) -> i64 {
        let (median, ninety) = (self.median_secs.max(1) as f64, self.ninety_secs.max(1) as f64);
        let sigma = (ninety / median).ln().max(0.0) / NINETY;
        let lasts = |z: f64| (median * (z * sigma).exp()).round() as i64;
        let open = CASES.map(lasts);
        let open = &open[open.partition_point(|secs| *secs <= ran_secs)..];
        match open.get(case % open.len().max(1)) {
            Some(secs) => secs - ran_secs,
            // It has outrun all of its like: as long again as it has run, as far as anybody can tell.
            None => ran_secs.max(1),
        }
    }
}

/// An estimate that has come true, or not: seconds from when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// By then with a chance of one half.
    pub median_secs: i64,
    /// By then with nine chances of ten.
    pub ninety_secs: i64,
    /// When it happened.
    pub found_secs: i64,
}

/// How good estimates were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Of all, those that happened no later than their median: a half would be perfect.
    pub within_median: f64,
    /// Of all, those that happened no later than their 90 %: nine tenths would be perfect.
    pub within_ninety: f64,
    /// Half of them missed their median by no more than this, in seconds.
    pub median_miss_secs: i64,
}

impl Quality {
    /// Of these; nothing of none.
    #[must_use]
    pub fn of(past: &[Past]) -> Option<Self> {
        let part =
            |within: &dyn Fn(&&Past) -> bool| past.iter().filter(within).count() as f64 / past.len() as f64;
        let mut misses: Vec<i64> = past.iter().map(|one| (one.found_secs - one.median_secs).abs()).collect();
        misses.sort_unstable();
        Some(Self {
            median_miss_secs: *misses.get(misses.len().saturating_sub(1) / 2)?,
            within_median: part(&|one| one.found_secs <= one.median_secs),
            within_ninety: part(&|one| one.found_secs <= one.ninety_secs),
        })
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
    #![allow(clippy::unwrap_used)]
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

    #[test]
    fn a_spread_is_as_wide_as_the_past_and_never_beyond_the_limit() {
        let mut history = History::default();
        (1..=10).for_each(|n| history.learn(organization(), Some("ann/train"), n * 100));
        let spread = |limit| history.spread(organization(), Some("ann/train"), limit);
        assert_eq!(spread(None), Some(Spread { median_secs: 500, ninety_secs: 900 }));
        assert_eq!(spread(Some(600)), Some(Spread { median_secs: 500, ninety_secs: 600 }));
        let unknown = OrganizationId(Uuid::from_u128(2));
        assert_eq!(
            history.spread(unknown, None, Some(60)),
            Some(Spread { median_secs: 60, ninety_secs: 60 })
        );
        assert_eq!(history.spread(unknown, None, None), None);
    }

    #[test]
    fn what_is_left_is_positive_and_grows_with_the_case_and_with_what_it_has_outrun() {
        let spread = Spread { median_secs: 1000, ninety_secs: 9000 };
        let left: Vec<i64> = (0..10).map(|case| spread.left(0, case)).collect();
        assert!(left.is_sorted() && left[4] < 1000 && left[5] > 1000 && left[9] > 9000, "{left:?}");
        assert!((0..10).all(|case| spread.left(1500, case) > 0));
        assert_eq!(spread.left(1_000_000, 3), 1_000_000);
    }

    #[test]
    fn estimates_are_judged_by_what_they_promised() {
        let past = |found_secs: i64| Past { median_secs: 100, ninety_secs: 500, found_secs };
        let quality = Quality::of(&[past(50), past(100), past(300), past(900)]).unwrap();
        assert!((quality.within_median - 0.5).abs() < 1e-9 && (quality.within_ninety - 0.75).abs() < 1e-9);
        assert_eq!(quality.median_miss_secs, 50);
        assert_eq!(Quality::of(&[]), None);
    }
}
