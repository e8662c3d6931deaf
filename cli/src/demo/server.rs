//! The demonstration's own server: this same binary, as a child process, in a directory that goes away with it.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Url;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::leftovers;
use crate::client::{Client, Failure, parse_server};

const GPUS: &str = "simulated:4xH100-80GB,4xA100-40GB";
const START_PATIENCE: Duration = Duration::from_secs(30);
const STOP_PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// A running server. Dropped without being stopped, it is killed, with whatever it has started.
pub(super) struct Server {
    program: PathBuf,
    dir: TempDir,
    child: Child,
    address: Url,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub(super) async fn start() -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(failed("cannot find this program"))?;
        let dir = tempfile::Builder::new().prefix("gpu-fleet-demo-").tempdir();
        let dir = dir.map_err(failed("cannot make a temporary directory"))?;
        let port = free_port().map_err(failed("cannot find a free port"))?;
        let listen = format!("127.0.0.1:{port}");
        let child = spawn(&program, dir.path(), &listen).map_err(failed("cannot start the server"))?;
        let mut server = Self { program, dir, child, address: parse_server(&listen)? };
        server.until_ready().await?;
        Ok(server)
    }

    /// A client of it, as the bearer of this token.
    pub(super) fn client(&self, token: &str) -> Result<Client, Failure> {
        Client::new(self.address.clone(), Some(token.to_owned()))
    }

    /// What a browser opens to be signed in. The token is in the fragment, which no browser sends anywhere.
    pub(super) fn sign_in_link(&self, token: &str) -> String {
        format!("{}#token={token}", self.address)
    }

    /// Where it keeps everything.
    pub(super) fn directory(&self) -> &Path {
        self.dir.path()
    }

    /// Signs a token with its key.
    pub(super) async fn token(&self, role: &str, organization: Option<&str>) -> Result<String, Failure> {
        let mut command = clean_command(&self.program, self.dir.path());
        command
            .args(["token", "--role", role, "--subject", "demo", "--ttl", "1h", "--data-dir"])
            .arg(self.data_dir());
        command.args(organization.into_iter().flat_map(|slug| ["--org", slug]));
        let output = command.output().await.map_err(failed("cannot sign a token"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        match text.lines().rev().find(|line| !line.trim().is_empty()) {
            Some(token) if output.status.success() => Ok(token.trim().to_owned()),
            _ => Err(Failure::Other(format!("no token: {}", String::from_utf8_lossy(&output.stderr).trim()))),
        }
    }

    /// Ends it in good order and removes its directory; says where processes are left that it should have ended.
    pub(super) async fn stop(mut self) -> Result<Vec<i32>, Failure> {
        self.signal(Signal::SIGTERM);
        if timeout(STOP_PATIENCE, self.child.wait()).await.is_err() {
            self.child.kill().await.map_err(failed("cannot stop the server"))?;
        }
        let left = leftovers::of(self.dir.path());
        leftovers::kill_all(&left);
        std::fs::remove_dir_all(self.dir.path()).map_err(failed("cannot remove the data directory"))?;
        Ok(left)
    }

    async fn until_ready(&mut self) -> Result<(), Failure> {
        let probe = self.client("")?.endpoint("readyz")?;
        let http = reqwest::Client::new();
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let answer = http.get(probe.clone()).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let ended = self.child.try_wait().map_err(failed("cannot watch the server"))?;
            if ended.is_some() || Instant::now() >= deadline {
                return Err(Failure::Other(format!("the server did not start: {}", self.last_words())));
            }
            sleep(POLL).await;
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The last line of its log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(log_path(self.dir.path())).unwrap_or_default();
        let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            // That it is gone already is what is wanted.
            kill(Pid::from_raw(pid), signal).ok();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.dir.path().exists() {
            self.signal(Signal::SIGKILL);
            leftovers::kill_all(&leftovers::of(self.dir.path()));
        }
    }
}

fn spawn(program: &Path, dir: &Path, listen: &str) -> std::io::Result<Child> {
    let log = File::create(log_path(dir))?;
    let mut command = clean_command(program, dir);
    command
        .args(["up", "--listen", listen, "--gpus", GPUS, "--name", "demo-host", "--data-dir"])
        .arg(dir.join("data"));
    command.stdout(log.try_clone()?).stderr(log).stdin(Stdio::null()).kill_on_drop(true);
    // SAFETY: between fork and exec it makes one system call and touches nothing.
    unsafe {
        command.pre_exec(|| {
            // A demonstration that is killed takes its server along.
            nix::sys::prctl::set_pdeathsig(Signal::SIGTERM).map_err(Into::into)
        });
    }
    // A group of its own: Ctrl-C in the terminal is for the demonstration, which then stops it in order.
    command.process_group(0).spawn()
}

/// This binary without the user's settings: a demonstration must never meet a real database or server.
fn clean_command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    let ours = std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.to_string_lossy().starts_with("GPU_FLEET_"));
    ours.for_each(|name| {
        command.env_remove(name);
    });
    command
}

fn log_path(dir: &Path) -> PathBuf {
    dir.join("server.log")
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn failed(what: &'static str) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::Other(format!("{what}: {error}"))
}
