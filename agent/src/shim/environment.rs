//! The job's environment: a few harmless variables of the agent, the job's own, and what names the attempt and its GPUs.
//!
//! Nothing else of the agent's environment passes: it may hold database passwords and keys.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use crate::attempt::Spec;
use crate::mps::Share;

/// Names the job in the environment of all its processes, by which leftovers are recognized.
pub(crate) const JOB_ID_VARIABLE: &str = "GPU_FLEET_JOB_ID";
/// Names the attempt in the environment of all its processes.
pub(crate) const ATTEMPT_VARIABLE: &str = "GPU_FLEET_ATTEMPT";

/// What passes from the agent to the shim, and on to the job: nothing that could be a secret.
pub(crate) const KEPT: [&str; 5] = ["HOME", "LANG", "USER", "TMPDIR", "PATH"];
/// Variables by which foreign code would get into every process of the job, the fleet's own included.
const LOADER_PREFIXES: [&str; 2] = ["LD_", "GLIBC_TUNABLES"];
/// The one of the linker's variables that names directories only, and that half of all scientific software needs.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// All variables of the job. Later entries win: a job cannot widen the set of GPUs that it sees by a variable of its own.
pub(super) fn of(spec: &Spec) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for kept in KEPT {
        if let Ok(value) = env::var(kept) {
            variables.insert((*kept).to_owned(), value);
        }
    }
    if let Some(user) = &spec.user {
        variables.insert("HOME".to_owned(), user.home.display().to_string());
        variables.insert("USER".to_owned(), user.name.clone());
        variables.insert("LOGNAME".to_owned(), user.name.clone());
    }
    variables.insert("PATH".to_owned(), env::var("PATH").unwrap_or_else(|_| DEFAULT_PATH.to_owned()));
    variables.insert("TERM".to_owned(), "dumb".to_owned());
    // A name that no process can carry would make the start fail, and the server has refused it already.
    let own = spec.env.iter().filter(|(name, _)| may_be_set(name));
    variables.extend(own.cloned());
    variables.extend(fleet_variables(spec));
    variables
}

/// The server has refused these already; this host does not rely on it.
fn may_be_set(name: &str) -> bool {
    let loads_code = name != LIBRARY_PATH && LOADER_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    !name.is_empty() && !name.contains('=') && !loads_code
}

/// The variables of a job in a container: its own and the fleet's. Search path and home are the image's, unless the job has some.
pub(super) fn in_container(spec: &Spec) -> BTreeMap<String, String> {
    let own = spec.env.iter().filter(|(name, _)| may_be_set(name)).cloned();
    own.chain(fleet_variables(spec)).collect()
}

fn fleet_variables(spec: &Spec) -> impl Iterator<Item = (String, String)> {
    let gpus = spec.gpu_uuids.join(",");
    [
        // An unset variable would show every GPU, an empty one shows none.
        ("CUDA_VISIBLE_DEVICES", gpus.clone()),
        ("CUDA_DEVICE_ORDER", "PCI_BUS_ID".to_owned()),
        ("NVIDIA_VISIBLE_DEVICES", gpus),
        (JOB_ID_VARIABLE, spec.job_id.clone()),
        ("GPU_FLEET_JOB_NAME", spec.job_name.clone()),
        (ATTEMPT_VARIABLE, spec.attempt.to_string()),
        ("GPU_FLEET_NODE_RANK", spec.node_rank.to_string()),
        ("GPU_FLEET_NODE_COUNT", spec.node_count.to_string()),
        ("GPU_FLEET_ORGANIZATION", spec.organization.clone()),
        ("GPU_FLEET_GPU_MILLI", spec.gpu_milli.to_string()),
    ]
    .into_iter()
    .chain(spec.share.iter().flat_map(Share::variables))
    .map(|(name, value)| (name.to_owned(), value))
}

/// Where the command runs when the job names no directory: at its user's home, or at the root for a user without a home.
pub(super) fn workdir(spec: &Spec) -> PathBuf {
    let chosen = spec.workdir.clone().filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let home = || match &spec.user {
        Some(user) => Some(user.home.clone()),
        None => env::var_os("HOME").map(PathBuf::from),
    };
    chosen.or_else(|| home().filter(|home| home.is_dir())).unwrap_or_else(|| PathBuf::from("/"))
}
