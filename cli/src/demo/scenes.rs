//! The story, scene by scene. Each waits for what it shows, so that it is the same on a slow machine.

use std::path::Path;

use cynic::MutationBuilder;
use tokio::time::sleep;

use super::Tempo;
use super::cast::{Cast, Part};
use super::conflict::{self, Rival};
use super::labs::{Lab, Labs};
use super::stage::Stage;
use crate::api::{
    BlockerCode, CancelJob, CancelJobInput, CancelVariables, JobRow, JobStatus, ReleaseJob, ReleaseJobInput,
    ReleaseVariables, SubmitJob, SubmitVariables,
};
use crate::client::Failure;
use crate::output::describe::{blockers, places};
use crate::output::style::Tone;

/// The whole story.
pub(super) async fn play(stage: &Stage, labs: &Labs, tempo: Tempo, workdir: &Path) -> Result<(), Failure> {
    let story = Story { stage, labs, tempo, cast: Cast::new(tempo, workdir) };
    let long_jobs = story.fill_the_h100s().await?;
    let waiting = story.wait_in_the_queue().await?;
    let small_jobs = story.run_on_the_a100s().await?;
    story.watch_a_failure(&small_jobs.broken).await?;
    story.lend_a_gpu(&small_jobs.endless).await?;
    let rivals = story.provoke_a_conflict().await?;
    story.start_what_waited(&waiting).await?;
    for job in long_jobs.iter().chain(&rivals).chain([&small_jobs.eval, &waiting]) {
        story.ended(job).await?;
    }
    story.stage.note("Every job that could run has run.", Tone::Good)
}

struct SmallJobs {
    eval: JobRow,
    broken: JobRow,
    endless: JobRow,
}

struct Story<'a> {
    stage: &'a Stage,
    labs: &'a Labs,
    tempo: Tempo,
    cast: Cast,
}

impl Story<'_> {
    async fn fill_the_h100s(&self) -> Result<[JobRow; 2], Failure> {
        self.stage.note("Each organization submits a training job for two H100.", Tone::Plain)?;
        let vision = self.submit(self.cast.vit_pretrain()).await?;
        let language = self.submit(self.cast.llama_finetune()).await?;
        let first = self.running(&vision).await?;
        self.running(&language).await?;
        self.stage
            .note(&format!("{} runs on {}; no H100 is left.", first.name, places(&first.gpus)), Tone::Good)?;
        Ok([vision, language])
    }

    async fn wait_in_the_queue(&self) -> Result<JobRow, Failure> {
        let waiting = self.submit(self.cast.detr_train()).await?;
        let dream = self.submit(self.cast.tpu_dream()).await?;
        self.explained(&waiting, BlockerCode::GpusBusy).await?;
        self.explained(&dream, BlockerCode::NoMatchingGpu).await?;
        self.pause(1).await;
        Ok(waiting)
    }

    async fn run_on_the_a100s(&self) -> Result<SmallJobs, Failure> {
        self.stage.note("Smaller jobs go past them to the A100s: nothing they need is kept.", Tone::Plain)?;
        let eval = self.submit(self.cast.bert_eval()).await?;
        let broken = self.submit(self.cast.broken_config()).await?;
        let endless = self.submit(self.cast.endless_sweep()).await?;
        self.running(&eval).await?;
        self.running(&endless).await?;
        Ok(SmallJobs { eval, broken, endless })
    }

    async fn watch_a_failure(&self, broken: &JobRow) -> Result<(), Failure> {
        let failed = self.ended(broken).await?;
        let code = failed.exit_code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        self.stage.note(&format!("{} failed with exit code {code}; its GPU is back.", failed.name), Tone::Bad)
    }

    async fn lend_a_gpu(&self, endless: &JobRow) -> Result<(), Failure> {
        let loan = self.submit(self.cast.notebook()).await?;
        let lent = self.running(&loan).await?;
        self.stage.note(
            &format!("{} is lent to a person: no command, {}.", lent.name, places(&lent.gpus)),
            Tone::Plain,
        )?;
        self.pause(2).await;
        self.cancel(endless).await?;
        self.pause(1).await;
        self.release(&loan).await
    }

    async fn cancel(&self, job: &JobRow) -> Result<(), Failure> {
        self.stage.note(&format!("{} is cancelled while it runs.", job.name), Tone::Wait)?;
        let reason = Some("the demonstration has seen enough".to_owned());
        let input = CancelJobInput { id: job.id.clone(), expected_version: None, reason };
        let answer = self.labs.member(Lab::Language).run(CancelJob::build(CancelVariables { input })).await?;
        self.stage.take(answer.cancel_job.job)?;
        self.ended(job).await.map(drop)
    }

    async fn release(&self, loan: &JobRow) -> Result<(), Failure> {
        let input = ReleaseJobInput { job_id: loan.id.clone() };
        let answer = self.labs.member(Lab::Vision).run(ReleaseJob::build(ReleaseVariables { input })).await?;
        self.stage.take(answer.release_job.job)?;
        self.ended(loan).await?;
        self.stage.note(&format!("{} is released.", loan.name), Tone::Good)
    }

    async fn provoke_a_conflict(&self) -> Result<[JobRow; 2], Failure> {
        let [vision, language] = self.cast.rivals();
        let (vision, language) = (self.submit(vision).await?, self.submit(language).await?);
        let rivals = [
            Rival { client: self.labs.member(Lab::Vision), job: vision.clone() },
            Rival { client: self.labs.member(Lab::Language), job: language.clone() },
        ];
        conflict::provoke(self.stage, self.labs, rivals).await?;
        Ok([vision, language])
    }

    async fn start_what_waited(&self, waiting: &JobRow) -> Result<(), Failure> {
        let started = self.running(waiting).await?;
        self.stage.note(
            &format!("{} has its three H100 at last: {}.", started.name, places(&started.gpus)),
            Tone::Good,
        )
    }

    async fn submit(&self, part: Part) -> Result<JobRow, Failure> {
        let variables = SubmitVariables { input: part.input };
        let job = self.labs.member(part.lab).run(SubmitJob::build(variables)).await?.submit_job.job;
        self.stage.take(job.clone())?;
        Ok(job)
    }

    async fn running(&self, job: &JobRow) -> Result<JobRow, Failure> {
        self.stage
            .until(&job.id, "RUNNING", |job| job.status == JobStatus::Running || job.status.is_final())
            .await
    }

    async fn ended(&self, job: &JobRow) -> Result<JobRow, Failure> {
        self.stage.until(&job.id, "ended", |job| job.status.is_final()).await
    }

    async fn explained(&self, job: &JobRow, code: BlockerCode) -> Result<(), Failure> {
        let explains = |job: &JobRow| {
            job.pending
                .as_ref()
                .is_some_and(|pending| pending.blockers.iter().any(|blocker| blocker.code == code))
        };
        let job = self.stage.until(&job.id, code.as_str(), explains).await?;
        let why = job.pending.as_ref().map(blockers).unwrap_or_default();
        self.stage.note(&format!("{} waits, and says why: {} ({why})", job.name, code.as_str()), Tone::Wait)
    }

    async fn pause(&self, beats: u32) {
        sleep(self.tempo.beats(beats)).await;
    }
}
