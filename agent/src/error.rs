//! Why an agent ends on its own account. What a retry may mend never gets this far.

/// Why an agent ended.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It has neither a key nor a token to get one.
    #[error(
        "this host has not joined the fleet: a join token is needed (gpu-fleet token --role agent makes one)"
    )]
    NoJoinToken,
    /// The server does not accept what it shows.
    #[error("the server does not accept {what}: {message}")]
    Unauthenticated {
        /// Which credential.
        what: &'static str,
        /// The server's words.
        message: String,
    },
    /// The server knows it, and does not let it take part.
    #[error("the server does not take this host: {0}")]
    Refused(String),
    /// Another agent takes its epochs away.
    #[error(
        "another agent uses this host's key: this one gives in; if the machine or its data directory was copied, let the copy join as a host of its own"
    )]
    Rival,
    /// Another agent works in the same data directory.
    #[error("another agent is at work in {0}")]
    AlreadyRunning(std::path::PathBuf),
    /// Its data directory cannot be used.
    #[error("the agent's data directory cannot be used: {}: {source}", path.display())]
    DataDirectory {
        /// What could not be used of it.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The thread that looks at the GPUs cannot be started.
    #[error("cannot start the thread that looks at the GPUs: {0}")]
    Thread(#[source] std::io::Error),
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

impl AgentError {
    /// Something in the data directory could not be used.
    pub(crate) fn directory(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::DataDirectory { path, source }
    }
}
