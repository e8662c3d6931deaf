//! Running servers and agents, each with a data directory of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use crate::binary::{kill, memory_mib};
use crate::control_groups::remove_empty;
use crate::{Binary, Client, Database, Ended, Engine, eventually};

const ANNOUNCEMENT: &str = " at http://";

/// A server, mostly with this machine's agent in the same process.
#[derive(Debug)]
pub struct Fleet {
    /// Where its files are.
    pub place: Place,
    words: Vec<String>,
    env: Vec<(String, String)>,
    address: String,
    process: Child,
}

/// A directory, a database and the program: all that a server needs before it runs.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    binary: Binary,
    /// What keeps its state.
    pub database: Arc<Database>,
}

impl Place {
    /// A new one.
    pub async fn create(engine: Engine) -> Self {
        Self::on(Arc::new(Database::create(engine).await))
    }

    /// Another directory on a database that exists.
    pub fn on(database: Arc<Database>) -> Self {
        let folder = tempfile::Builder::new().prefix("gpu-fleet-test-").tempdir().expect("a directory");
        Self { folder, binary: Binary::find(), database }
    }

    /// Where a test may put files, beside the data directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// A command's own words, and then those that name directory and database.
    pub fn words(&self, command: &[&str]) -> Vec<String> {
        let data_dir = self.data_dir().display().to_string();
        let mut words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        words.extend(["--data-dir".to_owned(), data_dir]);
        if let Some(url) = self.database.url() {
            words.extend(["--database-url".to_owned(), url.to_owned()]);
        }
        words
    }

    /// A command of the program, to be started here.
    pub(crate) fn command(&self) -> Command {
        self.binary.command(self.folder())
    }

    /// The program under test.
    pub fn program(&self) -> &Path {
        self.binary.path()
    }

    /// A command of another program, to be started here in the same way.
    pub(crate) fn command_of(&self, program: &Path) -> Command {
        self.binary.command_of(program, self.folder())
    }

    /// Runs a command with these words alone, to its end.
    pub async fn run(&self, words: &[impl AsRef<std::ffi::OsStr>]) -> Ended {
        self.binary.run(self.folder(), words).await
    }

    /// The same, with this on its standard input and these in its environment.
    pub async fn run_fed(&self, words: &[&str], env: &[(&str, &str)], input: &str) -> Ended {
        self.binary.run_fed(self.folder(), words, env, input).await
    }

    /// The command that signs tokens with this directory's key.
    pub async fn token_words(&self, words: &[&str]) -> Ended {
        let data_dir = self.data_dir().display().to_string();
        self.run(&[&["token", "--data-dir", &data_dir], words].concat()).await
    }

    /// A new token, signed with this directory's key.
    pub async fn token(&self, words: &[&str]) -> String {
        let ended = self.token_words(words).await;
        ended.output().lines().last().expect("a token").to_owned()
    }
}

impl Fleet {
    /// Server and agent with these GPUs, ready and registered.
    pub async fn start(engine: Engine, gpus: &str) -> Self {
        Self::start_in(Place::create(engine).await, &["--gpus", gpus], &[]).await
    }

    /// The same in a place that exists.
    pub async fn start_in(place: Place, words: &[&str], env: &[(&str, &str)]) -> Self {
        let words = place.words(&[&["up", "--name", "gpu-a01"], words].concat());
        let fleet = Self::launch(place, words, env).await;
        fleet.has_registered("gpu-a01").await;
        fleet
    }

    /// A server alone.
    pub async fn serve(place: Place) -> Self {
        Self::serve_with(place, &[]).await
    }

    /// A server alone, with these options.
    pub async fn serve_with(place: Place, words: &[&str]) -> Self {
        let words = place.words(&[&["serve"], words].concat());
        Self::launch(place, words, &[]).await
    }

    async fn launch(place: Place, words: Vec<String>, env: &[(&str, &str)]) -> Self {
        let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        // Port 0: the system chooses a free one, and the server tells which.
        let (process, address) = spawn(&place, &words, &env, "127.0.0.1:0").await;
        let fleet = Self { place, words, env, address, process };
        fleet.is_ready().await;
        fleet
    }

    /// http://…
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As a power cut would: nothing is said and nothing is finished.
    pub fn kill9(&mut self) {
        kill(&mut self.process);
    }

    /// The server's resident memory.
    pub fn memory_mib(&self) -> f64 {
        memory_mib(&self.process)
    }

    /// Seconds of a core that the server has used so far.
    pub fn cpu_seconds(&self) -> f64 {
        crate::binary::cpu_seconds(self.process.id())
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(&self.place)).unwrap_or_default()
    }

    /// The same again on the same address and data, after `kill9`.
    pub async fn restart(&mut self) {
        let (process, _) = spawn(&self.place, &self.words, &self.env, &self.address).await;
        self.process = process;
        self.is_ready().await;
    }

    /// A caller that runs the fleet, at home in the organization `default`.
    pub async fn operator(&self) -> Client {
        self.client(&["--role", "operator", "--org", "default"]).await
    }

    /// A caller of an organization.
    pub async fn member(&self, organization: &str) -> Client {
        self.client(&["--role", "member", "--org", organization]).await
    }

    /// A caller of a new organization.
    pub async fn tenant(&self, organization: &str) -> Client {
        let input = serde_json::json!({"slug": organization, "name": organization});
        let made = self.operator().await.change("createOrganization", input, "organization { id }").await;
        made.expect("a new organization");
        self.member(organization).await
    }

    /// A caller with a token of this kind.
    pub async fn client(&self, words: &[&str]) -> Client {
        Client::new(&self.origin(), &self.place.token(words).await)
    }

    /// Waits until a host of this name takes work.
    pub async fn has_registered(&self, host: &str) {
        let operator = self.operator().await;
        eventually(&format!("host {host} has registered"), 30, async || {
            let data = operator.graphql("{ hosts(first: 100) { nodes { name status } } }", json!({})).await;
            let hosts = data["hosts"]["nodes"].as_array().cloned().unwrap_or_default();
            hosts.iter().any(|it| it["name"] == host && it["status"] == "READY").then_some(())
        })
        .await;
    }

    async fn is_ready(&self) {
        let address = format!("{}/readyz", self.origin());
        let http = reqwest::Client::new();
        eventually("the server is ready", 30, async || {
            http.get(&address).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        kill(&mut self.process);
        remove_empty(&self.log());
        if std::thread::panicking() {
            println!("--- what the server logged ---\n{}---", self.log());
        }
    }
}

fn log_path(place: &Place) -> PathBuf {
    place.folder().join("log")
}

async fn spawn(place: &Place, words: &[String], env: &[(String, String)], listen: &str) -> (Child, String) {
    let log =
        std::fs::File::options().create(true).append(true).open(log_path(place)).expect("a file for the log");
    let mut command = place.command();
    command.args(words).args(["--listen", listen]).envs(env.iter().cloned());
    let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the binary starts");
    let stdout = process.stdout.take().expect("a pipe");
    let announced = tokio::task::spawn_blocking(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| line.split_once(ANNOUNCEMENT).map(|(_, address)| address.trim().to_owned()));
        // Somebody must go on reading, or the server would write into a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        address
    });
    let Some(address) = announced.await.expect("a thread") else {
        let status = process.wait();
        let log = std::fs::read_to_string(log_path(place)).unwrap_or_default();
        panic!("the server did not start ({status:?}):\n{log}");
    };
    (process, address)
}
