//! How long to wait before the next try: longer each time, and never in step with other agents.

use std::time::Duration;

use rand::RngExt;

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(15);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A success: the next failure is the first one again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The time to wait after one more failure, between half of the step and all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let step = SHORTEST.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        step.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// Waits that long.
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_tenth_of_a_second_to_fifteen() {
        let mut backoff = Backoff::default();
        assert!(backoff.next() <= SHORTEST);
        let late = (0..100).map(|_| backoff.next()).last();
        assert!(late.is_some_and(|late| late >= LONGEST / 2 && late <= LONGEST));
        backoff.reset();
        assert!(backoff.next() <= SHORTEST);
    }
}
