//! This machine as a GPU host: from the command line to the agent's configuration, for `agent` and `up` alike.

use std::path::Path;

use agent::{AgentConfig, Devices, GpuSpec, JobUserRule, JobUsers};

use crate::args::server::HostArgs;
use crate::client::Failure;
use crate::output::say;

/// What the agent is to be told. With `stand_in`, a machine without GPUs plays eight, so that there is something to see;
/// whatever was found is said, and simulated GPUs are said loudly.
pub(crate) fn agent_config(
    args: &HostArgs,
    server_url: &str,
    data_dir: &Path,
    join_token: Option<String>,
    stand_in: bool,
) -> Result<AgentConfig, Failure> {
    let spec: GpuSpec = args
        .gpus
        .parse()
        .map_err(|error: agent::devices::InvalidGpuSpec| Failure::Usage(error.to_string()))?;
    let mut found = agent::detect(&spec, args.nvml_library.as_deref(), stand_in);
    say(&found.note);
    if let Devices::Nvml(cards) = &mut found.devices
        && args.accept_unlisted_processes
    {
        cards.accept_unlisted();
    }
    let rules = args.job_users.iter().map(|text| text.parse::<JobUserRule>());
    let users = rules.collect::<Result<Vec<_>, _>>().and_then(|rules| JobUsers::resolve(&rules));
    let users = users.map_err(|error| Failure::Usage(error.to_string()))?;
    say(&users.describe());
    let offers_none = matches!(found.devices, Devices::None) && spec != GpuSpec::None;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => machine_name()?,
    };
    let mut config = AgentConfig::new(server_url, data_dir, name, found.devices);
    config.users = users;
    config.sample_every = args.sample_every;
    config.containers = args.container_runtime;
    if offers_none {
        config.warnings.push(found.note);
    }
    config.join_token = join_token;
    config.labels = args.labels.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect();
    Ok(config)
}

/// The machine's own name, up to the first dot, with what a host's name may not hold replaced.
fn machine_name() -> Result<String, Failure> {
    let full = nix::unistd::gethostname().map_err(|error| {
        Failure::Usage(format!("this machine's name is unknown ({error}); give one with --name"))
    })?;
    let full = full.to_string_lossy();
    let name = host_name(full.split('.').next().unwrap_or_default());
    if name.is_empty() {
        Err(Failure::Usage("this machine has no name; give one with --name".to_owned()))
    } else {
        Ok(name)
    }
}

fn host_name(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    text.chars().map(allowed).collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_name_becomes_a_hosts_name() {
        assert_eq!(host_name("gpu_box 7"), "gpu-box-7");
        assert_eq!(host_name("_"), "");
    }
}
