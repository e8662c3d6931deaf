//! Real GPUs as far as a machine without any can show them: NVML's own interface, with a stand-in for the library behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use agent::attempt::AttemptId;
use agent::devices::{Condition, LiveAttempt, NvmlDevices, Owner, Sample};
use agent::{Devices, GpuSpec, detect};
use tempfile::TempDir;

/// The hardware belongs to the whole process, so one test has it at a time.
struct Hardware {
    file: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Hardware {
    fn with(facts: &str) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        static DIR: OnceLock<TempDir> = OnceLock::new();
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let file = DIR.get_or_init(|| tempfile::tempdir().unwrap()).path().join("hardware");
        // SAFETY: no other thread reads the environment at this time: the tests that could wait for the lock.
        unsafe { std::env::set_var(nvidia_ml::state::STATE_VARIABLE, &file) };
        let hardware = Self { file, _alone: alone };
        hardware.change(facts);
        hardware
    }

    /// Changes the hardware under whoever uses it.
    fn change(&self, facts: &str) {
        fs::write(&self.file, facts).unwrap();
    }
}

/// The stand-in lies beside the test programs, since they depend on it.
fn library() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let library = program.parent().unwrap().join("libnvidia_ml.so");
    assert!(library.exists(), "{} is missing", library.display());
    library
}

fn load() -> NvmlDevices {
    NvmlDevices::load(Some(&library())).unwrap()
}

fn first(devices: &NvmlDevices, live: &[LiveAttempt]) -> Sample {
    devices.sample(live).into_iter().next().unwrap()
}

/// A process that lives as long as it is held.
struct Process(Child);

impl Process {
    fn start(job_id: Option<&str>) -> Self {
        let mut command = Command::new("sleep");
        command.arg("300");
        if let Some(job_id) = job_id {
            command.env("GPU_FLEET_JOB_ID", job_id);
        }
        Self(command.spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        self.0.id().cast_signed()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_inventory_is_what_nvml_lists() {
    let _hardware = Hardware::with("count 6\ngpu 1 name=NVIDIA_A100-SXM4-80GB mem_total=85899345920\n");
    let detected = detect(&GpuSpec::Auto, Some(&library()), true);
    assert!(!detected.simulated);
    assert_eq!(
        detected.note,
        "5 x NVIDIA H100 80GB HBM3, 1 x NVIDIA A100-SXM4-80GB found by NVML, driver 550.90.07"
    );
    let inventory = detected.devices.inventory();
    let second = inventory.get(1).unwrap();
    assert_eq!((second.index, second.memory_mib, second.simulated), (1, 81_920, false));
    assert_eq!(second.uuid, "GPU-00000000-0000-4000-8000-000000000001");
    assert!(inventory.iter().all(|device| device.condition == Condition::Healthy));
}

#[test]
fn without_the_library_gpus_are_simulated_only_where_that_was_allowed() {
    let missing = Path::new("/no/such/library.so");
    let detected = detect(&GpuSpec::Auto, Some(missing), true);
    assert!(detected.simulated && detected.note.starts_with("SIMULATED"), "{}", detected.note);
    assert_eq!(detected.devices.inventory().len(), 8);
    for (spec, allowed) in [(GpuSpec::Auto, false), (GpuSpec::Nvml, true)] {
        assert!(matches!(detect(&spec, Some(missing), allowed).devices, Devices::None));
    }
}

#[test]
fn telemetry_follows_the_card() {
    let hardware = Hardware::with("gpu 0 util=97 temp=61 power=402500 mem_used=1073741824\n");
    let devices = load();
    let sample = first(&devices, &[]);
    assert_eq!((sample.utilization_percent, sample.temperature_celsius), (Some(97.0), Some(61)));
    assert_eq!((sample.power_watts, sample.memory_used_mib), (Some(402.5), Some(1024)));
    hardware.change("gpu 0 util=3\n");
    assert_eq!(first(&devices, &[]).utilization_percent, Some(3.0));
}

#[test]
fn each_process_has_its_owner() {
    let (stranger, leftover, own) = (Process::start(None), Process::start(Some("old")), Process::start(None));
    let on_card = |process: &Process| format!("proc 0 {} 2147483648\n", process.pid());
    let _hardware = Hardware::with(&[&stranger, &leftover, &own].map(on_card).concat());
    let id = AttemptId { job_id: "job".to_owned(), attempt: 1 };
    let shim_pid = Some(own.pid());
    let live = LiveAttempt {
        id: id.clone(),
        gpu_uuids: vec!["GPU-00000000-0000-4000-8000-000000000000".to_owned()],
        gpu_milli: 1000,
        shim_pid,
        shim_start_time: agent::procfs::stat(own.pid()).unwrap().start_time,
        cgroup: None,
        container: None,
        survivors: None,
        pid: shim_pid,
    };
    let processes = first(&load(), &[live]).processes.unwrap();
    let owners: Vec<_> = processes.iter().map(|process| process.owner.clone()).collect();
    assert_eq!(owners, [Owner::Foreign, Owner::Orphan("old".to_owned()), Owner::Job(id)]);
    let one = processes.first().unwrap();
    assert_eq!((one.memory_used_mib, one.command.as_deref()), (Some(2048), Some("sleep 300")));
}

#[test]
fn a_lost_card_fails_and_keeps_its_name_while_the_others_go_on() {
    let hardware = Hardware::with("");
    let devices = load();
    hardware.change("gpu 0 lost=1\nxid 0 79 7901\n");
    let samples = devices.sample(&[]);
    let lost = samples.first().unwrap();
    assert_eq!(lost.uuid, "GPU-00000000-0000-4000-8000-000000000000");
    assert_eq!(lost.condition, Condition::Dead("XID 79: the GPU has fallen off the bus".to_owned()));
    assert!(samples.iter().skip(1).all(|sample| sample.condition == Condition::Healthy));
}

#[test]
fn an_error_of_a_program_is_noted_and_not_held_against_the_card_and_one_of_the_card_is() {
    let hardware = Hardware::with("");
    let devices = load();
    hardware.change("xid 0 31 3101\nxid 0 43 4301\n");
    assert_eq!(first(&devices, &[]).condition, Condition::Healthy);
    let notes: Vec<_> =
        devices.take_notes().into_iter().map(|(uuid, note)| (uuid.ends_with("000"), note)).collect();
    assert_eq!(notes[0], (true, "XID 31: the program used memory that is not its own".to_owned()));
    hardware.change("xid 0 94 9401\n");
    assert_eq!(
        first(&devices, &[]).condition,
        Condition::Suspect("XID 94: contained memory error".to_owned())
    );
    hardware.change("xid 0 95 9501\n");
    assert!(matches!(first(&devices, &[]).condition, Condition::Dead(_)));
    hardware.change("");
    assert!(matches!(first(&devices, &[]).condition, Condition::Dead(_)), "a fault lasts");
}

#[test]
fn a_fault_is_forgiven_when_the_card_has_proved_itself_and_not_while_it_asks_for_a_reset() {
    let hardware = Hardware::with("");
    let mut devices = load();
    devices.set_probation(std::time::Duration::ZERO);
    hardware.change("gpu 0 recovery=1\nxid 0 63 6301\n");
    for _ in 0..3 {
        let reason = first(&devices, &[]).condition;
        assert_eq!(reason.reason(), Some("XID 63: a bad memory row is to be set aside at the next reset"));
    }
    hardware.change("gpu 0 recovery=0\n");
    first(&devices, &[]);
    assert_eq!(first(&devices, &[]).condition, Condition::Healthy);
}

#[test]
fn signs_of_bad_memory_heat_and_want_of_power_are_told_apart() {
    let hardware = Hardware::with("");
    let devices = load();
    let condition = |facts: &str| {
        hardware.change(facts);
        first(&devices, &[]).condition
    };
    let suspect = |reason: &str| Condition::Suspect(reason.to_owned());
    let degraded = |reason: &str| Condition::Degraded(reason.to_owned());
    assert_eq!(condition("gpu 0 remap_pending=1\n"), suspect("a bad memory row waits to be set aside"));
    assert_eq!(
        condition("gpu 0 remap_pending=1 recovery=4\n"),
        suspect(
            "a bad memory row waits to be set aside; the driver asks for an end of its work and a reset of the GPU"
        )
    );
    assert!(matches!(condition("gpu 0 remap_failure=1\n"), Condition::Failed(_)));
    assert_eq!(condition("gpu 0 recovery=2\n"), suspect("the driver asks for a reboot of the host"));
    assert_eq!(condition("gpu 0 throttle=64\n"), degraded("slowed down by heat"));
    assert_eq!(condition("gpu 0 throttle=128\n"), degraded("slowed down by its power supply"));
    assert_eq!(condition("gpu 0 throttle=4\n"), Condition::Healthy, "a cap that somebody has set");
    assert_eq!(
        condition("fail nvmlDeviceGetMemoryInfo_v2 18\n"),
        Condition::Failed("the driver in the kernel and its library are of different versions".to_owned())
    );
}

#[test]
fn links_and_memory_nodes_are_found() {
    let _hardware =
        Hardware::with("gpu 0 links=1,1,2 numa=0\ngpu 1 links=0,0 numa=1\ngpu 2 links=0\ngpu 3 numa=1\n");
    let inventory = load().inventory();
    let last = |uuid: &String| uuid.chars().last().unwrap();
    let peers: Vec<String> =
        inventory.iter().map(|device| device.nvlink_peers.iter().map(last).collect()).collect();
    assert_eq!(peers, ["12", "0", "0", ""]);
    let nodes: Vec<_> = inventory.iter().map(|device| device.numa_node).collect();
    assert_eq!(nodes, [Some(0), Some(1), None, Some(1)]);
}

#[test]
fn through_a_switch_every_card_with_links_reaches_every_other() {
    let _hardware =
        Hardware::with("count 3\ngpu 0 links=switch,switch\ngpu 1 links=switch\ngpu 2 links=switch\n");
    assert!(load().inventory().iter().all(|device| device.nvlink_peers.len() == 2));
}

#[test]
fn slices_of_a_card_are_gpus_of_their_own_and_share_its_fate() {
    let process = Process::start(None);
    let hardware = Hardware::with(&format!("count 2\ngpu 1 mig=3\nproc 1/2 {} 1073741824\n", process.pid()));
    let devices = load();
    let inventory = devices.inventory();
    let uuids: Vec<_> = inventory.iter().map(|device| device.uuid.split('-').next().unwrap()).collect();
    assert_eq!(uuids, ["GPU", "MIG", "MIG", "MIG"], "the cut card itself is not offered");
    assert_eq!(inventory.iter().map(|device| device.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(inventory[1].gpu_type.contains("MIG") && inventory[1].memory_mib < inventory[0].memory_mib / 4);
    let on: Vec<_> =
        devices.sample(&[]).iter().map(|sample| sample.processes.as_ref().unwrap().len()).collect();
    assert_eq!(on, [0, 0, 0, 1], "each lists its own processes");
    hardware.change("count 2\ngpu 1 mig=3 lost=1\nxid 1 79 7902\n");
    let dead: Vec<_> =
        devices.sample(&[]).iter().map(|sample| matches!(sample.condition, Condition::Dead(_))).collect();
    assert_eq!(dead, [false, true, true, true]);
}

#[test]
fn a_card_that_cannot_list_its_processes_says_nothing_rather_than_none() {
    let hardware = Hardware::with("");
    let mut devices = load();
    let listed = |devices: &NvmlDevices| first(devices, &[]).processes;
    for code in [3, 4, 10, 999] {
        hardware.change(&format!("fail nvmlDeviceGetComputeRunningProcesses_v3 {code}\n"));
        assert_eq!(listed(&devices), None, "code {code}");
    }
    devices.accept_unlisted();
    assert_eq!(listed(&devices), None, "an error is an error still");
    hardware.change("fail nvmlDeviceGetComputeRunningProcesses_v3 3\n");
    assert_eq!(listed(&devices), Some(Vec::new()), "what a driver never can may be accepted");
}

#[test]
fn uncorrected_memory_errors_keep_new_jobs_off_a_card() {
    let _hardware = Hardware::with("gpu 0 ecc_unc=2\n");
    let reason = "2 uncorrected memory errors since the driver was loaded";
    let sample = first(&load(), &[]);
    assert_eq!(
        (sample.condition, sample.uncorrected_errors),
        (Condition::Suspect(reason.to_owned()), Some(2))
    );
}

#[test]
fn codes_of_newer_drivers_fail_the_card_and_never_the_agent() {
    let hardware = Hardware::with("");
    let devices = load();
    for code in [1, 9, 15, 16, 23, 25, 28, 30, 999, 4_294_967_295_u32] {
        hardware.change(&format!(
            "fail nvmlDeviceGetMemoryInfo_v2 {code}\nfail nvmlDeviceGetComputeRunningProcesses_v3 {code}\n"
        ));
        let condition = first(&devices, &[]).condition;
        assert!(condition.has_failed(), "code {code} gave {condition:?}");
    }
    hardware.change("");
    assert_eq!(first(&devices, &[]).condition, Condition::Healthy);
}

#[test]
fn what_a_card_does_not_offer_is_missing_and_no_fault() {
    let hardware = Hardware::with("");
    let devices = load();
    hardware.change("fail nvmlDeviceGetPowerUsage 3\nfail nvmlDeviceGetTotalEccErrors 3\n");
    let sample = first(&devices, &[]);
    assert_eq!((sample.power_watts, sample.condition), (None, Condition::Healthy));
}

#[test]
fn a_library_that_will_not_begin_is_an_error_with_its_reason() {
    let _hardware = Hardware::with("fail nvmlInit_v2 9\n");
    let error = NvmlDevices::load(Some(&library())).unwrap_err().to_string();
    assert!(error.starts_with("NVML is not available"), "{error}");
}
