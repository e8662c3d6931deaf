//! Joining the fleet, and coming back to it.

use std::sync::Arc;
use std::time::Duration;

use cynic::MutationBuilder;

use super::api::CallError;
use super::credentials::Credentials;
use super::link::Link;
use super::operations::{
    LabelInput, RegisterHost, RegisterHostInput, RegisterHostPayload, RegisterHostVariables,
};
use super::retry::Backoff;
use super::wire;
use crate::clock::since_boot;
use crate::devices::Watcher;
use crate::{AgentError, host};

/// Declares this host to the server, first by its join token, afterwards by the key that it was given for it.
pub(crate) struct Registrar {
    pub(crate) link: Arc<Link>,
    pub(crate) devices: Arc<Watcher>,
    pub(crate) containment: String,
    pub(crate) container_runtime: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) credentials: Credentials,
    pub(crate) server: String,
    pub(crate) join_token: Option<String>,
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
}

impl Registrar {
    /// Registers, however long the server is out of reach, and begins the new epoch. The time is that before the question.
    pub(super) async fn register(&mut self) -> Result<(RegisterHostPayload, Duration), AgentError> {
        let mut backoff = Backoff::default();
        loop {
            let asked_at = since_boot();
            match self.try_once().await? {
                Ok(registered) => {
                    self.accept(&registered)?;
                    return Ok((registered, asked_at));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot register with the server yet");
                    backoff.wait().await;
                }
            }
        }
    }

    /// The outer error is final, the inner one is not.
    async fn try_once(&mut self) -> Result<Result<RegisterHostPayload, CallError>, AgentError> {
        let Some(token) = self.credentials.agent_key.clone().or_else(|| self.join_token.clone()) else {
            return Err(AgentError::NoJoinToken);
        };
        self.link.api.set_bearer(&token);
        match self.send().await {
            Err(error) if error.code() == Some("UNAUTHENTICATED") => self.not_known(&error),
            // A host that was removed may join anew.
            Err(error) if error.code() == Some("FORBIDDEN") && self.credentials.agent_key.is_some() => {
                self.not_known(&error)
            }
            Err(error) if error.is_final() || matches!(error.code(), Some("FORBIDDEN" | "CONFLICT")) => {
                Err(AgentError::Refused(error.to_string()))
            }
            answer => Ok(answer),
        }
    }

    /// A key of a fleet that is no more can be replaced if there is a join token; otherwise people must decide.
    fn not_known(&mut self, error: &CallError) -> Result<Result<RegisterHostPayload, CallError>, AgentError> {
        if self.credentials.agent_key.is_some() && self.join_token.is_some() {
            tracing::warn!("the server does not know this host's key; joining anew");
            self.credentials.agent_key = None;
            return Ok(Err(error.clone()));
        }
        let what = if self.credentials.agent_key.is_some() { "this host's key" } else { "the join token" };
        Err(AgentError::Unauthenticated { what, message: error.to_string() })
    }

    async fn send(&self) -> Result<RegisterHostPayload, CallError> {
        let inventory = self.devices.inventory();
        let label = |(key, value): &(String, String)| LabelInput { key: key.clone(), value: value.clone() };
        let input = RegisterHostInput {
            name: self.name.clone(),
            machine_id: self.credentials.machine_id.clone(),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            cpus: host::cpus(),
            memory_mib: host::memory_mib(),
            labels: Some(self.labels.iter().map(label).collect()),
            containment: Some(self.containment.clone()),
            container_runtime: self.container_runtime.clone(),
            warnings: Some(self.warnings.clone()),
            gpus: inventory.into_iter().map(wire::device).collect(),
        };
        let operation = RegisterHost::build(RegisterHostVariables { input });
        Ok(self.link.api.call(&operation).await?.register_host)
    }

    fn accept(&mut self, registered: &RegisterHostPayload) -> Result<(), AgentError> {
        self.credentials.keep(registered.agent_key.clone(), &self.server)?;
        if let Some(key) = &self.credentials.agent_key {
            self.link.api.set_bearer(key);
        }
        tracing::info!(
            epoch = registered.epoch,
            lease_seconds = registered.lease_seconds,
            "registered with the server"
        );
        self.link.begin_epoch(registered.epoch);
        Ok(())
    }
}
