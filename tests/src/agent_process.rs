//! An agent of its own, as it runs on a GPU host that is not the server's.

use std::fs::File;
use std::process::{Child, Stdio};

use crate::Fleet;
use crate::binary::{kill, memory_mib};

/// A running agent; killed when it is dropped, as a power cut would.
#[derive(Debug)]
pub struct AgentProcess {
    process: Child,
}

impl AgentProcess {
    /// Starts one with these GPUs, in a directory of its own beside the server's, and waits until it has joined.
    pub async fn start(fleet: &Fleet, name: &str, gpus: &str) -> Self {
        let folder = fleet.place.folder();
        let join = folder.join(format!("{name}.join"));
        std::fs::write(&join, fleet.place.token(&["--role", "agent"]).await).expect("a file for the token");
        let mut command = fleet.place.command();
        command.args(["agent", "--server", &fleet.origin(), "--name", name, "--gpus", gpus]);
        command.arg("--join-token-file").arg(&join).arg("--data-dir").arg(folder.join(name));
        let log = File::create(folder.join(format!("{name}.log"))).expect("a file for the log");
        let process = command.stdout(Stdio::null()).stderr(log).spawn().expect("the binary starts");
        let agent = Self { process };
        fleet.has_registered(name).await;
        agent
    }

    /// Its resident memory.
    pub fn memory_mib(&self) -> f64 {
        memory_mib(&self.process)
    }
}

impl Drop for AgentProcess {
    fn drop(&mut self) {
        kill(&mut self.process);
    }
}
