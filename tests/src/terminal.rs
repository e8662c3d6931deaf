//! A terminal with a shell in it, as a person has: keys go in, and what stands on the screen can be read. It is tmux's, with
//! a socket of its own.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::{Place, eventually};

/// One terminal; it goes with its shell when it is dropped.
#[derive(Debug)]
pub struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// A shell in the place's folder, which hears of no settings but these.
    pub fn open(place: &Place, (width, height): (u16, u16), env: &[(&str, &str)]) -> Self {
        let found = Command::new("tmux").arg("-V").output();
        assert!(found.is_ok(), "tmux is not installed: scripts/test-needs.sh installs it, or names it");
        let terminal = Self { socket: place.folder().join("tmux") };
        let config = place.folder().join("config").display().to_string();
        let mut shell = vec!["env".to_owned(), "-i".to_owned(), "TERM=tmux-256color".to_owned()];
        shell.extend([
            format!("PATH={}", std::env::var("PATH").unwrap_or_default()),
            format!("HOME={config}"),
        ]);
        shell.extend([format!("XDG_CONFIG_HOME={config}"), "LANG=C.UTF-8".to_owned(), "PS1=$ ".to_owned()]);
        shell.push(format!("FLEET={}", place.program().display()));
        shell.extend(env.iter().map(|(name, value)| format!("{name}={value}")));
        shell.push("sh".to_owned());
        let (width, height) = (width.to_string(), height.to_string());
        let folder = place.folder().display().to_string();
        let new = ["-u", "-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, "-c", &folder];
        let new = new.into_iter().map(str::to_owned).chain(shell).collect::<Vec<_>>();
        terminal.tmux(&new.iter().map(String::as_str).collect::<Vec<_>>());
        // Its own status line would take one of the screen's.
        terminal.tmux(&["set", "status", "off"]);
        terminal.tmux(&["resize-window", "-x", &width, "-y", &height]);
        terminal
    }

    fn tmux(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(words).env_remove("TMUX");
        let Output { status, stdout, stderr } = command.output().expect("tmux runs");
        assert!(status.success(), "tmux {words:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8_lossy(&stdout).into_owned()
    }

    /// Presses keys, by tmux's names for them.
    pub fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a line, and Enter.
    pub fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.press(&["Enter"]);
    }

    /// What stands on the screen.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Something that tmux knows of the terminal, by its name in tmux's formats.
    pub fn fact(&self, name: &str) -> String {
        self.tmux(&["display-message", "-p", &format!("#{{{name}}}")]).trim().to_owned()
    }

    /// Changes its size.
    pub fn resize(&self, width: u16, height: u16) {
        self.tmux(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// Waits until all of these stand on the screen, and hands it over.
    pub async fn shows(&self, words: &[&str]) -> String {
        let mut last = String::new();
        for _ in 0..1200 {
            last = self.screen();
            if words.iter().all(|word| last.contains(word)) {
                return last;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the screen never showed {words:?}:\n{last}");
    }

    /// Waits until the shell has the terminal again, as it was before.
    pub async fn is_given_back(&self) {
        eventually("the terminal is given back", 20, async || {
            let whole = self.fact("alternate_on") == "0" && self.fact("cursor_flag") == "1";
            (whole && self.fact("pane_current_command") == "sh").then_some(())
        })
        .await;
        self.line("stty -a | tr ' ' '_'; echo done-$((6 * 7))");
        let screen = self.shows(&["done-42"]).await;
        assert!(screen.contains("_icanon") && !screen.contains("-icanon"), "{screen}");
        assert!(screen.contains("_echo_") && !screen.contains("-echo_"), "{screen}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).arg("kill-server").env_remove("TMUX");
        command.output().map(drop).unwrap_or_default();
    }
}
