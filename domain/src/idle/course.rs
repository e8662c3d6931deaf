//! What was seen of a job's GPUs, minute by minute.

use chrono::{DateTime, Utc};

use super::{Policy, Warning, newest_minute};

/// Power vouches for work that utilization does not show: so many times the least that the card drew meanwhile, and so many
/// watts, so that the noise of a card that draws next to nothing is no work.
const WORKING_TIMES: f64 = 1.5;
const WORKING_WATTS: f64 = 10.0;

/// A minute of one GPU, summed up from what its agent told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minute {
    /// How many samples.
    pub samples: u32,
    /// The highest utilization among them.
    pub peak_percent: Option<f64>,
    /// Mean power.
    pub power_watts: Option<f64>,
}

/// The highest of what was seen in a time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Utilization of any GPU in any sample.
    pub percent: f64,
    /// Mean power of any GPU in any minute; none: no card told it.
    pub watts: Option<f64>,
    /// So many minutes were looked at.
    pub minutes: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Idle,
    Unseen,
    /// One GPU's work is its job's.
    Used,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    state: State,
    percent: f64,
    watts: Option<f64>,
}

/// The minutes of an attempt that are to be judged, with what all of its GPUs showed in each.
#[derive(Debug, Clone)]
pub struct Course {
    first: i64,
    seen: Vec<Seen>,
    threshold: f64,
    gpus: usize,
}

impl Course {
    /// The minutes to be judged now of an attempt that started then: those that are written down, in the window or in the grace
    /// of the warning that stands, and behind the attempt's first.
    #[must_use]
    pub fn new(
        policy: &Policy,
        started_at: DateTime<Utc>,
        warning: Option<&Warning>,
        now: DateTime<Utc>,
    ) -> Self {
        let announced = warning.map_or(0, |warning| (warning.acts_at - warning.at).num_minutes());
        let wanted = i64::from(policy.window_minutes).max(announced);
        let last = newest_minute(now);
        let first = policy.settled(started_at).max(last - wanted + 1);
        let nothing = Seen { state: State::Idle, percent: 0.0, watts: None };
        let minutes = usize::try_from(last - first + 1).unwrap_or(0);
        let threshold = f64::from(policy.utilization_percent);
        Self { first, seen: vec![nothing; minutes], threshold, gpus: 0 }
    }

    /// The minutes to be judged, in minutes since 1970; none: it is too early.
    #[must_use]
    pub fn minutes(&self) -> std::ops::Range<i64> {
        self.first..self.first + i64::try_from(self.seen.len()).unwrap_or(0)
    }

    /// Adds what one of its GPUs showed; a minute needs so many samples to count as seen.
    pub fn add(&mut self, least_samples: u32, told: impl Fn(i64) -> Option<Minute>) {
        let minutes: Vec<Option<Minute>> = self.minutes().map(told).collect();
        let least = minutes.iter().flatten().filter_map(|minute| minute.power_watts).reduce(f64::min);
        let works = |watts: f64| {
            least.is_some_and(|least| watts > (least * WORKING_TIMES).max(least + WORKING_WATTS))
        };
        for (seen, minute) in self.seen.iter_mut().zip(&minutes) {
            let state = match minute {
                Some(Minute { peak_percent: Some(peak), .. }) if *peak >= self.threshold => State::Used,
                Some(Minute { power_watts: Some(watts), .. }) if works(*watts) => State::Used,
                Some(Minute { samples, peak_percent: Some(_), .. }) if *samples >= least_samples => {
                    State::Idle
                }
                _ => State::Unseen,
            };
            seen.state = seen.state.max(state);
            seen.percent = seen.percent.max(minute.and_then(|minute| minute.peak_percent).unwrap_or(0.0));
            let watts = minute.and_then(|minute| minute.power_watts);
            seen.watts = watts.map(|watts| seen.watts.map_or(watts, |most| most.max(watts))).or(seen.watts);
        }
        self.gpus += 1;
    }

    /// When the newest so many minutes began, and their figures, if all of them were seen and none shows use.
    pub(super) fn idle_for(&self, minutes: i64) -> Option<(DateTime<Utc>, Figures)> {
        let wanted = usize::try_from(minutes).ok().filter(|minutes| *minutes > 0 && self.gpus > 0)?;
        let begin = self.seen.len().checked_sub(wanted)?;
        let window = self.seen.get(begin..)?;
        let mut figures = Figures { minutes, ..Figures::default() };
        for seen in window {
            if seen.state != State::Idle {
                return None;
            }
            figures.percent = figures.percent.max(seen.percent);
            figures.watts =
                seen.watts.map(|watts| figures.watts.map_or(watts, |most| most.max(watts))).or(figures.watts);
        }
        Some((instant(self.first + i64::try_from(begin).ok()?)?, figures))
    }

    /// The first minute from then on that shows use.
    pub(super) fn used_since(&self, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let since = since.timestamp().div_euclid(60);
        let mut minutes = self.minutes().zip(&self.seen);
        let used = minutes.find(|(minute, seen)| *minute >= since && seen.state == State::Used);
        used.and_then(|(minute, _)| instant(minute))
    }
}

fn instant(minute: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(minute.checked_mul(60)?, 0)
}
