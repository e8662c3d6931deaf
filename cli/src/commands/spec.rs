//! From the options that describe a job to the API's input.

use std::path::Path;

use crate::api::{EnvVarInput, GpuRequirementsInput, LabelInput, SubmitJobInput};
use crate::args::job::JobSpecArgs;
use crate::args::values::Pair;

/// The job that these options describe; jobs to wait for are already known by their ids. No command: a loan.
pub(crate) fn job_input(
    spec: JobSpecArgs,
    command: Option<Vec<String>>,
    after: Vec<cynic::Id>,
) -> SubmitJobInput {
    let name = spec.name.clone().unwrap_or_else(|| default_name(command.as_deref()));
    SubmitJobInput {
        name,
        requirements: Some(requirements(&spec)),
        command,
        model_type: spec.model_type,
        env: filled(
            spec.env.into_iter().map(|pair| EnvVarInput { name: pair.key, value: pair.value }).collect(),
        ),
        workdir: spec.workdir,
        image: spec.image,
        priority: Some(spec.priority),
        max_retries: Some(spec.max_retries),
        retry_pause_seconds: Some(i32::try_from(spec.retry_pause.as_secs()).unwrap_or(i32::MAX)),
        time_limit_seconds: spec.time_limit.map(|limit| i32::try_from(limit.as_secs()).unwrap_or(i32::MAX)),
        depends_on: filled(after),
        labels: filled(labels(&spec.labels)),
        hold: None,
        idempotency_key: None,
    }
}

fn requirements(spec: &JobSpecArgs) -> GpuRequirementsInput {
    GpuRequirementsInput {
        count: Some(spec.gpus),
        milli: spec.milli,
        gpu_types: filled(spec.gpu_types.clone()),
        min_memory_gb: spec.min_memory,
        single_host: Some(!spec.multi_host),
        cpus: spec.cpus,
        memory_gb: spec.memory,
        labels: filled(labels(&spec.host_labels)),
    }
}

fn labels(pairs: &[Pair]) -> Vec<LabelInput> {
    pairs.iter().map(|pair| LabelInput { key: pair.key.clone(), value: pair.value.clone() }).collect()
}

fn filled<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}

/// A job without a name is called after its program.
fn default_name(command: Option<&[String]>) -> String {
    let program =
        command.and_then(|words| words.first()).map(|word| Path::new(word).file_name().unwrap_or_default());
    match program.map(|name| name.to_string_lossy().into_owned()) {
        Some(name) if !name.is_empty() => name,
        Some(_) => "job".to_owned(),
        None => "loan".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_without_a_name_is_called_after_its_program() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(default_name(Some(&words("/usr/bin/python train.py"))), "python");
        assert_eq!(default_name(Some(&words("/"))), "job");
        assert_eq!(default_name(None), "loan");
    }
}
