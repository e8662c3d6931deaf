//! A stand-in for NVIDIA's Multi-Process Service: processes of its names, and a program that asks them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The control daemon with its server; both are killed when it is dropped.
#[derive(Debug)]
pub struct Mps {
    daemon: Child,
    folder: PathBuf,
    server: i32,
}

impl Mps {
    /// Starts it in this folder.
    pub async fn start(folder: &Path) -> Self {
        let folder = folder.join("mps");
        let programs = folder.join("programs");
        std::fs::create_dir_all(&programs).expect("a folder");
        let (daemon, server) =
            (folder.join("nvidia-cuda-mps-control"), folder.join("nvidia-cuda-mps-server"));
        std::fs::copy("/bin/sh", &daemon).expect("a shell");
        std::fs::copy("/bin/sleep", &server).expect("a program that sleeps");
        let asks = programs.join("nvidia-cuda-mps-control");
        std::fs::write(&asks, "#!/bin/sh\nread question\necho 100.0\n").expect("a program");
        std::fs::set_permissions(&asks, PermissionsExt::from_mode(0o755)).expect("a program");
        let noted = folder.join("server.pid");
        let script = format!("{} 600 & echo $! > {}; wait", server.display(), noted.display());
        let daemon =
            Command::new(&daemon).args(["-c", &script]).stdin(Stdio::null()).spawn().expect("a daemon");
        std::fs::write(folder.join("nvidia-cuda-mps-control.pid"), daemon.id().to_string()).expect("a file");
        let server = crate::eventually("the daemon has a server", 10, async || {
            std::fs::read_to_string(&noted).ok()?.trim().parse().ok()
        })
        .await;
        Self { daemon, folder, server }
    }

    /// The variables by which an agent finds it.
    pub fn env(&self) -> Vec<(String, String)> {
        let path = std::env::var("PATH").expect("a search path");
        let path = format!("{}:{path}", self.folder.join("programs").display());
        vec![
            ("PATH".to_owned(), path),
            ("CUDA_MPS_PIPE_DIRECTORY".to_owned(), self.folder.display().to_string()),
        ]
    }

    /// Where its pipes are.
    pub fn pipes(&self) -> &Path {
        &self.folder
    }

    /// The process that holds memory of the cards.
    pub fn server(&self) -> i32 {
        self.server
    }
}

impl Drop for Mps {
    fn drop(&mut self) {
        if let Some(server) = rustix::process::Pid::from_raw(self.server) {
            let _ = rustix::process::kill_process(server, rustix::process::Signal::KILL);
        }
        crate::binary::kill(&mut self.daemon);
    }
}
