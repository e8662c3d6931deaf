//! One minute of one GPU in eleven bytes, sixty of which make an hour's row.

/// Bytes of a minute.
const BYTES: usize = 11;
/// Bytes of an hour.
const HOUR_BYTES: usize = 60 * BYTES;
const NONE_8: u8 = u8::MAX;
const NONE_16: u16 = u16::MAX;
const NONE_32: u32 = u32::MAX;

/// The samples of one minute, summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Minute {
    /// How many samples; none: nothing was told.
    pub(crate) samples: u8,
    /// Mean percent of the time in which a kernel ran.
    pub(crate) utilization_percent: Option<f64>,
    /// The highest of it.
    pub(crate) peak_percent: Option<f64>,
    /// The most memory in use, MiB.
    pub(crate) memory_used_mib: Option<i32>,
    /// The highest temperature, degrees Celsius.
    pub(crate) temperature_celsius: Option<i32>,
    /// Mean power, watts.
    pub(crate) power_watts: Option<f64>,
}

impl Minute {
    /// Of two sums of the same minute, one: means weigh what they were made of.
    pub(crate) fn merged(self, other: Self) -> Self {
        let (a, b) = (f64::from(self.samples), f64::from(other.samples));
        let mean = |one: Option<f64>, two: Option<f64>| match (one, two) {
            (Some(one), Some(two)) => Some((one * a + two * b) / (a + b).max(1.0)),
            (one, two) => one.or(two),
        };
        Self {
            samples: self.samples.saturating_add(other.samples),
            utilization_percent: mean(self.utilization_percent, other.utilization_percent),
            peak_percent: highest(self.peak_percent, other.peak_percent),
            memory_used_mib: self.memory_used_mib.max(other.memory_used_mib),
            temperature_celsius: self.temperature_celsius.max(other.temperature_celsius),
            power_watts: mean(self.power_watts, other.power_watts),
        }
    }

    fn encode(self) -> [u8; BYTES] {
        let percent =
            |value: Option<f64>| value.map_or(NONE_8, |value| value.round().clamp(0.0, 100.0) as u8);
        let memory = self.memory_used_mib.map_or(NONE_32, i32::cast_unsigned).to_le_bytes();
        let power =
            self.power_watts.map_or(NONE_16, |value| value.round().clamp(0.0, 65_000.0) as u16).to_le_bytes();
        // Colder than freezing is as unlikely as hotter than 200 degrees, but both have room.
        let temperature = self
            .temperature_celsius
            .map_or(NONE_8, |value| (value + 50).clamp(0, i32::from(NONE_8) - 1) as u8);
        let [m0, m1, m2, m3] = memory;
        let [p0, p1] = power;
        let (mean, peak) = (percent(self.utilization_percent), percent(self.peak_percent));
        [1, self.samples, mean, peak, m0, m1, m2, m3, temperature, p0, p1]
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let &[1, samples, mean, peak, m0, m1, m2, m3, temperature, p0, p1] = bytes else { return None };
        let percent = |byte: u8| (byte != NONE_8).then(|| f64::from(byte));
        let memory = u32::from_le_bytes([m0, m1, m2, m3]);
        let power = u16::from_le_bytes([p0, p1]);
        Some(Self {
            samples,
            utilization_percent: percent(mean),
            peak_percent: percent(peak),
            memory_used_mib: (memory != NONE_32).then(|| memory.cast_signed()),
            temperature_celsius: (temperature != NONE_8).then(|| i32::from(temperature) - 50),
            power_watts: (power != NONE_16).then(|| f64::from(power)),
        })
    }
}

pub(crate) fn highest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

/// The minute of an hour, if anything was told in it.
pub(crate) fn minute_of(hour: &[u8], minute: usize) -> Option<Minute> {
    Minute::decode(hour.get(minute * BYTES..(minute + 1) * BYTES)?)
}

/// Adds a minute to its hour.
pub(crate) fn put(hour: &mut Vec<u8>, minute: usize, told: Minute) {
    hour.resize(HOUR_BYTES, 0);
    let sum = minute_of(hour, minute).map_or(told, |known| known.merged(told));
    if let Some(place) = hour.get_mut(minute * BYTES..(minute + 1) * BYTES) {
        place.copy_from_slice(&sum.encode());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(samples: u8, percent: f64) -> Minute {
        Minute {
            samples,
            utilization_percent: Some(percent),
            peak_percent: Some(percent),
            memory_used_mib: Some(80_000),
            temperature_celsius: Some(-3),
            power_watts: Some(402.0),
        }
    }

    #[test]
    fn a_minute_is_read_back_and_its_neighbours_are_empty() {
        let mut hour = Vec::new();
        put(&mut hour, 59, minute(12, 97.0));
        assert_eq!((hour.len(), minute_of(&hour, 59)), (HOUR_BYTES, Some(minute(12, 97.0))));
        assert_eq!((minute_of(&hour, 58), minute_of(&hour, 60)), (None, None));
    }

    #[test]
    fn what_was_not_told_stays_untold() {
        let mut hour = Vec::new();
        let nothing = Minute { samples: 1, ..Minute::default() };
        put(&mut hour, 0, nothing);
        assert_eq!(minute_of(&hour, 0), Some(nothing));
    }

    #[test]
    fn two_servers_that_heard_parts_of_a_minute_make_one_of_it() {
        let mut hour = Vec::new();
        put(&mut hour, 7, minute(1, 100.0));
        put(&mut hour, 7, minute(3, 0.0));
        let sum = minute_of(&hour, 7);
        assert_eq!(sum.map(|sum| (sum.samples, sum.utilization_percent)), Some((4, Some(25.0))));
        assert_eq!(sum.and_then(|sum| sum.peak_percent), Some(100.0));
    }
}
