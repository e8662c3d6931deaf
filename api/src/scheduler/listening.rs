//! How long each host has been silent, by this server's own monotonic clock: what others' clocks wrote is only compared, to
//! see whether it has changed. A step of a wall clock, or two servers whose clocks differ, take no host down.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::ids::HostId;

/// When each host's newest sign of life was first seen here.
#[derive(Debug, Default)]
pub(super) struct Listening {
    heard: HashMap<HostId, (DateTime<Utc>, Instant)>,
    looked: Option<Instant>,
}

/// A pause between two looks that is longer than this was deafness: nobody's silence counts from before it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Listening {
    /// Forgets all silence: this server was not able to listen.
    pub(super) fn was_deaf(&mut self) {
        self.heard.clear();
    }

    /// Takes in the newest signs of life and answers how long each host has been silent.
    pub(super) fn hear<'a>(
        &mut self,
        signs: impl IntoIterator<Item = &'a (HostId, DateTime<Utc>)>,
        now: Instant,
    ) -> HashMap<HostId, Duration> {
        if self.looked.replace(now).is_some_and(|before| now.duration_since(before) > LONGEST_PAUSE) {
            self.was_deaf();
        }
        let before = std::mem::take(&mut self.heard);
        for (host, sign) in signs {
            let since = before.get(host).filter(|(known, _)| known == sign).map_or(now, |(_, since)| *since);
            self.heard.insert(*host, (*sign, since));
        }
        self.heard.iter().map(|(host, (_, since))| (*host, now.duration_since(*since))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    struct World {
        listening: Listening,
        host: HostId,
        sign: DateTime<Utc>,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            let host = HostId(sea_orm::prelude::Uuid::nil());
            Self { listening: Listening::default(), host, sign: Utc::now(), now: Instant::now() }
        }

        /// Silence in seconds after so many more of them, looked at each second.
        fn after(&mut self, seconds: u64) -> u64 {
            let mut silence = 0;
            for _ in 0..seconds {
                self.now += Duration::from_secs(1);
                let heard = self.listening.hear(&[(self.host, self.sign)], self.now);
                silence = heard.get(&self.host).map_or(0, Duration::as_secs);
            }
            silence
        }
    }

    #[test]
    fn silence_counts_from_the_first_look_and_ends_with_any_change_of_the_sign() {
        let mut world = World::new();
        assert_eq!(world.after(10), 9);
        // A clock that was set back, or another server's: a change is a change.
        world.sign -= TimeDelta::hours(5);
        assert_eq!(world.after(1), 0);
        assert_eq!(world.after(4), 4);
    }

    #[test]
    fn deafness_is_nobodys_silence() {
        let mut world = World::new();
        world.after(20);
        world.now += Duration::from_secs(60);
        assert_eq!(world.after(3), 2);
        world.listening.was_deaf();
        assert_eq!(world.after(1), 0);
    }
}
