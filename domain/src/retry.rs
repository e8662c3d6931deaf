//! How often a job is tried again without having failed, and how long it rests before.

/// Attempts of one job that may end through no fault of its own. A job that brings its hosts down must not do so for ever.
pub const MOST_EXCUSED: i32 = 10;

/// The longest pause, unless the job asks for a longer one from the start, in seconds: an hour.
const LONGEST: i64 = 3600;

/// The pause in seconds after so many failures in a row: `first`, and twice as long each time. None before the first failure.
///
/// ```
/// # use domain::retry::pause;
/// assert_eq!([0, 1, 2, 3, 10, 1000].map(|failures| pause(10, failures)), [0, 10, 20, 40, 3600, 3600]);
/// assert_eq!([1, 2].map(|failures| pause(7200, failures)), [7200, 7200]);
/// assert_eq!(pause(0, 5), 0);
/// ```
#[must_use]
pub fn pause(first: i32, failures: i32) -> i64 {
    let (first, Ok(failures)) = (i64::from(first.max(0)), u32::try_from(failures)) else { return 0 };
    match failures.checked_sub(1) {
        None => 0,
        // Twelve doublings of a second are more than the longest.
        Some(again) => (first << again.min(12)).min(LONGEST.max(first)),
    }
}
