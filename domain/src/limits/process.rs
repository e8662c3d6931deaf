//! What a job may run: its command, its environment and where it starts.

use super::{
    ARGUMENTS, COMMAND_BYTES, ENV_BYTES, ENV_VARS, InvalidInput, WORKDIR_BYTES, no_duplicates, refuse_unless,
};

/// How variables begin that steer the loader, and could put foreign code into every process of the job, the fleet's own
/// included.
const LOADER_PREFIXES: [&str; 2] = ["LD_", "GLIBC_TUNABLES"];
/// The one of them that names directories only, and that half of all scientific software needs.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";
/// Variables by which the fleet tells a job which GPUs are its own.
const FLEET_VARS: [&str; 3] = ["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES"];
/// How all other variables that the fleet sets begin.
const FLEET_PREFIX: &str = "GPU_FLEET_";

pub(super) fn check_command(command: &[String]) -> Result<(), InvalidInput> {
    let counts = (1..=ARGUMENTS).contains(&command.len());
    refuse_unless(counts, "command", || format!("must have 1 to {ARGUMENTS} arguments, the program first"))?;
    let bytes: usize = command.iter().map(String::len).sum();
    refuse_unless(bytes <= COMMAND_BYTES, "command", || {
        format!("must have at most {COMMAND_BYTES} bytes in all")
    })?;
    let program = command.first().is_some_and(|program| !program.trim().is_empty());
    refuse_unless(program, "command[0]", || "must name a program".to_owned())?;
    for (place, argument) in command.iter().enumerate() {
        no_nul(&format!("command[{place}]"), argument)?;
    }
    Ok(())
}

pub(super) fn check_env(env: &[(String, String)]) -> Result<(), InvalidInput> {
    refuse_unless(env.len() <= ENV_VARS, "env", || format!("must have at most {ENV_VARS} variables"))?;
    let bytes: usize = env.iter().map(|(name, value)| name.len() + value.len()).sum();
    refuse_unless(bytes <= ENV_BYTES, "env", || format!("must have at most {ENV_BYTES} bytes in all"))?;
    for (place, (name, value)) in env.iter().enumerate() {
        check_env_name(&format!("env[{place}].name"), name)?;
        no_nul(&format!("env[{place}].value"), value)?;
    }
    no_duplicates("env", env.iter().map(|(name, _)| name.as_str()))
}

fn check_env_name(field: &str, name: &str) -> Result<(), InvalidInput> {
    let starts_well = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    let all_well = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    refuse_unless(starts_well && all_well, field, || {
        "must be letters, digits and underscores, and not start with a digit".to_owned()
    })?;
    let steers_loader = LOADER_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && name != LIBRARY_PATH;
    refuse_unless(!steers_loader, field, || {
        "must not be a variable that steers the loader of every process".to_owned()
    })?;
    let is_the_fleets = FLEET_VARS.contains(&name) || name.starts_with(FLEET_PREFIX);
    refuse_unless(!is_the_fleets, field, || "is set by the fleet itself".to_owned())
}

pub(super) fn check_workdir(workdir: Option<&str>) -> Result<(), InvalidInput> {
    let Some(workdir) = workdir else { return Ok(()) };
    refuse_unless(workdir.starts_with('/'), "workdir", || "must be an absolute path".to_owned())?;
    refuse_unless(workdir.len() <= WORKDIR_BYTES, "workdir", || {
        format!("must have at most {WORKDIR_BYTES} bytes")
    })?;
    no_nul("workdir", workdir)
}

fn no_nul(field: &str, text: &str) -> Result<(), InvalidInput> {
    refuse_unless(!text.contains('\0'), field, || "must not hold a NUL character".to_owned())
}
