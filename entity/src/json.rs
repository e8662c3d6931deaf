//! What is kept as JSON in a column, typed.

use domain::idle::Warning;
use domain::requirements::{GpuRequirements, Label};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// Labels of a host or a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Labels(pub Vec<Label>);

/// Sentences for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Texts(pub Vec<String>);

/// The warning of an idle job that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct IdleWarning(pub Warning);

/// What a job asks of the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Requirements(pub GpuRequirements);

/// A job's program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Command(pub Vec<String>);

/// What a change did to the fields of its subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Changes(pub Vec<FieldChange>);

/// A field, before and after, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// As the public schema spells it.
    pub field: String,
    /// None: it had no value, or was not there.
    pub before: Option<String>,
    /// None: it has no value.
    pub after: Option<String>,
}

/// A job's environment: names and values, in the order given. Values are secrets: they go to the agent alone.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Env(pub Vec<(String, String)>);

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
