//! GPUs that a job holds and does not use, with due process: a warning, a grace, and only then what its organization wants.
//!
//! Judged is a sliding window of minutes, never a whole life: work of long ago excuses nobody, and a slow start convicts nobody.
//! A job is idle when every minute of the window was observed on every GPU that it holds, and none of them shows use. Whoever
//! cannot be seen is not judged. A GPU that several jobs share speaks for all of them.

mod course;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::requirements::Label;

pub use course::{Course, Figures, Minute};

/// A job with this label is never judged: `gpu-fleet/idle=allowed`.
pub const EXEMPT: (&str, &str) = ("gpu-fleet/idle", "allowed");
/// So many stops of one job are the last: it does not wait again, for it would hold GPUs that it does not use for ever.
pub const MOST_STOPS: i32 = 3;
/// Nothing is judged in an attempt's first minutes: in a third of the window, and in so many at most.
const SETTLING_MINUTES: i64 = 10;
/// A minute has been written down so long after its end.
const WRITTEN_AFTER_SECONDS: i64 = 30;

/// What becomes of a job that stays idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Nobody looks.
    Nothing,
    /// Its history tells of it, and nothing else happens.
    Notify,
    /// It is stopped and waits again, which uses up no retry, until it has been stopped [`MOST_STOPS`] times; a loan is released.
    Stop,
}

impl Action {
    /// As the book and the schema spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "NOTHING",
            Self::Notify => "NOTIFY",
            Self::Stop => "STOP",
        }
    }

    /// The action that the book spells so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Nothing, Self::Notify, Self::Stop].into_iter().find(|action| action.as_str() == text)
    }
}

/// How an organization has its idle jobs treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What becomes of them.
    pub action: Action,
    /// So many minutes without use make a job idle.
    pub window_minutes: i32,
    /// So many minutes lie between the warning and the action.
    pub grace_minutes: i32,
    /// A sample of this utilization or more is use.
    pub utilization_percent: i32,
}

impl Default for Policy {
    /// Tells of idle jobs, and ends none.
    fn default() -> Self {
        Self { action: Action::Notify, window_minutes: 30, grace_minutes: 15, utilization_percent: 5 }
    }
}

impl Policy {
    /// Nothing before this minute of an attempt that started then is judged: its first minutes are for loading.
    fn settled(&self, started_at: DateTime<Utc>) -> i64 {
        let settling = (i64::from(self.window_minutes) / 3).min(SETTLING_MINUTES);
        (started_at.timestamp() + 59).div_euclid(60) + settling
    }
}

/// A warning that a job was given and that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Since when its GPUs were not used.
    pub since: DateTime<Utc>,
    /// When it was warned.
    pub at: DateTime<Utc>,
    /// What was announced to it.
    pub action: Action,
    /// For when.
    pub acts_at: DateTime<Utc>,
    /// It was done.
    pub acted: bool,
}

/// What is to be done about a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Nothing: it is used, or nobody can tell, or its grace has not passed.
    Nothing,
    /// Warn it; in place of the warning that stands, if there is one.
    Warn(Warning, Figures),
    /// Take the warning back: its GPUs were used, or nobody looks any more.
    Withdraw(Withdrawal),
    /// Do what was announced.
    Act(Action, Figures),
}

/// Why a warning is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// Its GPUs were used, in this minute for the first time.
    Used(DateTime<Utc>),
    /// Its organization does not want to know any more.
    PolicyOff,
}

/// The newest minute that is over and written down by now, in minutes since 1970.
#[must_use]
pub fn newest_minute(now: DateTime<Utc>) -> i64 {
    (now.timestamp() - WRITTEN_AFTER_SECONDS).div_euclid(60) - 1
}

/// Whether a job with these labels may be idle.
#[must_use]
pub fn is_exempt(labels: &[Label]) -> bool {
    labels.iter().any(|label| (label.key.as_str(), label.value.as_str()) == EXEMPT)
}

/// What is to be done about a job by its organization's policy, given what was seen of its GPUs and the warning that stands.
#[must_use]
pub fn decide(policy: &Policy, course: &Course, warning: Option<&Warning>, now: DateTime<Utc>) -> Decision {
    if policy.action == Action::Nothing {
        return warning.map_or(Decision::Nothing, |_| Decision::Withdraw(Withdrawal::PolicyOff));
    }
    let window = i64::from(policy.window_minutes);
    let Some(warning) = warning else { return warn(policy, course, now) };
    if let Some(used) = course.used_since(warning.since) {
        return Decision::Withdraw(Withdrawal::Used(used));
    }
    if warning.action != policy.action {
        // What was announced is not what would happen now: it is announced anew, with a grace of its own.
        return warn(policy, course, now);
    }
    if warning.acted || now < warning.acts_at {
        return Decision::Nothing;
    }
    // The grace itself must have been seen, too.
    let grace = (warning.acts_at - warning.at).num_minutes();
    match course.idle_for(window.max(grace)) {
        Some((_, figures)) => Decision::Act(warning.action, figures),
        None => Decision::Nothing,
    }
}

fn warn(policy: &Policy, course: &Course, now: DateTime<Utc>) -> Decision {
    match course.idle_for(i64::from(policy.window_minutes)) {
        Some((since, figures)) => {
            let acts_at = now + TimeDelta::minutes(i64::from(policy.grace_minutes));
            Decision::Warn(Warning { since, at: now, action: policy.action, acts_at, acted: false }, figures)
        }
        None => Decision::Nothing,
    }
}
