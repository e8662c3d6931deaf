//! Builds one attempt in a temporary directory, runs the real shim on it, and reads what it left.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test program uses its own part")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agent::attempt::frame::{self, Line};
use agent::attempt::{
    AttemptDir, AttemptId, Durability, ExitRecord, Spec, Started, read_record, write_record,
};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Waits for a condition, and says which one never came true.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub struct AttemptUnderTest {
    pub spec: Spec,
    pub dir: AttemptDir,
    _root: TempDir,
}

impl AttemptUnderTest {
    pub fn of_script(script: &str) -> Self {
        Self::of_command(&["sh", "-c", script])
    }

    pub fn of_command(command: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let id = AttemptId { job_id: "job".to_owned(), attempt: 1 };
        let dir = AttemptDir::of(root.path(), &id);
        dir.create().unwrap();
        Self { spec: spec(&id, command), dir, _root: root }
    }

    pub fn write_spec(&self) {
        write_record(&self.dir.spec(), &self.spec, Durability::Process).unwrap();
    }

    /// Writes a lease that is to end, goodbye first, so many seconds from now.
    pub fn write_lease(&self, path: &Path, goodbye: i64, end: i64) {
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).unwrap();
        let millis = |seconds: i64| u64::try_from((now.tv_sec() + seconds) * 1000).unwrap();
        let (goodbye, end) = (millis(goodbye), millis(end));
        let text = format!("{goodbye:020} {end:020} {:020} {}\n", goodbye + end, agent::procfs::boot_id());
        fs::write(path, text).unwrap();
    }

    pub fn start(&self) -> Shim {
        self.write_spec();
        let mut command = Command::new(Shim::program());
        command.arg("shim").arg(self.dir.path()).stdout(Stdio::piped());
        Shim(command.spawn().unwrap())
    }

    pub fn run_to_the_end(&self) -> ExitRecord {
        assert_eq!(self.start().wait(), agent::shim::EXIT_DONE);
        self.exit()
    }

    pub fn exit(&self) -> ExitRecord {
        until("there is an exit record", || self.dir.exit().exists());
        read_record(&self.dir.exit()).unwrap().unwrap()
    }

    pub fn started(&self) -> Started {
        until("there is a record of the start", || self.dir.started().exists());
        read_record(&self.dir.started()).unwrap().unwrap()
    }

    pub fn lines(&self) -> Vec<Line> {
        let log = fs::read(self.dir.log()).unwrap_or_default();
        let complete = log.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end);
        if complete == 0 {
            Vec::new()
        } else {
            log[..complete].split(|byte| *byte == b'\n').map(frame::decode).collect()
        }
    }

    pub fn texts(&self) -> Vec<String> {
        self.lines().into_iter().map(|line| line.text).collect()
    }

    pub fn log_size(&self) -> u64 {
        fs::metadata(self.dir.log()).unwrap().len()
    }

    pub fn lock_is_free(&self) -> bool {
        File::open(self.dir.lock()).unwrap().try_lock().is_ok()
    }
}

/// An order without GPUs or limits.
pub fn spec(id: &AttemptId, command: &[&str]) -> Spec {
    Spec {
        job_id: id.job_id.clone(),
        attempt: id.attempt,
        job_name: "test".to_owned(),
        organization: "default".to_owned(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        env: Vec::new(),
        workdir: None,
        image: None,
        container: None,
        share: None,
        gpu_uuids: Vec::new(),
        gpu_milli: 1000,
        time_limit_seconds: None,
        grace_seconds: 10,
        node_rank: 0,
        node_count: 1,
        boot_id: agent::procfs::boot_id(),
        lease: None,
        cgroup: None,
        in_scope: false,
        user: None,
    }
}

pub struct Shim(Child);

impl Shim {
    pub fn program() -> &'static str {
        env!("CARGO_BIN_EXE_gpu-fleet-shim")
    }

    pub fn signal(&self, signal: i32) {
        let pid = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::try_from(signal).unwrap()).unwrap();
    }

    pub fn wait(mut self) -> i32 {
        self.0.wait().unwrap().code().unwrap()
    }

    pub fn started_line(&mut self) -> i32 {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        line.trim().strip_prefix("started ").unwrap().parse().unwrap()
    }
}

/// A control group of its own, where this machine lets tests have one; removed when it is dropped.
pub struct ControlGroup {
    pub path: PathBuf,
}

impl ControlGroup {
    pub fn create() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?.split(' ').nth(4)?;
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap();
        let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let path = Path::new(mount).join(own).join(format!("gpu-fleet-test-{}", std::process::id()));
        fs::create_dir(&path).ok()?;
        path.join("cgroup.kill").exists().then_some(Self { path })
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.path);
    }
}
