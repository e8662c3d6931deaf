//! An agent of its own, as it runs on a GPU host that is not the server's.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};

use rustix::process::{Pid, Signal, kill_process};

use crate::Fleet;
use crate::binary::{kill, memory_mib};
use crate::control_groups::remove_empty;

/// A running agent; killed when it is dropped, as a power cut would. What it ran is not killed with it.
#[derive(Debug)]
pub struct AgentProcess {
    process: Mutex<Child>,
    words: Vec<String>,
    data_dir: PathBuf,
    log: PathBuf,
    name: String,
    env: Vec<(String, String)>,
}

/// How an agent is to be started, when not in the plain way.
#[derive(Clone, Debug, Default)]
pub struct AgentOptions {
    /// Where it finds the server; the server itself otherwise.
    pub server: Option<String>,
    /// Further words of the command line.
    pub words: Vec<String>,
    /// Variables of its environment.
    pub env: Vec<(String, String)>,
    /// Its data directory; one of its own beside the server's otherwise.
    pub data_dir: Option<PathBuf>,
    /// Another program than the one under test: a copy of it, say.
    pub program: Option<PathBuf>,
}

impl AgentProcess {
    /// Starts one with these GPUs, in a directory of its own beside the server's, and waits until it has joined.
    pub async fn start(fleet: &Fleet, name: &str, gpus: &str) -> Self {
        Self::start_with(fleet, name, gpus, AgentOptions::default()).await
    }

    /// The same with options.
    pub async fn start_with(fleet: &Fleet, name: &str, gpus: &str, options: AgentOptions) -> Self {
        let join = fleet.place.folder().join(format!("{name}.join"));
        std::fs::write(&join, fleet.place.token(&["--role", "agent"]).await).expect("a file for the token");
        let join = ["--join-token-file".to_owned(), join.display().to_string()];
        let words = options.words.into_iter().chain(join).collect();
        let agent = Self::launch(fleet, name, gpus, AgentOptions { words, ..options });
        fleet.has_registered(name).await;
        agent
    }

    /// Starts one that has its credentials already, and waits for nothing.
    pub fn launch(fleet: &Fleet, name: &str, gpus: &str, options: AgentOptions) -> Self {
        let folder = fleet.place.folder().to_owned();
        let data_dir = options.data_dir.unwrap_or_else(|| folder.join(name));
        let server = options.server.unwrap_or_else(|| fleet.origin());
        let mut words: Vec<String> =
            ["agent", "--server", &server, "--name", name, "--gpus", gpus].map(str::to_owned).to_vec();
        words.extend(["--data-dir".to_owned(), data_dir.display().to_string()]);
        words.extend(options.words);
        let mut command = match &options.program {
            Some(program) => fleet.place.command_of(program),
            None => fleet.place.command(),
        };
        let log = data_dir.with_extension("log");
        let process = launch(&mut command, &words, &options.env, &log);
        Self { process: Mutex::new(process), words, data_dir, log, name: name.to_owned(), env: options.env }
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Its process's number.
    pub fn pid(&self) -> i32 {
        self.child().id().cast_signed()
    }

    /// Lets it stand still, as a debugger or an overloaded host would.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// As the kernel does that has no memory left.
    pub fn kill9(&self) {
        kill(&mut self.child());
    }

    /// The same again in the same directory, after `kill9`.
    pub fn restart(&self, fleet: &Fleet) {
        *self.child() = launch(&mut fleet.place.command(), &self.words, &self.env, &self.log);
    }

    /// Whether it has ended by itself, and with which code.
    pub fn ended(&self) -> Option<Option<i32>> {
        self.child().try_wait().expect("a child").map(|status| status.code())
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its resident memory.
    pub fn memory_mib(&self) -> f64 {
        memory_mib(&self.child())
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.process.lock().expect("nobody has panicked with it")
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid()).expect("a process");
        kill_process(pid, signal).expect("a process that lives");
    }
}

impl Drop for AgentProcess {
    fn drop(&mut self) {
        kill(&mut self.child());
        remove_empty(&self.log());
        if std::thread::panicking() {
            println!("--- what the agent {} logged ---\n{}---", self.name, self.log());
        }
    }
}

fn launch(command: &mut Command, words: &[String], env: &[(String, String)], log: &Path) -> Child {
    let log = File::options().create(true).append(true).open(log).expect("a file for the log");
    command.args(words).envs(env.iter().cloned()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("the binary starts")
}
