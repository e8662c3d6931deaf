//! The provoked conflict: two people give the same free GPU to two jobs at the same moment, each under the version that
//! both have read. One wins; the other is told, looks again, and takes another GPU.

use cynic::MutationBuilder;

use super::cards::{Card, free};
use super::labs::{Lab, Labs};
use super::stage::Stage;
use crate::api::{AllocateGpus, AllocateGpusInput, AllocateVariables, GpuChoiceInput, JobRow};
use crate::client::{Client, Failure};
use crate::output::style::Tone;

/// How often the race is run anew when something else changed the GPU first.
const RACES: usize = 5;

/// A waiting job and who acts for it.
pub(super) struct Rival<'a> {
    pub(super) client: &'a Client,
    pub(super) job: JobRow,
}

/// Runs the race; both jobs have a GPU when it is over.
pub(super) async fn provoke(stage: &Stage, labs: &Labs, rivals: [Rival<'_>; 2]) -> Result<(), Failure> {
    let [first, second] = rivals;
    for _ in 0..RACES {
        let card = a_free_card(labs).await?;
        let (place, version) = (card.place(), card.version);
        let (a, b) = (&first.job.name, &second.job.name);
        stage.note(
            &format!("Conflict: {a} and {b} are both given {place} at version {version}, at once …"),
            Tone::Move,
        )?;
        let (one, other) = tokio::join!(give(&first, &card), give(&second, &card));
        match (one, other) {
            (Ok(winner), Err(refusal)) => return settle(stage, labs, winner, &second, refusal).await,
            (Err(refusal), Ok(winner)) => return settle(stage, labs, winner, &first, refusal).await,
            (Ok(_), Ok(_)) => return Err(Failure::Other(format!("{place} was given away twice"))),
            (Err(one), Err(other)) if one.is_conflict() && other.is_conflict() => {}
            (Err(failure), Err(_)) => return Err(failure),
        }
    }
    Err(Failure::Other("no GPU stayed unchanged long enough for a race".to_owned()))
}

async fn settle(
    stage: &Stage,
    labs: &Labs,
    winner: JobRow,
    loser: &Rival<'_>,
    refusal: Failure,
) -> Result<(), Failure> {
    if !refusal.is_conflict() {
        return Err(refusal);
    }
    let name = winner.name.clone();
    stage.take(winner)?;
    stage
        .note(&format!("  {name} got it. {} was refused: {}", loser.job.name, refusal.line()), Tone::Move)?;
    let card = a_free_card(labs).await?;
    let job = give(loser, &card).await?;
    stage.note(&format!("  {} looked again and took {} instead.", job.name, card.place()), Tone::Good)?;
    stage.take(job)
}

async fn a_free_card(labs: &Labs) -> Result<Card, Failure> {
    let cards = free(labs.member(Lab::Vision), "A100").await?;
    cards.into_iter().next().ok_or_else(|| Failure::Other("no A100 is free for the race".to_owned()))
}

async fn give(rival: &Rival<'_>, card: &Card) -> Result<JobRow, Failure> {
    let choice = GpuChoiceInput { id: card.id.clone(), expected_version: Some(card.version) };
    let input =
        AllocateGpusInput { job_id: rival.job.id.clone(), gpus: vec![choice], expected_job_version: None };
    Ok(rival.client.run(AllocateGpus::build(AllocateVariables { input })).await?.allocate_gpus.job)
}
