//! `gpu-fleet allocate`: certain GPUs for a waiting job, under the versions that were read. A conflict is not retried here:
//! whoever picked a GPU by hand should see who has it now.

use cynic::MutationBuilder;

use super::Session;
use super::cancel::changed;
use crate::api::{AllocateGpus, AllocateGpusInput, AllocateVariables, GpuChoiceInput};
use crate::args::job::AllocateArgs;
use crate::client::{Failure, find_gpus, job_by_id};

/// Gives the job its GPUs.
pub(super) async fn allocate(args: AllocateArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let job = job_by_id(&session.client, &args.job).await?;
    let gpus = find_gpus(&session.client, &args.gpus).await?;
    let choices =
        gpus.into_iter().map(|gpu| GpuChoiceInput { id: gpu.id, expected_version: Some(gpu.version) });
    let input = AllocateGpusInput {
        job_id: job.id,
        gpus: choices.collect(),
        expected_job_version: Some(job.version),
    };
    let answer = session.client.run(AllocateGpus::build(AllocateVariables { input })).await?;
    changed(session.output, &answer.allocate_gpus.job)
}
