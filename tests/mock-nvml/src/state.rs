//! The hardware: a text file, one fact per line.
//!
//! ```text
//! count 8                     how many GPUs (four without this line, which comes before lines about single ones)
//! driver 570.86.15            the driver's version
//! gpu 0 name=NVIDIA_A100-SXM4-80GB mem_total=85899345920 mem_used=0 util=97 memutil=40 temp=61 power=400000
//! gpu 1 uuid=GPU-… ecc_unc=2  uncorrected memory errors
//! gpu 2 lost=1                it has fallen off the bus
//! gpu 3 remap_pending=1 remap_failure=0 recovery=1 throttle=64 clock=1980 numa=1 fields as NVML numbers them
//! gpu 0 links=1,1,2,switch    a link each: to which GPU, or to a switch
//! gpu 1 mig=3                 it is cut into three slices
//! gpu 0 persistence=0         its driver does not stay loaded
//! proc 0 4242 1073741824      process 4242 holds this many bytes of GPU 0
//! proc 1/2 4242 1073741824    of slice 2 of GPU 1
//! xid 2 79 1                  an error event; delivered once for each number at its end
//! fail nvmlDeviceGetName 25   that function returns this code
//! ```
//!
//! Lines that say nothing known are passed over.

use std::collections::HashMap;

/// Names the file that describes the hardware.
pub const STATE_VARIABLE: &str = "GPU_FLEET_MOCK_NVML_STATE";

/// One card.
#[derive(Clone, Debug)]
pub(crate) struct Gpu {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) memory_total: u64,
    pub(crate) memory_used: u64,
    pub(crate) utilization: u32,
    pub(crate) memory_utilization: u32,
    pub(crate) temperature: u32,
    pub(crate) milliwatts: u32,
    pub(crate) uncorrected_errors: u64,
    pub(crate) lost: bool,
    pub(crate) remap_pending: u64,
    pub(crate) remap_failure: u64,
    /// None: a driver that does not know this yet.
    pub(crate) recovery_action: Option<u64>,
    pub(crate) throttle_reasons: u64,
    pub(crate) clock: u32,
    pub(crate) numa_node: Option<u32>,
    /// A link each: the GPU at its other end, or none for a switch.
    pub(crate) links: Vec<Option<usize>>,
    pub(crate) slices: u32,
    pub(crate) persistent: bool,
}

/// A process on a card.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    pub(crate) gpu: usize,
    pub(crate) slice: Option<usize>,
    pub(crate) pid: u32,
    pub(crate) bytes: u64,
}

/// An error event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Xid {
    pub(crate) gpu: usize,
    pub(crate) code: u64,
    pub(crate) number: u64,
}

/// All that there is.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) gpus: Vec<Gpu>,
    pub(crate) processes: Vec<Process>,
    pub(crate) xids: Vec<Xid>,
    pub(crate) driver: String,
    pub(crate) failures: HashMap<String, u32>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            gpus: (0..4).map(new_gpu).collect(),
            processes: Vec::new(),
            xids: Vec::new(),
            driver: "550.90.07".to_owned(),
            failures: HashMap::new(),
        }
    }
}

fn new_gpu(index: u64) -> Gpu {
    Gpu {
        uuid: format!("GPU-00000000-0000-4000-8000-{index:012x}"),
        name: "NVIDIA H100 80GB HBM3".to_owned(),
        memory_total: 85_520_809_984,
        memory_used: 0,
        utilization: 0,
        memory_utilization: 0,
        temperature: 34,
        milliwatts: 71_000,
        uncorrected_errors: 0,
        lost: false,
        remap_pending: 0,
        remap_failure: 0,
        recovery_action: None,
        throttle_reasons: 0,
        clock: 345,
        numa_node: None,
        links: Vec::new(),
        slices: 0,
        persistent: true,
    }
}

impl State {
    /// The hardware as the file describes it now; four idle H100s without a file.
    pub(crate) fn present() -> Self {
        let text = std::env::var(STATE_VARIABLE).ok().and_then(|path| std::fs::read_to_string(path).ok());
        Self::read(&text.unwrap_or_default())
    }

    fn read(text: &str) -> Self {
        let mut state = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let Some((verb, facts)) = words.split_first() {
                state.take(verb, facts);
            }
        }
        state
    }

    fn take(&mut self, verb: &str, facts: &[&str]) {
        let word = |place: usize| facts.get(place).copied().unwrap_or_default();
        let number = |place: usize| word(place).parse::<u64>().unwrap_or(0);
        let gpu = usize::try_from(number(0)).unwrap_or(usize::MAX);
        match verb {
            "count" => self.gpus = (0..number(0)).map(new_gpu).collect(),
            "driver" => word(0).clone_into(&mut self.driver),
            "fail" => {
                self.failures.insert(word(0).to_owned(), narrow(number(1)));
            }
            "proc" => {
                let (card, slice) = word(0).split_once('/').unwrap_or((word(0), ""));
                let gpu = card.parse().unwrap_or(usize::MAX);
                let (pid, bytes) = (narrow(number(1)), number(2));
                self.processes.push(Process { gpu, slice: slice.parse().ok(), pid, bytes });
            }
            "xid" => self.xids.push(Xid { gpu, code: number(1), number: number(2) }),
            "gpu" => {
                if let Some(gpu) = self.gpus.get_mut(gpu) {
                    facts
                        .iter()
                        .skip(1)
                        .filter_map(|fact| fact.split_once('='))
                        .for_each(|(key, value)| gpu.take(key, value));
                }
            }
            _ => {}
        }
    }

    /// The processes that a card lists. One that has ended is listed no more, even while its parent has not reaped it.
    pub(crate) fn living_processes(&self, gpu: usize, slice: Option<usize>) -> Vec<Process> {
        let on_it =
            |process: &&Process| process.gpu == gpu && slice.is_none_or(|slice| process.slice == Some(slice));
        self.processes.iter().filter(on_it).filter(|process| is_alive(process.pid)).copied().collect()
    }
}

impl Gpu {
    fn take(&mut self, key: &str, value: &str) {
        let number = value.parse::<u64>().unwrap_or(0);
        match key {
            "uuid" => value.clone_into(&mut self.uuid),
            "name" => self.name = value.replace('_', " "),
            "mem_total" => self.memory_total = number,
            "mem_used" => self.memory_used = number,
            "util" => self.utilization = narrow(number),
            "memutil" => self.memory_utilization = narrow(number),
            "temp" => self.temperature = narrow(number),
            "power" => self.milliwatts = narrow(number),
            "ecc_unc" => self.uncorrected_errors = number,
            "lost" => self.lost = number != 0,
            "remap_pending" => self.remap_pending = number,
            "remap_failure" => self.remap_failure = number,
            "recovery" => self.recovery_action = Some(number),
            "throttle" => self.throttle_reasons = number,
            "clock" => self.clock = narrow(number),
            "numa" => self.numa_node = Some(narrow(number)),
            "links" => self.links = value.split(',').map(|peer| peer.parse().ok()).collect(),
            "mig" => self.slices = narrow(number),
            "persistence" => self.persistent = number != 0,
            _ => {}
        }
    }
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn is_alive(pid: u32) -> bool {
    // As bytes: a name may be cut inside a character.
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.iter().rposition(|byte| *byte == b')').and_then(|end| stat.get(end + 2));
    state.is_some_and(|state| !matches!(state, b'Z' | b'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_about_single_cards_are_read() {
        let state = State::read(
            "count 2\ngpu 1 name=NVIDIA_L4 util=50 lost=1\nfail nvmlDeviceGetName 25\nnonsense 1\n",
        );
        let read: Vec<_> =
            state.gpus.iter().map(|gpu| (gpu.name.as_str(), gpu.utilization, gpu.lost)).collect();
        assert_eq!(read, [("NVIDIA H100 80GB HBM3", 0, false), ("NVIDIA L4", 50, true)]);
        assert_eq!(state.failures.get("nvmlDeviceGetName"), Some(&25));
    }

    #[test]
    fn only_living_processes_are_listed() {
        let state = State::read(&format!("proc 0 {} 1\nproc 0 {} 1\n", std::process::id(), u32::MAX));
        assert_eq!(state.living_processes(0, None).len(), 1);
        assert_eq!(state.living_processes(1, None).len(), 0);
    }
}
