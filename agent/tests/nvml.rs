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
    assert_eq!(lost.condition, Condition::Failed("XID 79: the GPU has fallen off the bus".to_owned()));
    assert!(samples.iter().skip(1).all(|sample| sample.condition == Condition::Healthy));
}

#[test]
fn an_error_of_a_program_is_not_held_against_the_card_and_one_of_the_card_is() {
    let hardware = Hardware::with("");
    let devices = load();
    hardware.change("xid 0 31 3101\nxid 0 43 4301\n");
    assert_eq!(first(&devices, &[]).condition, Condition::Healthy);
    hardware.change("xid 0 94 9401\n");
    assert_eq!(
        first(&devices, &[]).condition,
        Condition::Degraded("XID 94: contained memory error".to_owned())
    );
    hardware.change("xid 0 95 9501\n");
    assert!(matches!(first(&devices, &[]).condition, Condition::Failed(_)));
    hardware.change("");
    assert!(matches!(first(&devices, &[]).condition, Condition::Failed(_)), "a fault lasts");
}

#[test]
fn uncorrected_memory_errors_degrade_a_card() {
    let _hardware = Hardware::with("gpu 0 ecc_unc=2\n");
    let reason = "2 uncorrected memory errors since the driver was loaded";
    assert_eq!(first(&load(), &[]).condition, Condition::Degraded(reason.to_owned()));
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
        assert!(matches!(condition, Condition::Failed(_)), "code {code} gave {condition:?}");
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
