//! All that is looked at of a host, as data.

use std::path::PathBuf;

use crate::container::Found;
use crate::mps::Mps;

/// What there is to know of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The release of its kernel: 6.1.0-18-amd64, say.
    pub kernel: String,
    /// Whether root looks.
    pub is_root: bool,
    /// Whether who looks may gain no privileges.
    pub no_new_privs: bool,
    /// Whether this host knows the user `nobody`.
    pub knows_nobody: bool,
    /// The driver of its GPUs.
    pub driver: Driver,
    /// Its control groups.
    pub groups: ControlGroups,
    /// What runs containers.
    pub containers: Found,
    /// Cards that no file of the Container Device Interface describes.
    pub without_cdi: Vec<String>,
    /// NVIDIA's Multi-Process Service.
    pub mps: Mps,
    /// The agent's data directory.
    pub data_dir: DataDir,
    /// How many files may be open: now, and at most.
    pub open_files: (u64, u64),
    /// The fleet's server; none: none was named.
    pub server: Option<Server>,
    /// By what the host is known there.
    pub token: Token,
}

/// The driver, as kernel, library and bus tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// NVIDIA's GPUs on the bus, whether or not there is a driver.
    pub on_bus: usize,
    /// The version of the kernel's module, if it is loaded.
    pub module: Option<String>,
    /// What became of the library.
    pub library: Library,
    /// The files by which programs reach the driver.
    pub files: Vec<DeviceFile>,
}

/// What became of loading NVIDIA's management library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Library {
    /// There is none where the system looks, or it cannot be loaded: why.
    Missing(String),
    /// It is of another version than the kernel's module.
    Mismatch,
    /// It may not reach the driver.
    NoPermission,
    /// No driver answers it.
    NoDriver,
    /// It fails otherwise: how.
    Failed(String),
    /// It works.
    Works {
        /// The driver's version.
        driver: String,
        /// What it lists.
        cards: Vec<CardFacts>,
    },
}

/// One card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFacts {
    /// Its number.
    pub index: u32,
    /// Its UUID, or why it has none.
    pub uuid: Result<String, String>,
    /// Whether the driver stays loaded when nobody uses it; none: it does not say.
    pub persistent: Option<bool>,
}

/// A file by which programs reach the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFile {
    /// Its path.
    pub path: PathBuf,
    /// Whether who looks may read and write it.
    pub open_to_us: bool,
    /// Whether everyone may.
    pub open_to_all: bool,
}

/// Control groups of version 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlGroups {
    /// The group that this process is in, as a directory; none: no such hierarchy is mounted.
    pub own: Option<PathBuf>,
    /// Whether groups may be made in it.
    pub may_make: bool,
    /// Whether systemd runs here, which makes them on request.
    pub systemd: bool,
}

/// The agent's data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    /// Where it is, or is to be.
    pub path: PathBuf,
    /// Its permissions; none: it does not exist yet.
    pub mode: Option<u32>,
    /// Whether it can be written to, or made.
    pub writable: bool,
    /// Free bytes of its disk.
    pub free: Option<u64>,
}

/// The fleet's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address.
    pub url: String,
    /// What it answered, or why it did not.
    pub answer: Result<ServerAnswer, String>,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAnswer {
    /// The status of its answer about its health.
    pub status: u16,
    /// How far this host's clock is ahead of its, in seconds; none: it did not tell its time.
    pub ahead_secs: Option<i64>,
}

/// By what the host is known to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// There is neither a key nor a join token.
    Missing,
    /// What there is cannot be read: why.
    Unreadable(String),
    /// There is one, and nobody to ask about it.
    Unasked,
    /// There is a key, and it was sent to nobody, since the server is not the one that it was made for: that one, if it is known.
    Withheld(Option<String>),
    /// The server knows it.
    Accepted,
    /// The server does not: its words.
    Refused(String),
}

#[cfg(test)]
impl Facts {
    /// A GPU host on which nothing is wrong.
    pub(super) fn well() -> Self {
        let file = |name: &str| DeviceFile { path: name.into(), open_to_us: true, open_to_all: true };
        let card = CardFacts { index: 0, uuid: Ok("GPU-1".to_owned()), persistent: Some(true) };
        let runtime = crate::container::Runtime {
            kind: crate::container::Kind::Podman,
            program: "/usr/bin/podman".into(),
            version: "5.0".to_owned(),
            rootless: false,
            init: true,
            in_group: true,
            gpus: crate::container::GpuAccess::Cdi,
            env: Vec::new(),
        };
        Self {
            kernel: "6.1.0-18-amd64".to_owned(),
            is_root: true,
            no_new_privs: false,
            knows_nobody: true,
            driver: Driver {
                on_bus: 1,
                module: Some("550.90.07".to_owned()),
                library: Library::Works { driver: "550.90.07".to_owned(), cards: vec![card] },
                files: vec![file("/dev/nvidiactl"), file("/dev/nvidia0")],
            },
            groups: ControlGroups {
                own: Some("/sys/fs/cgroup/system.slice/agent.service".into()),
                may_make: true,
                systemd: true,
            },
            containers: Found { runtime: Some(runtime), notes: Vec::new() },
            without_cdi: Vec::new(),
            mps: Mps::Running("/tmp/nvidia-mps".into()),
            data_dir: DataDir {
                path: "/var/lib/gpu-fleet".into(),
                mode: Some(0o700),
                writable: true,
                free: Some(100 << 30),
            },
            open_files: (65_536, 524_288),
            server: Some(Server {
                url: "https://fleet.example.org".to_owned(),
                answer: Ok(ServerAnswer { status: 200, ahead_secs: Some(0) }),
            }),
            token: Token::Accepted,
        }
    }
}
