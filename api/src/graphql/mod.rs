//! The GraphQL edge: one file per noun. Resolvers hold no SQL and no authorization of their own: they ask the
//! [`caller::Caller`] for a scope and the store for rows.

pub mod access;
pub mod agent_ops;
pub mod allocation;
pub mod api_key;
pub mod assignments;
pub mod audit;
pub mod caller;
pub mod enums;
pub mod explanation;
pub mod failure;
pub mod fleet;
pub mod gpu;
pub mod hearing;
pub mod host;
pub mod job;
pub mod label;
pub mod lists;
pub mod loaders;
pub mod mutation;
pub mod organization;
pub mod pending;
pub mod query;
pub mod schema;
pub mod subscription;
pub mod updates;
pub mod usage;
pub mod viewer;

#[cfg(test)]
mod statements_tests;
