//! The words by which a runtime is told what to run. The environment never stands among them: everybody on a host can read the
//! command line of every process.
//!
//! What an image changes is the file system alone: network, shared memory and user are those of a job without one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Container, GpuAccess, Kind, cdi};
use crate::attempt::{AttemptDir, JobUser, Spec};

/// A command for the shim to start in place of the job's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) program: PathBuf,
    pub(crate) words: Vec<OsString>,
    pub(crate) env: BTreeMap<String, String>,
    /// It becomes the job's user itself, rather than only what it runs.
    pub(crate) as_job_user: bool,
}

/// Where the agent runs as this user.
fn own_user() -> (u32, u32) {
    (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw())
}

/// How to run the command of `spec` in its container. `variables` are the job's, `workdir` is a directory of the host that the
/// job's user may enter, by its real name.
pub(crate) fn invocation(
    container: &Container,
    spec: &Spec,
    dir: &AttemptDir,
    workdir: Option<&Path>,
    variables: &BTreeMap<String, String>,
) -> Invocation {
    let mut words = Words::default();
    let mut env: BTreeMap<String, String> = container.runtime.env.iter().cloned().collect();
    let apptainer = container.runtime.kind == Kind::Apptainer;
    if apptainer {
        exec_words(&mut words, container, spec, workdir);
        env.extend(variables.iter().map(|(name, value)| (format!("APPTAINERENV_{name}"), value.clone())));
        env.extend(home_of(spec.user.as_ref()));
    } else {
        run_words(&mut words, container, spec, dir, workdir);
    }
    Invocation { program: container.runtime.program.clone(), words: words.0, env, as_job_user: apptainer }
}

/// What Podman and Docker read the job's variables from: one a line, which is why none may hold a line feed.
pub(crate) fn environment_file(variables: &BTreeMap<String, String>) -> String {
    let line = |(name, value): (&String, &String)| format!("{name}={}\n", value.replace(['\n', '\r'], " "));
    variables.iter().map(line).collect()
}

#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn add(&mut self, word: impl Into<OsString>) {
        self.0.push(word.into());
    }

    fn set(&mut self, option: &str, value: impl AsRef<std::ffi::OsStr>) {
        let mut word = OsString::from(format!("--{option}="));
        word.push(value);
        self.0.push(word);
    }
}

/// The words for Podman and Docker, which mostly take the same.
fn run_words(
    words: &mut Words,
    container: &Container,
    spec: &Spec,
    dir: &AttemptDir,
    workdir: Option<&Path>,
) {
    let runtime = &container.runtime;
    words.add("run");
    words.add("--rm");
    words.set("name", &container.name);
    words.set("cidfile", dir.container());
    words.set("env-file", dir.environment());
    for (option, value) in [("network", "host"), ("ipc", "host"), ("log-driver", "none")] {
        words.set(option, value);
    }
    for option in ["no-new-privileges", "label=disable"] {
        words.set("security-opt", option);
    }
    if runtime.init {
        words.add("--init");
    }
    if runtime.kind == Kind::Podman {
        words.add("--http-proxy=false");
        if runtime.in_group {
            words.add("--cgroups=disabled");
        }
    }
    user_words(words, container, spec);
    if let Some(workdir) = workdir {
        words.set("workdir", workdir);
        if workdir != Path::new("/") {
            words.set("mount", mount(workdir));
        }
    }
    if let Some(share) = &spec.share {
        words.set("mount", mount(&share.pipes));
    }
    gpu_words(words, container, spec);
    let mut command = spec.command.iter();
    let program = command.next().map(String::as_str).unwrap_or_default();
    // Podman takes a list as JSON, by which no program's name can be misread.
    let entry = match runtime.kind {
        Kind::Podman => serde_json::json!([program]).to_string(),
        _ => program.to_owned(),
    };
    words.set("entrypoint", entry);
    words.add(&container.image);
    command.for_each(|word| words.add(word));
}

/// The command runs as the job's user and nobody else, as the host sees it too.
fn user_words(words: &mut Words, container: &Container, spec: &Spec) {
    let runtime = &container.runtime;
    if runtime.rootless {
        // Everyone in there is a user of the agent's own; only the names differ.
        match runtime.kind {
            Kind::Podman => words.add("--userns=keep-id"),
            _ => words.set("user", "0:0"),
        }
        words.add("--cap-drop=all");
        return;
    }
    let (uid, gid) = spec.user.as_ref().map_or_else(own_user, |user| (user.uid, user.gid));
    words.set("user", format!("{uid}:{gid}"));
    for group in spec.user.iter().flat_map(|user| &user.groups).filter(|group| **group != gid) {
        words.set("group-add", group.to_string());
    }
    if uid != 0 {
        words.add("--cap-drop=all");
    }
}

/// A directory at its own place. The words are fields of comma-separated values.
fn mount(workdir: &Path) -> OsString {
    let quoted = |name: &str| format!("\"{name}={}\"", workdir.display().to_string().replace('"', "\"\""));
    format!("type=bind,{},{}", quoted("source"), quoted("destination")).into()
}

fn gpu_words(words: &mut Words, container: &Container, spec: &Spec) {
    if spec.gpu_uuids.is_empty() {
        return;
    }
    match container.runtime.gpus {
        GpuAccess::None => {}
        GpuAccess::Cdi => {
            spec.gpu_uuids.iter().for_each(|uuid| words.set("device", format!("{}={uuid}", cdi::KIND)));
        }
        GpuAccess::Own => words.set("gpus", format!("\"device={}\"", spec.gpu_uuids.join(","))),
    }
}

/// The words for Apptainer, which becomes the command itself.
fn exec_words(words: &mut Words, container: &Container, spec: &Spec, workdir: Option<&Path>) {
    for word in ["exec", "--pid", "--contain", "--cleanenv", "--no-home"] {
        words.add(word);
    }
    if container.runtime.gpus == GpuAccess::Own && !spec.gpu_uuids.is_empty() {
        words.add("--nv");
    }
    if let Some(share) = &spec.share {
        words.add("--bind");
        words.add(&share.pipes);
    }
    if let Some(workdir) = workdir {
        words.add("--pwd");
        words.add(workdir);
        if workdir != Path::new("/") {
            words.add("--bind");
            words.add(workdir);
        }
    }
    words.add(format!("docker://{}", container.image));
    spec.command.iter().for_each(|word| words.add(word));
}

/// A user without a home has nowhere to keep images.
fn home_of(user: Option<&JobUser>) -> Vec<(String, String)> {
    let set = |name: &str, value: String| (name.to_owned(), value);
    match user {
        None => Vec::new(),
        Some(user) if user.home.is_dir() => vec![set("HOME", user.home.display().to_string())],
        Some(_) => vec![set("HOME", "/".to_owned()), set("APPTAINER_DISABLE_CACHE", "true".to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::AttemptId;
    use crate::container::Runtime;

    fn spec() -> Spec {
        Spec {
            job_id: "job".to_owned(),
            attempt: 2,
            job_name: String::new(),
            organization: String::new(),
            command: ["python", "-c", "print(1)"].map(str::to_owned).to_vec(),
            env: vec![("TOKEN".to_owned(), "secret".to_owned())],
            workdir: None,
            image: Some("lab/model:1".to_owned()),
            container: None,
            share: None,
            gpu_uuids: vec!["GPU-a".to_owned(), "GPU-b".to_owned()],
            gpu_milli: 1000,
            time_limit_seconds: None,
            grace_seconds: 1,
            node_rank: 0,
            node_count: 1,
            boot_id: String::new(),
            lease: None,
            cgroup: None,
            in_scope: false,
            user: Some(JobUser {
                name: "alice".to_owned(),
                uid: 1001,
                gid: 100,
                groups: vec![100, 44],
                home: "/nonexistent".into(),
            }),
        }
    }

    fn told(kind: Kind, change: impl FnOnce(&mut Runtime)) -> (String, Invocation) {
        let mut runtime = Runtime {
            kind,
            program: Path::new("/usr/bin").join(kind.name()),
            version: "1".to_owned(),
            rootless: false,
            init: true,
            in_group: false,
            gpus: GpuAccess::Cdi,
            env: vec![("PATH".to_owned(), "/bin".to_owned())],
        };
        change(&mut runtime);
        let id = AttemptId { job_id: "job%".to_owned(), attempt: 2 };
        let container = Container::of(&id, runtime, "lab/model:1".to_owned());
        let (spec, dir) = (spec(), AttemptDir::at("/jobs/job-2"));
        let variables = spec.env.iter().cloned().collect();
        let workdir = Some(Path::new("/data/a \"b\""));
        let invocation = invocation(&container, &spec, &dir, workdir, &variables);
        let words: Vec<_> = invocation.words.iter().map(|word| word.to_string_lossy()).collect();
        (words.join(" "), invocation)
    }

    #[test]
    fn podman_is_told_all_but_the_variables() {
        let (words, invocation) = told(Kind::Podman, |runtime| runtime.in_group = true);
        for part in [
            "run --rm --name=gpu-fleet-job_25-2 --cidfile=/jobs/job-2/container --env-file=/jobs/job-2/environment",
            "--network=host --ipc=host --log-driver=none --security-opt=no-new-privileges",
            "--init --http-proxy=false --cgroups=disabled --user=1001:100 --group-add=44 --cap-drop=all",
            r#"--mount=type=bind,"source=/data/a ""b""","destination=/data/a ""b""""#,
            "--device=nvidia.com/gpu=GPU-a --device=nvidia.com/gpu=GPU-b",
            r#"--entrypoint=["python"] lab/model:1 -c print(1)"#,
        ] {
            assert!(words.contains(part), "{part} is missing in {words}");
        }
        assert!(!words.contains("secret") && !words.contains("TOKEN"), "{words}");
        assert!(!invocation.as_job_user && !invocation.env.contains_key("TOKEN"));
    }

    #[test]
    fn a_rootless_runtime_keeps_to_its_own_user() {
        let (words, _) = told(Kind::Podman, |runtime| runtime.rootless = true);
        assert!(words.contains("--userns=keep-id") && !words.contains("--user="), "{words}");
    }

    #[test]
    fn docker_gives_cards_by_its_own_option_where_there_is_no_cdi() {
        let (words, _) = told(Kind::Docker, |runtime| runtime.gpus = GpuAccess::Own);
        assert!(words.contains(r#"--gpus="device=GPU-a,GPU-b""#), "{words}");
        assert!(
            words.contains("--entrypoint=python lab/model:1") && !words.contains("--http-proxy"),
            "{words}"
        );
    }

    #[test]
    fn apptainer_becomes_the_user_and_takes_variables_by_a_prefix() {
        let (words, invocation) = told(Kind::Apptainer, |runtime| runtime.gpus = GpuAccess::Own);
        assert!(
            words.ends_with("docker://lab/model:1 python -c print(1)") && words.contains("--nv"),
            "{words}"
        );
        assert!(!words.contains("secret"), "{words}");
        let of = |name: &str| invocation.env.get(name).map(String::as_str);
        assert_eq!((of("APPTAINERENV_TOKEN"), of("TOKEN"), of("HOME")), (Some("secret"), None, Some("/")));
        assert!(invocation.as_job_user);
    }

    #[test]
    fn without_real_cards_no_device_is_named() {
        let (words, _) = told(Kind::Podman, |runtime| runtime.gpus = GpuAccess::None);
        assert!(!words.contains("--device") && !words.contains("--gpus"), "{words}");
    }

    #[test]
    fn variables_stand_one_in_a_line() {
        let variables =
            [("A", "1 \"2\""), ("B", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(environment_file(&variables.into_iter().collect()), "A=1 \"2\"\nB=\n");
    }
}
