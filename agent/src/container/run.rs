//! Short calls of a runtime's program, each with a time within which it must be done.

use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::{Container, Kind, Runtime};

const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// What is kept of what a call prints.
const MOST_OUTPUT: usize = 1 << 20;
/// Between two tries to take a container away.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// Taking a container away kills what is in it and undoes its mounts.
const REMOVAL: Duration = Duration::from_secs(10);

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// It went well, and printed this.
    Well(String),
    /// It said no, and why.
    Failed(String),
    /// It was not done in time.
    Late,
}

/// Runs a program with these words and nothing on its input, and kills it when it is late.
pub(crate) fn run(program: &Path, words: &[&str], env: &[(String, String)], patience: Duration) -> Ran {
    let mut command = Command::new(program);
    command.args(words).env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ran::Failed(error.to_string()),
    };
    let (mut out, mut err) = (Output::of(child.stdout.take()), Output::of(child.stderr.take()));
    let deadline = Instant::now() + patience;
    loop {
        let ended = child.try_wait();
        // Read meanwhile, since a program that fills a pipe would never end; and never until the pipe's end, since a daemon that
        // the program leaves behind may hold it open.
        out.take();
        err.take();
        match ended {
            Ok(Some(status)) if status.success() => return Ran::Well(out.text()),
            Ok(Some(_)) => return Ran::Failed(last_line(&err.text())),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(BETWEEN_LOOKS),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Ran::Late;
            }
        }
    }
}

/// What a call has printed so far.
struct Output<P> {
    pipe: Option<P>,
    bytes: Vec<u8>,
}

impl<P: Read + AsFd> Output<P> {
    fn of(pipe: Option<P>) -> Self {
        let pipe = pipe.filter(|pipe| fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).is_ok());
        Self { pipe, bytes: Vec::new() }
    }

    /// Takes what is there; beyond a bound it is read and thrown away.
    fn take(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let mut buffer = [0; 16 * 1024];
        while let Ok(count) = pipe.read(&mut buffer)
            && count > 0
        {
            let room = MOST_OUTPUT.saturating_sub(self.bytes.len()).min(count);
            self.bytes.extend_from_slice(buffer.get(..room).unwrap_or_default());
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

fn last_line(text: &str) -> String {
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned()
}

/// Takes a container away, whatever runs in it. One that is not there is fine; what was wrong otherwise.
pub(crate) fn remove(container: &Container) -> Result<(), String> {
    let words = match container.runtime.kind {
        Kind::Podman => vec!["rm", "--force", "--ignore", "--volumes", "--time", "0", &container.name],
        Kind::Docker => vec!["rm", "--force", "--volumes", &container.name],
        // It leaves nothing behind its processes.
        Kind::Apptainer => return Ok(()),
    };
    let deadline = Instant::now() + REMOVAL;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match run(&container.runtime.program, &words, &container.runtime.env, left) {
            Ran::Well(_) => return Ok(()),
            Ran::Failed(why) if why.contains("No such container") => return Ok(()),
            // What ends at the same moment of itself confuses a runtime; the next try finds it ended.
            Ran::Failed(_) if left > BETWEEN_TRIES => std::thread::sleep(BETWEEN_TRIES),
            Ran::Failed(why) => return Err(why),
            Ran::Late => return Err(format!("it was not done within {} s", REMOVAL.as_secs())),
        }
    }
}

/// Whether the runtime has an image.
pub(super) fn has_image(runtime: &Runtime, image: &str) -> bool {
    let words = match runtime.kind {
        Kind::Podman => vec!["image", "exists", image],
        Kind::Docker => vec!["image", "inspect", "--format", "{{.Id}}", image],
        Kind::Apptainer => return false,
    };
    matches!(run(&runtime.program, &words, &runtime.env, REMOVAL), Ran::Well(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, patience: Duration) -> Ran {
        run(Path::new("/bin/sh"), &["-c", script], &[], patience)
    }

    #[test]
    fn a_call_ends_well_or_badly_or_late() {
        let long = Duration::from_secs(30);
        assert_eq!(sh("echo yes", long), Ran::Well("yes\n".to_owned()));
        assert_eq!(
            sh("echo first >&2; echo 'Error: no' >&2; exit 3", long),
            Ran::Failed("Error: no".to_owned())
        );
        assert_eq!(sh("sleep 5 & echo left a daemon", long), Ran::Well("left a daemon\n".to_owned()));
        assert_eq!(sh("exec sleep 60", Duration::from_millis(50)), Ran::Late);
        assert!(matches!(run(Path::new("/no/such"), &[], &[], long), Ran::Failed(_)));
    }
}
