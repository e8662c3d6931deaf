//! The user's words for which GPUs to offer: `auto`, `nvml`, `none`, `simulated:4xH100-80GB,2xA100-40GB`.

use std::fmt;
use std::str::FromStr;

/// More simulated GPUs on one host than this would be a typing mistake.
const MOST_SIMULATED: u32 = 1024;

/// Which GPUs an agent offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GpuSpec {
    /// Those of NVML, if it finds any.
    #[default]
    Auto,
    /// Those of NVML, and none without it.
    Nvml,
    /// Played ones.
    Simulated(Vec<SimulatedGroup>),
    /// No GPUs at all.
    None,
}

/// Some simulated GPUs of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedGroup {
    /// How many.
    pub count: u32,
    /// The model, its memory included: H100-80GB.
    pub model: String,
    /// The memory that a card of that model reports.
    pub memory_mib: i32,
}

impl fmt::Display for SimulatedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.count, self.model)
    }
}

/// Why a GPU specification was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{given}' names no GPUs: {problem}; use auto, nvml, none or simulated:8xH100-80GB")]
pub struct InvalidGpuSpec {
    given: String,
    problem: &'static str,
}

impl FromStr for GpuSpec {
    type Err = InvalidGpuSpec;

    fn from_str(text: &str) -> Result<Self, InvalidGpuSpec> {
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::Auto),
            None if text == "nvml" => Ok(Self::Nvml),
            None if text == "none" => Ok(Self::None),
            Some(("simulated", groups)) => parse_groups(groups)
                .map(Self::Simulated)
                .map_err(|problem| InvalidGpuSpec { given: text.to_owned(), problem }),
            _ => Err(InvalidGpuSpec { given: text.to_owned(), problem: "it begins with no known word" }),
        }
    }
}

fn parse_groups(text: &str) -> Result<Vec<SimulatedGroup>, &'static str> {
    let groups = text.split(',').map(parse_group).collect::<Result<Vec<_>, _>>()?;
    let total = groups.iter().fold(0_u32, |sum, group| sum.saturating_add(group.count));
    if total > MOST_SIMULATED { Err("a host simulates at most 1024 GPUs") } else { Ok(groups) }
}

fn parse_group(text: &str) -> Result<SimulatedGroup, &'static str> {
    let (count, model) = text.trim().split_once('x').ok_or("a group reads COUNTxMODEL-MEMORYGB")?;
    let count = count.parse().map_err(|_| "the count is no number")?;
    if count == 0 {
        return Err("the count is zero");
    }
    let gigabytes = model.rsplit_once('-').and_then(|(name, memory)| {
        let memory: u64 = memory.strip_suffix("GB")?.parse().ok()?;
        (!name.is_empty()).then_some(memory)
    });
    let gigabytes = gigabytes.ok_or("a model ends in its memory, as in H100-80GB")?;
    let memory_mib = memory_mib(model, gigabytes).ok_or("the memory is beyond any card")?;
    Ok(SimulatedGroup { count, model: model.to_owned(), memory_mib })
}

/// What real cards report, where that is known; otherwise enough MiB to hold the decimal gigabytes of the name.
fn memory_mib(model: &str, gigabytes: u64) -> Option<i32> {
    match model {
        "H100-80GB" => Some(81_559),
        "A100-80GB" => Some(81_920),
        "A100-40GB" => Some(40_960),
        "H200-141GB" => Some(143_771),
        _ if (1..=1_000_000).contains(&gigabytes) => {
            i32::try_from((gigabytes * 1_000_000_000).div_ceil(1 << 20)).ok()
        }
        _ => None,
    }
}

/// What a machine without a GPU plays when nothing was asked for.
pub(super) fn stand_in() -> Vec<SimulatedGroup> {
    vec![SimulatedGroup { count: 8, model: "H100-80GB".to_owned(), memory_mib: 81_559 }]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn several_groups_are_read() {
        let spec: GpuSpec = "simulated:4xH100-80GB,2xA100-40GB".parse().unwrap();
        let GpuSpec::Simulated(groups) = spec else { unreachable!() };
        let read: Vec<_> =
            groups.iter().map(|group| (group.count, group.model.as_str(), group.memory_mib)).collect();
        assert_eq!(read, [(4, "H100-80GB", 81_559), (2, "A100-40GB", 40_960)]);
    }

    #[test]
    fn a_card_holds_the_gigabytes_of_its_name() {
        for gigabytes in 1..400_u64 {
            let mib = memory_mib("Some-Card", gigabytes).unwrap();
            assert!(u64::try_from(mib).unwrap() << 20 >= gigabytes * 1_000_000_000);
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_hint() {
        for text in [
            "",
            "gpu",
            "simulated",
            "simulated:",
            "simulated:0xH100-80GB",
            "simulated:4xH100",
            "simulated:x-1GB",
            "simulated:2x-80GB",
            "simulated:99999999xH100-80GB",
            "simulated:1xH100-0GB",
        ] {
            let error = text.parse::<GpuSpec>().unwrap_err();
            assert!(error.to_string().contains("simulated:8xH100-80GB"), "{text}");
        }
    }
}
