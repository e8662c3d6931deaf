//! Finds what runs containers on this host: looked for by name, and asked whether it works.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::{ContainerChoice, GpuAccess, Kind, Ran, Runtime, cdi, run};

/// A runtime that does not answer within this time does not work.
const PATIENCE: Duration = Duration::from_secs(10);
/// What clients of runtimes read of the agent's environment. None of it reaches a container.
const NEEDED: [&str; 22] = [
    "HOME",
    "PATH",
    "LANG",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "REGISTRY_AUTH_FILE",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
];
/// Where Podman looks for its init, beside the search path.
const INIT_DIRECTORIES: [&str; 4] =
    ["/usr/libexec/podman", "/usr/lib/podman", "/usr/local/libexec/podman", "/usr/local/lib/podman"];
const INIT: &str = "catatonit";

/// What runs containers here, and what people should know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The one that is used; `None`: jobs with an image do not come here.
    pub runtime: Option<Runtime>,
    /// Why others are not used, and what is missing.
    pub notes: Vec<String>,
}

/// Looks for what was chosen. `cards` are the real cards that a container may have to be given. May block for seconds.
pub fn find(choice: ContainerChoice, cards: &[String]) -> Found {
    let mut found = Found::default();
    let wanted = |kind: &Kind| match choice {
        ContainerChoice::Auto => true,
        ContainerChoice::None => false,
        ContainerChoice::Only(only) => only == *kind,
    };
    for kind in Kind::ALL.into_iter().filter(wanted) {
        let Some(program) = on_search_path(kind.name()) else {
            if choice != ContainerChoice::Auto {
                found.notes.push(format!("no containers: there is no {} on the search path", kind.name()));
            }
            continue;
        };
        match prove(kind, &program, cards) {
            Ok(runtime) => {
                if !runtime.init {
                    found.notes.push(format!(
                        "a command in a container hears SIGTERM only if it handles it: install {INIT}"
                    ));
                }
                found.runtime = Some(runtime);
                return found;
            }
            Err(why) => found.notes.push(format!("{} runs no containers here: {why}", kind.name())),
        }
    }
    found
}

fn on_search_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn prove(kind: Kind, program: &Path, cards: &[String]) -> Result<Runtime, String> {
    let needed = NEEDED.iter().filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)));
    let env: Vec<_> = needed.collect();
    let words: &[&str] = match kind {
        Kind::Podman => &["info", "--format", "json"],
        Kind::Docker => &["info", "--format", "{{json .}}"],
        Kind::Apptainer => &["--version"],
    };
    let answer = match run(program, words, &env, PATIENCE) {
        Ran::Well(answer) => answer,
        Ran::Failed(why) => return Err(why),
        Ran::Late => return Err(format!("it does not answer within {} s", PATIENCE.as_secs())),
    };
    let bare = Runtime {
        kind,
        program: program.to_owned(),
        version: String::new(),
        rootless: false,
        init: true,
        in_group: false,
        gpus: GpuAccess::None,
        env,
    };
    match kind {
        Kind::Podman => podman(bare, &answer, cards),
        Kind::Docker => docker(bare, &answer, cards),
        Kind::Apptainer => Ok(apptainer(bare, &answer, cards)),
    }
}

#[derive(Deserialize)]
struct PodmanInfo {
    host: PodmanHost,
    version: PodmanVersion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodmanHost {
    #[serde(default)]
    cgroup_version: String,
    oci_runtime: Option<OciRuntime>,
    security: Option<PodmanSecurity>,
}

#[derive(Deserialize)]
struct OciRuntime {
    name: String,
}

#[derive(Deserialize)]
struct PodmanSecurity {
    rootless: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PodmanVersion {
    version: String,
}

fn podman(bare: Runtime, answer: &str, cards: &[String]) -> Result<Runtime, String> {
    let info: PodmanInfo =
        serde_json::from_str(answer).map_err(|error| format!("its answer is not understood: {error}"))?;
    let missing = cdi::missing(&cdi::DIRECTORIES, cards);
    if let Some(card) = missing.first() {
        return Err(format!("no CDI file describes {card}: {}", cdi::HOW));
    }
    // Only this one can do without a control group of its own.
    let crun = info.host.oci_runtime.is_some_and(|runtime| runtime.name == "crun");
    Ok(Runtime {
        version: info.version.version,
        rootless: info.host.security.is_some_and(|security| security.rootless),
        init: INIT_DIRECTORIES.iter().any(|directory| is_program(&Path::new(directory).join(INIT)))
            || on_search_path(INIT).is_some(),
        in_group: crun && info.host.cgroup_version == "v2",
        gpus: if cards.is_empty() { GpuAccess::None } else { GpuAccess::Cdi },
        ..bare
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerInfo {
    #[serde(default)]
    server_version: String,
    #[serde(default)]
    init_binary: String,
    #[serde(default)]
    server_errors: Option<Vec<String>>,
    #[serde(default, rename = "CDISpecDirs")]
    cdi_spec_dirs: Option<Vec<PathBuf>>,
    #[serde(default)]
    security_options: Option<Vec<String>>,
}

fn docker(bare: Runtime, answer: &str, cards: &[String]) -> Result<Runtime, String> {
    let info: DockerInfo =
        serde_json::from_str(answer).map_err(|error| format!("its answer is not understood: {error}"))?;
    if info.server_version.is_empty() {
        let why = info.server_errors.unwrap_or_default().into_iter().next();
        return Err(why.unwrap_or_else(|| "its daemon does not answer".to_owned()));
    }
    let directories = info.cdi_spec_dirs.unwrap_or_default();
    let gpus = match cards {
        [] => GpuAccess::None,
        cards if !directories.is_empty() && cdi::missing(&directories, cards).is_empty() => GpuAccess::Cdi,
        _ => GpuAccess::Own,
    };
    Ok(Runtime {
        version: info.server_version,
        rootless: info.security_options.unwrap_or_default().iter().any(|option| option.contains("rootless")),
        init: !info.init_binary.is_empty(),
        gpus,
        ..bare
    })
}

fn apptainer(bare: Runtime, answer: &str, cards: &[String]) -> Runtime {
    let version = answer.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    Runtime { version, gpus: if cards.is_empty() { GpuAccess::None } else { GpuAccess::Own }, ..bare }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bare(kind: Kind) -> Runtime {
        Runtime {
            kind,
            program: kind.name().into(),
            version: String::new(),
            rootless: false,
            init: true,
            in_group: false,
            gpus: GpuAccess::None,
            env: Vec::new(),
        }
    }

    #[test]
    fn what_podman_says_of_itself_is_read() {
        let answer = r#"{"host": {"cgroupVersion": "v2", "ociRuntime": {"name": "crun"}, "security": {"rootless": true}},
            "version": {"Version": "4.3.1"}}"#;
        let runtime = podman(bare(Kind::Podman), answer, &[]).unwrap();
        assert!(runtime.rootless && runtime.in_group && runtime.gpus == GpuAccess::None);
        assert_eq!(runtime.title(), "podman 4.3.1, rootless");
        let old = answer.replace("v2", "v1");
        assert!(!podman(bare(Kind::Podman), &old, &[]).unwrap().in_group);
        let why = podman(bare(Kind::Podman), answer, &["GPU-nobody-describes-me".to_owned()]).unwrap_err();
        assert!(why.contains("no CDI file describes GPU-nobody") && why.contains("nvidia-ctk"), "{why}");
    }

    #[test]
    fn a_docker_without_its_daemon_does_not_work() {
        let answer = r#"{"ServerErrors": ["Cannot connect to the Docker daemon"]}"#;
        assert_eq!(
            docker(bare(Kind::Docker), answer, &[]).unwrap_err(),
            "Cannot connect to the Docker daemon"
        );
        let answer = r#"{"ServerVersion": "28.2.2", "InitBinary": "docker-init", "CDISpecDirs": []}"#;
        let cards = ["GPU-1".to_owned()];
        let runtime = docker(bare(Kind::Docker), answer, &cards).unwrap();
        assert_eq!((runtime.version.as_str(), runtime.gpus, runtime.init), ("28.2.2", GpuAccess::Own, true));
    }

    #[test]
    fn the_version_of_apptainer_is_its_last_word() {
        assert_eq!(apptainer(bare(Kind::Apptainer), "apptainer version 1.3.4\n", &[]).version, "1.3.4");
    }
}
