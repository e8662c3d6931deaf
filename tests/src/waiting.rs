//! Waits for what must become true, with a deadline, so that no test sleeps and hopes.

use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// A whole test takes less, on a slow machine too.
const TEST_LIMIT: Duration = Duration::from_secs(180);

/// Looks until there is something, and hands it over; fails when there is nothing within so many seconds.
pub async fn eventually<T, Look>(what: &str, seconds: u64, mut look: impl FnMut() -> Look) -> T
where
    Look: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {seconds} seconds: {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Fails a test that hangs.
pub async fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_LIMIT, test).await.expect("the test hangs")
}
