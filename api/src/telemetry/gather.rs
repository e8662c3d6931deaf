//! Samples of the present minute, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::ids::GpuId;

use super::minute::Minute;
use crate::store::agents::Sample;

/// GPUs and minutes held at most: beyond that, a database that cannot be written would fill the memory.
const MOST: usize = 100_000;

/// What agents have told and nobody has written yet.
#[derive(Debug, Default)]
pub struct Gathering {
    minutes: Mutex<HashMap<(GpuId, i64), Minute>>,
}

impl Gathering {
    /// Takes in samples of a moment, in seconds since 1970.
    pub fn take<'a>(&self, at: i64, samples: impl IntoIterator<Item = (GpuId, &'a Sample)>) {
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        for (gpu, sample) in samples {
            let key = (gpu, at.div_euclid(60));
            if minutes.len() >= MOST && !minutes.contains_key(&key) {
                continue;
            }
            let one = Minute {
                samples: 1,
                utilization_percent: sample.utilization_percent,
                peak_percent: sample.utilization_percent,
                memory_used_mib: sample.memory_used_mib,
                temperature_celsius: sample.temperature_celsius,
                power_watts: sample.power_watts,
            };
            let known = minutes.entry(key).or_default();
            *known = known.merged(one);
        }
    }

    /// Takes out the minutes that were over before this moment.
    pub(crate) fn over_before(&self, at: i64) -> Vec<(GpuId, i64, Minute)> {
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |(_, minute): &(GpuId, i64)| *minute < at.div_euclid(60);
        minutes.extract_if(|key, _| over(key)).map(|((gpu, minute), sum)| (gpu, minute, sum)).collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, unwritten: Vec<(GpuId, i64, Minute)>) {
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        for (gpu, minute, sum) in unwritten {
            if minutes.len() < MOST {
                let known = minutes.entry((gpu, minute)).or_default();
                *known = known.merged(sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::prelude::Uuid;

    fn sample(percent: f64) -> Sample {
        Sample { utilization_percent: Some(percent), ..Sample::of("GPU-1") }
    }

    #[test]
    fn a_minute_is_handed_over_once_when_it_is_over() {
        let gathering = Gathering::default();
        let gpu = GpuId(Uuid::nil());
        for (at, percent) in [(119, 10.0), (120, 20.0), (179, 40.0), (180, 99.0)] {
            gathering.take(at, [(gpu, &sample(percent))]);
        }
        let over = gathering.over_before(200);
        let mut told: Vec<_> =
            over.iter().map(|(_, minute, sum)| (*minute, sum.samples, sum.utilization_percent)).collect();
        told.sort_by_key(|told| told.0);
        assert_eq!(told, [(1, 1, Some(10.0)), (2, 2, Some(30.0))]);
        assert!(gathering.over_before(200).is_empty());
        gathering.put_back(over);
        assert_eq!(gathering.over_before(200).len(), 2);
    }
}
