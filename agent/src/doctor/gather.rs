//! Looks at everything that is judged. It reads, asks and connects; it makes, changes and starts nothing but questions.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use nix::unistd::{AccessFlags, User, access, geteuid};
use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use serde_json::{Value, json};

use super::facts::{
    CardFacts, ControlGroups, DataDir, DeviceFile, Driver, Facts, Library, Server, ServerAnswer, Token,
};
use crate::container::{self, ContainerChoice};
use crate::{cgroup, mps};

const PATIENCE: Duration = Duration::from_secs(5);
/// NVIDIA's number on the bus, and the classes of its devices that are GPUs.
const NVIDIA: &str = "0x10de";
const GPU_CLASSES: [&str; 2] = ["0x0300", "0x0302"];

/// What is to be looked at.
#[derive(Debug, Clone)]
pub struct Questions {
    /// The fleet's server, if it is known.
    pub server: Option<String>,
    /// The agent's data directory.
    pub data_dir: PathBuf,
    /// A join token, where there is one.
    pub join_token: Option<String>,
    /// The management library, when it is not where the system looks.
    pub nvml_library: Option<PathBuf>,
    /// What may run containers.
    pub containers: ContainerChoice,
}

/// Looks at everything.
pub async fn gather(questions: Questions) -> Facts {
    let Questions { server, data_dir, join_token, nvml_library, containers } = questions;
    let key = key_in(&data_dir);
    let local = tokio::task::spawn_blocking(move || local(&data_dir, nvml_library.as_deref(), containers));
    let (server, token) = fleet(server, key, join_token).await;
    // A look that fails whole has panicked, which no look does.
    let mut facts = local.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    (facts.server, facts.token) = (server, token);
    facts
}

fn local(data_dir: &Path, nvml_library: Option<&Path>, containers: ContainerChoice) -> Facts {
    let driver = driver(nvml_library);
    let uuids: Vec<String> = match &driver.library {
        Library::Works { cards, .. } => cards.iter().filter_map(|card| card.uuid.clone().ok()).collect(),
        _ => Vec::new(),
    };
    Facts {
        kernel: nix::sys::utsname::uname()
            .map(|system| system.release().to_string_lossy().into_owned())
            .unwrap_or_default(),
        is_root: geteuid().is_root(),
        no_new_privs: nix::sys::prctl::get_no_new_privs().unwrap_or(false),
        knows_nobody: User::from_name("nobody").is_ok_and(|user| user.is_some()),
        groups: groups(),
        containers: container::find(containers, &uuids),
        without_cdi: container::without_cdi(&uuids),
        mps: mps::look(),
        data_dir: directory(data_dir),
        open_files: nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
            .unwrap_or_default(),
        driver,
        server: None,
        token: Token::Missing,
    }
}

fn driver(library: Option<&Path>) -> Driver {
    let module = fs::read_to_string("/proc/driver/nvidia/version").ok();
    Driver {
        on_bus: on_bus(),
        module: module.map(|text| module_version(&text)),
        library: load(library),
        files: device_files(),
    }
}

/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31 …`
fn module_version(text: &str) -> String {
    let numbered = |word: &&str| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit());
    text.split_ascii_whitespace().find(numbered).unwrap_or("of unknown version").to_owned()
}

fn on_bus() -> usize {
    let devices = fs::read_dir("/sys/bus/pci/devices").into_iter().flatten().flatten();
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let is_gpu = |device: &fs::DirEntry| {
        let class = read(device.path().join("class"));
        read(device.path().join("vendor")).trim() == NVIDIA
            && GPU_CLASSES.iter().any(|gpu| class.starts_with(gpu))
    };
    devices.filter(is_gpu).count()
}

fn load(library: Option<&Path>) -> Library {
    let loaded = match library {
        Some(path) => Nvml::builder().lib_path(OsStr::new(path)).init(),
        None => Nvml::init(),
    };
    let nvml = match loaded {
        Ok(nvml) => nvml,
        Err(NvmlError::LibloadingError(error)) => return Library::Missing(error.to_string()),
        Err(NvmlError::LibraryNotFound) => return Library::Missing("it is not there".to_owned()),
        Err(NvmlError::LibRmVersionMismatch) => return Library::Mismatch,
        Err(NvmlError::NoPermission) => return Library::NoPermission,
        Err(NvmlError::DriverNotLoaded) => return Library::NoDriver,
        Err(error) => return Library::Failed(error.to_string()),
    };
    // Letting go of a library without a shutdown function panics, and this process ends soon.
    let nvml: &'static Nvml = Box::leak(Box::new(nvml));
    let count = match nvml.device_count() {
        Ok(count) => count,
        Err(error) => return Library::Failed(error.to_string()),
    };
    let card = |index: u32| {
        let handle = nvml.device_by_index(index);
        CardFacts {
            index,
            uuid: handle
                .as_ref()
                .map_err(ToString::to_string)
                .and_then(|card| card.uuid().map_err(|error| error.to_string())),
            persistent: handle.ok().and_then(|card| card.is_in_persistent_mode().ok()),
        }
    };
    Library::Works {
        driver: nvml.sys_driver_version().unwrap_or_else(|_| "of unknown version".to_owned()),
        cards: (0..count).map(card).collect(),
    }
}

/// The driver's own and those of its cards.
fn device_files() -> Vec<DeviceFile> {
    let names = fs::read_dir("/dev").into_iter().flatten().flatten();
    let wanted = |name: &str| {
        name == "nvidiactl"
            || name == "nvidia-uvm"
            || name.strip_prefix("nvidia").is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let mut paths: Vec<PathBuf> = names
        .filter(|entry| entry.file_name().to_str().is_some_and(wanted))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    let file = |path: PathBuf| DeviceFile {
        open_to_us: access(&path, AccessFlags::R_OK | AccessFlags::W_OK).is_ok(),
        open_to_all: path.metadata().is_ok_and(|file| file.permissions().mode() & 0o006 == 0o006),
        path,
    };
    paths.into_iter().map(file).collect()
}

fn groups() -> ControlGroups {
    let own = cgroup::own();
    let may_make = own.as_ref().is_some_and(|own| access(own, AccessFlags::W_OK).is_ok());
    ControlGroups { own, may_make, systemd: Path::new("/run/systemd/system").exists() }
}

fn directory(path: &Path) -> DataDir {
    let mode = path.metadata().ok().map(|directory| directory.mode() & 0o7777);
    // One that is not there yet is made in the nearest that is.
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let nearest = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let writable = access(nearest, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
    let free = nix::sys::statvfs::statvfs(nearest).ok();
    let free = free.map(|disk| disk.blocks_available().saturating_mul(disk.fragment_size()));
    DataDir { path: path.to_owned(), mode, writable, free }
}

/// The agent's own key.
struct HostKey {
    key: String,
    /// The server that it was made for; none: an agent kept it that did not note that.
    made_for: Option<String>,
}

impl HostKey {
    fn is_for(&self, url: &str) -> bool {
        self.made_for.as_deref().is_some_and(|made_for| is_same(made_for, url))
    }
}

/// Whether two addresses are of one server. Names are not looked up: whoever answers for names could say anything.
fn is_same(one: &str, other: &str) -> bool {
    let place = |text: &str| {
        let url = reqwest::Url::parse(text).ok()?;
        let path = url.path().trim_end_matches('/').trim_end_matches("/graphql").to_owned();
        Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default(), path))
    };
    place(one).is_some_and(|one| place(other) == Some(one))
}

/// The agent's own key, if it has one.
fn key_in(data_dir: &Path) -> Result<Option<HostKey>, String> {
    let path = data_dir.join("agent/credentials.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let kept: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = |name: &str| kept.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(text("agent_key").map(|key| HostKey { key, made_for: text("server") }))
}

async fn fleet(
    url: Option<String>,
    key: Result<Option<HostKey>, String>,
    join_token: Option<String>,
) -> (Option<Server>, Token) {
    let of_another = |key: &HostKey| url.as_deref().is_some_and(|url| !key.is_for(url));
    let token = match (key, join_token) {
        (Ok(Some(key)), None) if of_another(&key) => {
            return (ask_server(url).await, Token::Withheld(key.made_for));
        }
        (Ok(Some(key)), Some(token)) if of_another(&key) => token,
        (Ok(Some(key)), _) => key.key,
        (_, Some(token)) => token,
        (Ok(None), None) => return (ask_server(url).await, Token::Missing),
        (Err(why), None) => return (ask_server(url).await, Token::Unreadable(why)),
    };
    let server = ask_server(url).await;
    let known = match &server {
        Some(Server { url, answer: Ok(ServerAnswer { status: 200, .. }) }) => try_token(url, &token).await,
        _ => Token::Unasked,
    };
    (server, known)
}

fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder().timeout(PATIENCE).build().map_err(|error| error.to_string())
}

async fn ask_server(url: Option<String>) -> Option<Server> {
    let url = url?.trim_end_matches('/').to_owned();
    let answer = async {
        let asked_at = Utc::now();
        let answer = client()?.get(format!("{url}/healthz")).send().await.map_err(|error| causes(&error))?;
        let told = answer.headers().get("date").and_then(|date| date.to_str().ok());
        let told = told.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        // The answer tells whole seconds, and took some time: the middle of both is compared.
        let here = asked_at + (Utc::now() - asked_at) / 2;
        let ahead_secs =
            told.map(|told| (here - told.to_utc() - chrono::TimeDelta::milliseconds(500)).num_seconds());
        Ok(ServerAnswer { status: answer.status().as_u16(), ahead_secs })
    };
    let answer = answer.await;
    Some(Server { url, answer })
}

/// The cheapest question that only those who are known may ask.
async fn try_token(url: &str, token: &str) -> Token {
    let ask = async {
        let question = json!({ "query": "{ viewer { role } }" });
        let request = client()?.post(format!("{url}/graphql")).bearer_auth(token).json(&question);
        let answer = request.send().await.map_err(|error| causes(&error))?;
        answer.json::<Value>().await.map_err(|error| causes(&error))
    };
    let answer: Result<Value, String> = ask.await;
    match answer {
        Err(why) => Token::Refused(why),
        Ok(answer) => {
            let error = answer.get("errors").and_then(|errors| errors.get(0));
            match error.and_then(|error| error.get("extensions")?.get("code")?.as_str()) {
                Some("UNAUTHENTICATED") => {
                    let message = error.and_then(|error| error.get("message")?.as_str());
                    Token::Refused(message.unwrap_or("it is not known").to_owned())
                }
                _ => Token::Accepted,
            }
        }
    }
}

/// reqwest tells the cause only further down.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot go on should say where"
    )]
    use super::*;

    #[test]
    fn the_modules_version_is_found_among_words() {
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31 09:35:42 UTC 2024\n\
                    GCC version:  gcc version 12.2.0 (Debian)\n";
        assert_eq!(module_version(text), "550.90.07");
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build";
        assert_eq!(module_version(open), "580.65.06");
    }

    /// A server that answers everything alike, and what it was sent.
    async fn eavesdropper() -> (String, tokio::task::JoinHandle<Vec<String>>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let mut heard = Vec::new();
            while let Ok(Ok((mut peer, _))) = tokio::time::timeout(PATIENCE, listener.accept()).await {
                let mut buffer = vec![0; 8192];
                let count = peer.read(&mut buffer).await.unwrap();
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                let done = text.contains("farewell");
                heard.push(text);
                let body = r#"{"data":{"viewer":{"role":"AGENT"}}}"#;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                peer.write_all(answer.as_bytes()).await.unwrap();
                if done {
                    break;
                }
            }
            heard
        });
        (url, heard)
    }

    #[tokio::test]
    async fn a_key_is_sent_to_the_server_that_it_was_made_for_and_to_no_other() {
        for made_for in [None, Some("https://fleet.example.org".to_owned())] {
            let (url, heard) = eavesdropper().await;
            let key = HostKey { key: "gfa_secret".to_owned(), made_for: made_for.clone() };
            let (server, token) = fleet(Some(url.clone()), Ok(Some(key)), None).await;
            assert_eq!((token, server.unwrap().answer.unwrap().status), (Token::Withheld(made_for), 200));
            let _ = reqwest::get(format!("{url}/farewell")).await;
            assert!(!heard.await.unwrap().iter().any(|text| text.contains("gfa_secret")));
        }
        let (url, heard) = eavesdropper().await;
        let key = HostKey { key: "gfa_secret".to_owned(), made_for: Some(format!("{url}/")) };
        let (_, token) = fleet(Some(url.clone()), Ok(Some(key)), None).await;
        assert_eq!(token, Token::Accepted);
        let _ = reqwest::get(format!("{url}/farewell")).await;
        assert!(heard.await.unwrap().iter().any(|text| text.contains("gfa_secret")));
    }

    #[test]
    fn one_server_has_several_spellings_and_another_is_another() {
        for same in ["https://fleet", "https://fleet/", "https://FLEET:443", "https://fleet/graphql"] {
            assert!(is_same("https://fleet", same), "{same}");
        }
        for other in
            ["http://fleet", "https://fleet:444", "https://fleet.evil", "https://fleet/sub", "fleet", ""]
        {
            assert!(!is_same("https://fleet", other), "{other}");
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_judged_by_where_it_would_be() {
        let found = directory(&std::env::temp_dir().join("no/such/place"));
        assert!(found.mode.is_none() && found.writable && found.free.is_some());
    }
}
