//! Allocations.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use domain::ids::{AllocationId, GpuId, JobId};
use entity::allocation;

use super::failure::Answer;
use super::gpu::Gpu;
use super::job::Job;
use super::loaders::load;
use crate::fault::Fault;

/// A GPU, or a share of one, given to an attempt of a job; live while releasedAt is null.
pub struct Allocation(pub allocation::Model);

/// A GPU, or a share of one, given to an attempt of a job; live while releasedAt is null.
#[Object]
impl Allocation {
    /// Its global id.
    pub async fn id(&self) -> ID {
        ID(AllocationId(self.0.id).to_string())
    }

    /// The job that it was given to.
    async fn job(&self, ctx: &Context<'_>) -> Answer<Job> {
        let row = load(ctx, JobId(self.0.job_id)).await?;
        Ok(Job(row.ok_or(Fault::NotFound("job"))?))
    }

    /// The GPU.
    async fn gpu(&self, ctx: &Context<'_>) -> Answer<Gpu> {
        let row = load(ctx, GpuId(self.0.gpu_id)).await?;
        Ok(Gpu(row.ok_or(Fault::NotFound("gpu"))?))
    }

    /// The job's attempt.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// Thousandths of the GPU.
    async fn milli(&self) -> i32 {
        self.0.milli
    }

    /// When it was given.
    async fn allocated_at(&self) -> DateTime<Utc> {
        self.0.allocated_at
    }

    /// When it went back; null: it is live.
    async fn released_at(&self) -> Option<DateTime<Utc>> {
        self.0.released_at
    }
}
