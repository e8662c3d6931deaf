//! What the host itself has: processors and memory.

/// Processors that this process may use.
pub(crate) fn cpus() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64)
}

/// Memory of the machine in MiB.
pub(crate) fn memory_mib() -> i32 {
    std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_mib(&text)).unwrap_or(0)
}

fn total_mib(meminfo: &str) -> Option<i32> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    i32::try_from(kib / 1024).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_and_this_machine_has_some() {
        assert_eq!(total_mib("MemFree: 1 kB\nMemTotal:       32768000 kB\n"), Some(32_000));
        assert!(memory_mib() > 0 && cpus() >= 1.0);
    }
}
