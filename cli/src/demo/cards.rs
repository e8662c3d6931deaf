//! The demonstration's own look at the GPUs: which are free, and at the end that nothing is left on any.

use cynic::QueryBuilder;

use crate::api::{GpuStatus, schema};
use crate::client::{Client, Failure};

/// All GPUs of the demonstration, in one page.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query")]
struct Cards {
    #[arguments(first: 50)]
    gpus: CardConnection,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "GpuConnection")]
struct CardConnection {
    nodes: Vec<Card>,
}

/// One GPU.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
pub(super) struct Card {
    pub(super) id: cynic::Id,
    pub(super) index: i32,
    pub(super) gpu_type: String,
    pub(super) status: GpuStatus,
    pub(super) host: CardHost,
    pub(super) allocations: Vec<CardAllocation>,
    pub(super) processes: Vec<CardProcess>,
    pub(super) version: i32,
}

/// The host of a GPU.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Host")]
pub(super) struct CardHost {
    pub(super) name: String,
}

/// A live allocation.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Allocation")]
pub(super) struct CardAllocation {
    #[expect(dead_code, reason = "only their number matters")]
    id: cynic::Id,
}

/// A process on a GPU.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "GpuProcess")]
pub(super) struct CardProcess {
    #[expect(dead_code, reason = "only their number matters")]
    pid: i32,
}

impl Card {
    /// As the tables name it: `demo-host/3`.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.host.name, self.index)
    }
}

/// Every GPU, by host and index.
pub(super) async fn all(client: &Client) -> Result<Vec<Card>, Failure> {
    let mut cards = client.run(Cards::build(())).await?.gpus.nodes;
    cards.sort_by(|a, b| (&a.host.name, a.index).cmp(&(&b.host.name, b.index)));
    Ok(cards)
}

/// The free GPUs of a type.
pub(super) async fn free(client: &Client, word: &str) -> Result<Vec<Card>, Failure> {
    let mut cards = all(client).await?;
    cards.retain(|card| card.status == GpuStatus::Available && card.gpu_type.contains(word));
    Ok(cards)
}
