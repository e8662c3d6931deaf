//! The program under test: where it is, and how it is started with nothing of the caller's settings.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The program under test.
#[derive(Clone, Debug)]
pub struct Binary {
    path: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it said.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Binary {
    /// GPU_FLEET_BIN, else what was built beside the running test.
    pub fn find() -> Self {
        let path = std::env::var_os("GPU_FLEET_BIN")
            .map_or_else(|| Self::target_dir().join("gpu-fleet"), PathBuf::from);
        assert!(
            path.is_file(),
            "there is no {}: run `cargo build -p gpu-fleet` first, or name the binary in GPU_FLEET_BIN",
            path.display()
        );
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the running test or program was built: target/debug.
    pub fn target_dir() -> PathBuf {
        let own = std::env::current_exe().expect("the test's own path");
        let beside = own.parent().expect("a folder");
        // A test lies in target/*/deps, a program of its own above that.
        if beside.ends_with("deps") {
            beside.parent().expect("a folder above").to_owned()
        } else {
            beside.to_owned()
        }
    }

    /// A command that starts in `folder` and hears nothing of this process's settings of the fleet.
    pub fn command(&self, folder: &Path) -> Command {
        self.command_of(&self.path, folder)
    }

    /// The same of another program: a copy of this one, say.
    pub fn command_of(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GPU_FLEET_") {
                command.env_remove(name);
            }
        }
        command.current_dir(folder).stdin(Stdio::null());
        // Nor of what whoever runs the tests has signed in to.
        command.env("XDG_CONFIG_HOME", folder.join("config"));
        if rustix::process::geteuid().is_root() {
            // Tests' jobs write into tests' folders, which nobody else may enter.
            command.env("GPU_FLEET_JOB_USER", "root");
        }
        command
    }

    /// Runs a command to its end.
    pub async fn run<Word: AsRef<OsStr>>(
        &self,
        folder: &Path,
        words: impl IntoIterator<Item = Word>,
    ) -> Ended {
        let mut command = self.command(folder);
        command.args(words);
        let run = tokio::task::spawn_blocking(move || command.output());
        ended(run.await.expect("a thread").expect("the binary starts"))
    }

    /// Runs a command to its end, with this on its standard input and these in its environment.
    pub async fn run_fed<Word: AsRef<OsStr>>(
        &self,
        folder: &Path,
        words: impl IntoIterator<Item = Word>,
        env: &[(&str, &str)],
        input: &str,
    ) -> Ended {
        let mut command = self.command(folder);
        command.args(words).envs(env.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        let run = tokio::task::spawn_blocking(move || {
            // One that does not read its input closes it.
            stdin.write_all(input.as_bytes()).unwrap_or_default();
            drop(stdin);
            child.wait_with_output()
        });
        ended(run.await.expect("a thread").expect("the command ends"))
    }
}

fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Ends a process as a power cut would; one that has ended already is fine.
pub(crate) fn kill(process: &mut Child) {
    process.kill().unwrap_or_default();
    process.wait().map(drop).unwrap_or_default();
}

/// Seconds of a core that a process has used, itself and in the kernel for it.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a live process");
    // The program's name, in brackets, may have spaces; what follows it begins with the third field.
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = [11, 12].map(|field: usize| fields[field].parse::<f64>().expect("a number of ticks"));
    // The kernel counts in hundredths for whoever reads this file (proc(5), sysconf(_SC_CLK_TCK)).
    (ticks[0] + ticks[1]) / 100.0
}

/// A process's resident memory.
pub(crate) fn memory_mib(process: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("a live process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident process");
    let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("a number");
    kib / 1024.0
}

impl Ended {
    /// What it printed; fails unless it ended well.
    pub fn output(&self) -> &str {
        assert_eq!(self.code, Some(0), "the command failed: {self:?}");
        &self.stdout
    }
}
