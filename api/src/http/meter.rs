//! How much each principal may ask for in a time: a bucket of cost that refills steadily (GCRA), one for each principal.

use std::num::NonZeroU32;
use std::time::Duration;

use async_graphql::ServerError;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::error::{ErrorCode, ServerErrorExt as _};

/// How much a principal may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Cost that comes back in a second.
    pub per_second: NonZeroU32,
    /// Cost that may be spent at once after a rest.
    pub burst: NonZeroU32,
}

impl Default for Rate {
    /// About what keeps one core busy: nobody meets it by hand, and one runaway loop leaves room for others.
    fn default() -> Self {
        const PER_SECOND: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();
        const BURST: NonZeroU32 = NonZeroU32::new(10_000_000).unwrap();
        Self { per_second: PER_SECOND, burst: BURST }
    }
}

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Buckets for all principals.
pub(super) struct Meter {
    rate: Rate,
    limiter: Limiter,
}

/// What is left of a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The whole of it.
    pub(super) burst: u32,
    /// What may still be spent at once.
    pub(super) left: u32,
    /// Seconds until it is full again.
    pub(super) full_in: u64,
    /// Seconds in which an empty one fills.
    pub(super) window: u64,
}

/// The bucket does not hold what was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exhausted {
    /// It will after this long; none: it never will.
    pub(super) retry_after: Option<Duration>,
}

impl Meter {
    /// Full buckets.
    pub(super) fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        let limiter = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Self { rate, limiter }
    }

    /// Takes a cost from a principal's bucket.
    pub(super) fn charge(&self, account: &str, cost: u32) -> Result<Standing, Exhausted> {
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN);
        match self.limiter.check_key_n(&account.to_owned(), cost) {
            Ok(Ok(state)) => Ok(self.standing(state.remaining_burst_capacity())),
            Ok(Err(until)) => {
                Err(Exhausted { retry_after: Some(until.wait_time_from(DefaultClock::default().now())) })
            }
            Err(_) => Err(Exhausted { retry_after: None }),
        }
    }

    fn standing(&self, left: u32) -> Standing {
        let burst = self.rate.burst.get();
        let takes = |cost: u32| cost.div_ceil(self.rate.per_second.get()).into();
        Standing { burst, left, full_in: takes(burst.saturating_sub(left)), window: takes(burst) }
    }

    /// Forgets full buckets, so that memory is bounded by those who have just asked.
    pub(super) fn forget_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

impl Exhausted {
    /// Whole seconds to wait, at least one.
    pub(super) fn seconds(self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_secs_f64().ceil().max(1.0) as u64)
    }

    /// As a client reads it.
    pub(super) fn error(self) -> ServerError {
        match self.seconds() {
            Some(seconds) => ErrorCode::RateLimited
                .error(format!("Too much in too short a time: try again in {seconds} s."))
                .with_extension("retryAfterSeconds", seconds),
            None => ErrorCode::QueryTooComplex.error("The operation costs more than may be spent at once."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(per_second: u32, burst: u32) -> Meter {
        let some = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Meter::new(Rate { per_second: some(per_second), burst: some(burst) })
    }

    #[test]
    fn a_bucket_is_spent_and_says_when_it_will_do_again() {
        let meter = meter(1, 10);
        assert!(meter.charge("ada", 6).is_ok_and(|standing| standing.left == 4 && standing.full_in == 6));
        let refused = meter.charge("ada", 6).err().and_then(Exhausted::seconds);
        assert_eq!(refused, Some(2), "four are left and one comes back each second");
        assert!(meter.charge("ada", 4).is_ok(), "what was refused has cost nothing");
    }

    #[test]
    fn nobody_pays_for_another() {
        let meter = meter(1, 10);
        assert!(meter.charge("ada", 10).is_ok());
        assert!(meter.charge("ada", 1).is_err());
        assert!(meter.charge("bob", 10).is_ok());
    }

    #[test]
    fn what_no_bucket_holds_is_refused_for_good() {
        let refused = meter(1, 10).charge("ada", 11).err();
        assert!(refused.is_some_and(|refused| refused.seconds().is_none()));
    }
}
