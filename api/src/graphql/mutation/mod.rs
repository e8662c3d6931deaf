//! Everything that changes something: a file for each noun that people change; what agents tell stands in
//! [`super::agent_ops`].

pub mod api_keys;
pub mod bulk;
pub mod hosts;
pub mod jobs;
pub mod organizations;

use async_graphql::MergedObject;
use domain::requirements::Label;

use super::agent_ops::AgentMutation;
use super::label::LabelInput;
use api_keys::ApiKeyMutation;
use bulk::BulkMutation;
use hosts::HostMutation;
use jobs::JobMutation;
use organizations::OrganizationMutation;

/// Everything that changes something: people's operations and agents'.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    JobMutation,
    BulkMutation,
    OrganizationMutation,
    ApiKeyMutation,
    HostMutation,
    AgentMutation,
);

fn labels(given: Option<Vec<LabelInput>>) -> Vec<Label> {
    let given = given.unwrap_or_default();
    given.into_iter().map(|label| Label { key: label.key, value: label.value }).collect()
}
