//! The hardware behind the stand-in for NVIDIA's library: a text file that a test changes while an agent runs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::{AgentOptions, Binary};

/// Names the file to the stand-in.
const STATE_VARIABLE: &str = "GPU_FLEET_MOCK_NVML_STATE";

/// Some cards.
#[derive(Debug)]
pub struct Hardware {
    file: PathBuf,
    facts: String,
}

impl Hardware {
    /// So many cards, described in a file in this folder.
    pub fn new(folder: &Path, cards: usize) -> Self {
        let hardware = Self { file: folder.join("hardware"), facts: format!("count {cards}\n") };
        hardware.now("");
        hardware
    }

    /// Changes the facts beyond the cards' number, all at once.
    pub fn now(&self, facts: &str) {
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, format!("{}{facts}", self.facts)).expect("a file for the hardware");
        std::fs::rename(beside, &self.file).expect("a file for the hardware");
    }

    /// Lets every question to the driver hang.
    pub fn hang(&self) {
        let beside = self.file.with_extension("new");
        let made = Command::new("mkfifo").arg(&beside).status().expect("mkfifo");
        assert!(made.success());
        std::fs::rename(beside, &self.file).expect("a pipe in the hardware's place");
    }

    /// What an agent needs to take this hardware for real.
    pub fn options(&self) -> AgentOptions {
        let library = Binary::target_dir().join("libnvidia_ml.so");
        assert!(library.exists(), "there is no {}: cargo build -p mock-nvml", library.display());
        AgentOptions {
            words: vec!["--nvml-library".to_owned(), library.display().to_string()],
            env: vec![(STATE_VARIABLE.to_owned(), self.file.display().to_string())],
            ..AgentOptions::default()
        }
    }
}

/// A process that no job has started; killed when it is dropped.
#[derive(Debug)]
pub struct Stranger(Child);

impl Stranger {
    /// Begins to sleep.
    pub fn start() -> Self {
        Self(Command::new("sleep").arg("600").spawn().expect("a process"))
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        crate::binary::kill(&mut self.0);
    }
}
