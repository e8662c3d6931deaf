//! What a job may ask of the fleet. Whether the fleet has it is not a matter of this: such a job is accepted and waits.

use crate::requirements::{GpuRequirements, WHOLE_GPU_MILLI};

use super::{
    GPU_MEMORY_GB, GPU_TYPE_CHARS, GPU_TYPES, GPUS, HOST_AMOUNT, InvalidInput, check_labels, check_title,
    refuse_unless,
};

pub(super) fn check(asked: &GpuRequirements) -> Result<(), InvalidInput> {
    check_amount(asked)?;
    check_types(&asked.gpu_types)?;
    let memory = asked.min_memory_gb;
    let fits = memory.is_none_or(|gb| gb.is_finite() && gb > 0.0 && gb <= GPU_MEMORY_GB);
    refuse_unless(fits, "requirements.minMemoryGb", || {
        format!("must be more than 0, at most {GPU_MEMORY_GB}")
    })?;
    check_positive("requirements.cpus", asked.cpus)?;
    check_positive("requirements.memoryGb", asked.memory_gb)?;
    check_labels("requirements.labels", &asked.labels)
}

fn check_amount(asked: &GpuRequirements) -> Result<(), InvalidInput> {
    let GpuRequirements { count, milli, .. } = *asked;
    refuse_unless((1..=GPUS).contains(&count), "requirements.count", || format!("must be 1 to {GPUS}"))?;
    refuse_unless((1..=WHOLE_GPU_MILLI).contains(&milli), "requirements.milli", || {
        format!("must be 1 to {WHOLE_GPU_MILLI}")
    })?;
    refuse_unless(count == 1 || milli == WHOLE_GPU_MILLI, "requirements.milli", || {
        format!("must be {WHOLE_GPU_MILLI} unless count is 1: a share is of one GPU")
    })
}

fn check_types(gpu_types: &[String]) -> Result<(), InvalidInput> {
    let few = gpu_types.len() <= GPU_TYPES;
    refuse_unless(few, "requirements.gpuTypes", || format!("must name at most {GPU_TYPES} types"))?;
    for (place, gpu_type) in gpu_types.iter().enumerate() {
        check_title(&format!("requirements.gpuTypes[{place}]"), gpu_type, GPU_TYPE_CHARS)?;
    }
    Ok(())
}

fn check_positive(field: &str, number: Option<f64>) -> Result<(), InvalidInput> {
    let fits = number.is_none_or(|number| number > 0.0 && number <= HOST_AMOUNT);
    refuse_unless(fits, field, || format!("must be more than 0, at most {HOST_AMOUNT}"))
}
