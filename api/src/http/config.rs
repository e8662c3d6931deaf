//! What the transport allows.

use std::net::SocketAddr;
use std::time::Duration;

use super::limits::Limits;
use super::meter::Rate;

/// What the transport allows.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where it listens: on a loopback address only requests to a loopback name are served, which stops pages of other
    /// sites that have a name of theirs resolve to this machine.
    pub listen: SocketAddr,
    /// Names by which the server is reached besides the one that it listens on: a proxy's, say.
    pub hosts: Vec<String>,
    /// Origins besides the server's own whose pages may use the API.
    pub allowed_origins: Vec<String>,
    /// Connections at once; those beyond wait.
    pub connections: usize,
    /// Bytes of a request's body: a bulk submission of 1,000 jobs fits.
    pub body_bytes: usize,
    /// Bytes of a socket's message.
    pub message_bytes: usize,
    /// Operations at once on one socket, and event streams of one caller.
    pub subscriptions: usize,
    /// What a document may cost.
    pub limits: Limits,
    /// How much each caller may ask for in a time; none: as much as it likes.
    pub rate: Option<Rate>,
    /// How long a query or a mutation may take.
    pub operation_time: Duration,
}

impl HttpConfig {
    /// The defaults for an address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            hosts: Vec::new(),
            allowed_origins: Vec::new(),
            connections: 8_192,
            body_bytes: 8 << 20,
            message_bytes: 1 << 20,
            subscriptions: 64,
            limits: Limits::default(),
            rate: Some(Rate::default()),
            operation_time: Duration::from_secs(30),
        }
    }
}
