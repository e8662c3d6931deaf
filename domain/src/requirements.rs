//! What a job asks of the fleet, and whether a GPU answers it.

use serde::{Deserialize, Serialize};

/// Thousandths in one whole GPU.
pub const WHOLE_GPU_MILLI: i32 = 1000;

/// A label on a host, or one that a job wants its host to have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// Left of the equals sign.
    pub key: String,
    /// Right of it.
    pub value: String,
}

/// What a job asks of the fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuRequirements {
    /// GPUs in all, at least 1.
    pub count: i32,
    /// Thousandths of one GPU, 1 to 1000; less than 1000 only with `count` 1.
    pub milli: i32,
    /// Any of these; empty: any. See [`type_matches`].
    pub gpu_types: Vec<String>,
    /// Least memory of each GPU, decimal gigabytes (10^9 bytes).
    pub min_memory_gb: Option<f64>,
    /// True: all on one host.
    pub single_host: bool,
    /// CPU cores in all, taken from the hosts in proportion to their GPUs.
    pub cpus: Option<f64>,
    /// Host memory in all, decimal gigabytes, taken likewise.
    pub memory_gb: Option<f64>,
    /// Labels that each host must have.
    pub labels: Vec<Label>,
}

impl Default for GpuRequirements {
    fn default() -> Self {
        Self {
            count: 1,
            milli: WHOLE_GPU_MILLI,
            gpu_types: Vec::new(),
            min_memory_gb: None,
            single_host: true,
            cpus: None,
            memory_gb: None,
            labels: Vec::new(),
        }
    }
}

/// True when every word of `wanted` is a word of `gpu_type`, whatever the case; words are runs of letters and digits,
/// so that `NVIDIA A100` matches `NVIDIA A100-SXM4-80GB` and `A10` does not.
#[must_use]
pub fn type_matches(wanted: &str, gpu_type: &str) -> bool {
    words(wanted).all(|word| words(gpu_type).any(|other| other.eq_ignore_ascii_case(word)))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Memory as sold: NVML counts in bytes and reports slightly less than the label says (an "80 GB" H100 has 81,559 MiB,
/// an "80 GB" A100 81,920 MiB), but never less than the label in decimal gigabytes.
#[must_use]
pub fn memory_gb(memory_mib: i32) -> f64 {
    f64::from(memory_mib) * 1_048_576.0 / 1e9
}

impl GpuRequirements {
    /// Whether a GPU of this type and memory (MiB) answers this, whatever its state.
    #[must_use]
    pub fn matches_card(&self, gpu_type: &str, memory_mib: i32) -> bool {
        self.matches_type(gpu_type) && self.min_memory_gb.is_none_or(|least| memory_gb(memory_mib) >= least)
    }

    /// Whether a GPU of this type answers this, whatever its memory.
    #[must_use]
    pub fn matches_type(&self, gpu_type: &str) -> bool {
        self.gpu_types.is_empty() || self.gpu_types.iter().any(|wanted| type_matches(wanted, gpu_type))
    }

    /// All its numbers as bits: equal only for equal numbers, and quick to compare and to hash.
    pub(crate) fn bits(&self) -> [u64; 5] {
        let amounts = [self.min_memory_gb, self.cpus, self.memory_gb];
        let [memory, cpus, host_memory] = amounts.map(|amount| amount.unwrap_or(0.0).to_bits());
        let flags = amounts.map(|amount| u64::from(amount.is_some()));
        let flags = u64::from(self.single_host) | flags[0] << 1 | flags[1] << 2 | flags[2] << 3;
        let size = u64::from(self.count as u32) << 32 | u64::from(self.milli as u32);
        [size, flags, memory, cpus, host_memory]
    }

    /// Whether a host with these labels answers this.
    #[must_use]
    pub fn matches_labels(&self, labels: &[Label]) -> bool {
        self.labels.iter().all(|wanted| labels.contains(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_matches_by_whole_words_in_any_case() {
        assert!(type_matches("nvidia a100", "NVIDIA A100-SXM4-80GB"));
        assert!(type_matches("H100-80GB", "NVIDIA H100 80GB HBM3"));
        assert!(!type_matches("A10", "NVIDIA A100-SXM4-80GB"));
        assert!(!type_matches("H100 40GB", "NVIDIA H100 80GB HBM3"));
    }

    #[test]
    fn eighty_matches_every_card_sold_as_eighty() {
        let eighty = GpuRequirements { min_memory_gb: Some(80.0), ..GpuRequirements::default() };
        assert!(eighty.matches_card("NVIDIA H100 80GB HBM3", 81_559));
        assert!(eighty.matches_card("NVIDIA A100-SXM4-80GB", 81_920));
        assert!(!eighty.matches_card("NVIDIA L40S", 46_068));
    }
}
