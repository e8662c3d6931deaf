//! Signing in and out, profiles, completions and manual pages: the real binary in a home of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use system_tests::{Ended, Engine, Fleet, Place, Terminal};

const ONE_GPU: &str = "simulated:1xH100-80GB";

/// A fleet, and somebody with an empty home who stands in a directory without a server.
struct Home {
    fleet: Fleet,
    token: String,
}

impl Home {
    async fn new() -> Self {
        let fleet = Fleet::start(Engine::Sqlite, ONE_GPU).await;
        let words = ["--role", "member", "--org", "default", "--subject", "ada"];
        let token = fleet.place.token(&words).await;
        Self { fleet, token }
    }

    fn place(&self) -> &Place {
        &self.fleet.place
    }

    fn profiles(&self) -> PathBuf {
        self.place().folder().join("config/gpu-fleet/profiles.toml")
    }

    async fn run(&self, words: &[&str]) -> Ended {
        self.fed(words, &[], "").await
    }

    async fn fed(&self, words: &[&str], env: &[(&str, &str)], input: &str) -> Ended {
        let ended = self.place().run_fed(words, env, input).await;
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!told.contains(&self.token), "a secret was printed: {told}");
        ended
    }

    async fn login(&self, words: &[&str]) -> Ended {
        let origin = self.fleet.origin();
        self.fed(&[&["login", &origin], words].concat(), &[], &format!("{}\n", self.token)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_needs_no_further_word() {
    let home = Home::new().await;
    let before = home.run(&["jobs"]).await;
    assert_ne!(before.code, Some(0), "{before:?}");

    let ended = home.login(&[]).await;
    assert!(ended.output().contains("as ada, MEMBER of default"), "{ended:?}");
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.profiles()), 0o600);
    assert_eq!(mode(home.profiles().parent().unwrap().to_owned()), 0o700);

    let id = home.run(&["submit", "--", "true"]).await.output().trim().to_owned();
    assert!(home.run(&["jobs", "--all"]).await.output().contains(&id[id.len() - 8..]));
    let listed: Value = serde_json::from_str(home.run(&["profiles", "--json"]).await.output()).unwrap();
    assert_eq!(listed[0]["name"], "default");
    assert_eq!(listed[0]["inUse"], true);
    assert_eq!(listed[0]["server"], home.fleet.origin());

    let ended = home.run(&["logout"]).await;
    assert!(ended.output().contains("is forgotten"), "{ended:?}");
    assert!(!std::fs::read_to_string(home.profiles()).unwrap().contains(&home.token));
    assert_ne!(home.run(&["jobs"]).await.code, Some(0));
    let again = home.run(&["logout"]).await;
    assert_eq!(again.code, Some(3), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_hold_is_not_kept_and_one_that_ends_says_how_to_renew_it() {
    let home = Home::new().await;
    let origin = home.fleet.origin();
    let ended = home.fed(&["login", &origin], &[], "gfk_nonsense\n").await;
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.stderr.contains("nothing was kept") && !home.profiles().exists(), "{ended:?}");
    let ended = home.fed(&["login", &origin], &[], "\n").await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let join = home.place().token(&["--role", "agent"]).await;
    let ended = home.fed(&["login", &origin], &[], &join).await;
    assert!(ended.code != Some(0) && !home.profiles().exists(), "{ended:?}");

    let operator = home.fleet.operator().await;
    let input = json!({"name": "nightly", "role": "MEMBER"});
    let made = operator.change("createApiKey", input, "secret apiKey { id }").await.expect("a key");
    let secret = made["secret"].as_str().unwrap();
    home.fed(&["login", &origin, "--profile", "nightly"], &[], secret).await.output();
    home.run(&["gpus", "--profile", "nightly"]).await.output();
    operator
        .change("revokeApiKey", json!({"id": made["apiKey"]["id"]}), "apiKey { id }")
        .await
        .expect("revoked");
    let ended = system_tests::eventually("the key is refused", 20, async || {
        let ended = home.run(&["gpus", "--profile", "nightly"]).await;
        (ended.code != Some(0)).then_some(ended)
    })
    .await;
    assert_eq!(ended.code, Some(5), "{ended:?}");
    let advice = format!("gpu-fleet login {origin} --profile nightly");
    assert!(ended.stderr.contains(&advice), "{ended:?}");
    assert!(!ended.stderr.contains(secret), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_can_read_is_refused_with_what_to_run() {
    let home = Home::new().await;
    home.login(&["--profile", "lab"]).await.output();
    std::fs::set_permissions(home.profiles(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = home.run(&["jobs"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let command = format!("chmod 600 {}", home.profiles().display());
    assert!(ended.stderr.contains(&command), "{ended:?}");
    let mended = Command::new("sh").args(["-c", &command]).status().unwrap();
    assert!(mended.success());
    home.run(&["jobs"]).await.output();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_chosen_by_option_by_variable_and_for_good() {
    let home = Home::new().await;
    home.login(&["--profile", "lab"]).await.output();
    home.login(&["--profile", "prod"]).await.output();
    // Its server is elsewhere: what is told of it shows which one was used.
    let text = std::fs::read_to_string(home.profiles()).unwrap();
    let (head, tail) = text.split_once("[profiles.prod]").unwrap();
    let elsewhere = tail.replace(&home.fleet.origin(), "http://127.0.0.1:9");
    std::fs::write(home.profiles(), format!("{head}[profiles.prod]{elsewhere}")).unwrap();
    let gpus = async |words: &[&str], env: &[(&str, &str)]| {
        home.fed(&[&["gpus", "--quiet"], words].concat(), env, "").await.code
    };
    let data_dir = home.place().data_dir().display().to_string();
    assert_eq!(gpus(&[], &[]).await, Some(6), "prod is in use");
    assert_eq!(gpus(&["--profile", "lab"], &[]).await, Some(0));
    assert_eq!(gpus(&[], &[("GPU_FLEET_PROFILE", "lab")]).await, Some(0));
    assert_eq!(gpus(&["--profile", "prod"], &[("GPU_FLEET_PROFILE", "lab")]).await, Some(6));
    assert_eq!(
        gpus(&[], &[("GPU_FLEET_SERVER", &home.fleet.origin()), ("GPU_FLEET_TOKEN", &home.token)]).await,
        Some(0)
    );
    assert_eq!(gpus(&["--data-dir", &data_dir], &[]).await, Some(0));
    assert_eq!(gpus(&["--profile", "nobody"], &[]).await, Some(3));
    home.run(&["profiles", "--use", "lab"]).await.output();
    assert_eq!(gpus(&[], &[]).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_without_an_echo() {
    let home = Home::new().await;
    let terminal = Terminal::open(home.place(), (200, 30), &[]);
    terminal.line(&format!("$FLEET login {}", home.fleet.origin()));
    terminal.shows(&["Token or API key for"]).await;
    terminal.line(&home.token);
    let screen = terminal.shows(&["signed in to", "as ada"]).await;
    assert!(!screen.contains(&home.token[..20]), "{screen}");
    terminal.is_given_back().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_are_submitted_from_a_file_and_the_same_file_again_adds_none() {
    let home = Home::new().await;
    home.login(&[]).await.output();
    let line =
        |number: usize| format!("{{\"name\": \"part-{number}\", \"hold\": true, \"command\": [\"true\"]}}\n");
    let file: String = (0..600).map(line).collect();
    let words = ["submit", "--from", "-", "--idempotency-key", "sweep"];
    let first = home.fed(&words, &[], &file).await;
    let ids: Vec<&str> = first.output().lines().collect();
    assert_eq!(ids.len(), 600);
    let second = home.fed(&words, &[], &file).await;
    assert_eq!(second.output(), first.output());
    let listed = home.run(&["jobs", "--limit", "1000", "--quiet"]).await;
    assert_eq!(listed.output().lines().count(), 600);
    let broken = home.fed(&["submit", "--from", "-"], &[], &format!("{}no job", line(1))).await;
    assert_eq!(broken.code, Some(2), "{broken:?}");
    assert!(broken.stderr.contains("line 2") && broken.stdout.is_empty(), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_written_to_a_file() {
    let home = Home::new().await;
    home.login(&[]).await.output();
    let script = "seq 1 2500; echo to-stderr >&2";
    let ended = home.run(&["run", "--name", "lines", "--", "sh", "-c", script]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let id = home.run(&["jobs", "--all", "--quiet"]).await.output().trim().to_owned();
    let path = home.place().folder().join("the.log");
    let ended = home.run(&["logs", &id, "--output", &path.display().to_string()]).await;
    assert!(ended.output().is_empty() && ended.stderr.contains("2,501 lines"), "{ended:?}");
    let kept = std::fs::read_to_string(path).unwrap();
    assert_eq!(kept.lines().filter(|line| line.parse::<u32>().is_ok()).count(), 2500);
    assert!(kept.contains("to-stderr"));
}

#[tokio::test]
async fn completions_complete_and_every_command_has_its_page() {
    let place = Place::create(Engine::Sqlite).await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&["completions", shell]).await;
        assert!(script.output().contains("time-limit"), "{shell}");
    }
    let script = place.folder().join("completions.bash");
    std::fs::write(&script, place.run(&["completions", "bash"]).await.output()).unwrap();
    let ask = "source ./completions.bash; COMP_WORDS=(gpu-fleet lo); COMP_CWORD=1; \
        $(complete -p gpu-fleet | sed 's/.*-F \\([^ ]*\\).*/\\1/') gpu-fleet lo gpu-fleet; echo \"${COMPREPLY[@]}\"";
    let told = Command::new("bash").args(["-c", ask]).current_dir(place.folder()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "login logout logs", "{told:?}");

    place.run(&["man", "--out", "pages"]).await.output();
    let pages = place.folder().join("pages");
    for command in ["", "-top", "-submit", "-keys-create", "-signing-keys-revoke", "-login"] {
        let page = std::fs::read_to_string(pages.join(format!("gpu-fleet{command}.1"))).unwrap();
        assert!(page.contains(".TH gpu-fleet") && page.contains(".SH NAME"), "{command}");
    }
    let page = place.run(&["man", "keys", "create"]).await;
    assert!(
        page.output().contains("GPU_FLEET_SERVER") && page.output().contains("keys\\-create"),
        "{page:?}"
    );
    assert_eq!(place.run(&["man", "nothing"]).await.code, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizations_quota_and_a_jobs_time_limit_are_changed_and_the_rest_stays() {
    let home = Home::new().await;
    let data_dir = home.place().data_dir().display().to_string();
    let run = async |words: &[&str]| home.run(&[words, &["--json", "--data-dir", &data_dir]].concat()).await;
    run(&["org", "create", "lab", "--guaranteed-gpus", "1", "--max-gpus", "4"]).await.output();
    run(&["org", "update", "lab", "--weight", "2", "--max-queued-jobs", "50"]).await.output();
    let ended = run(&["org", "update", "lab", "--max-gpus", "none"]).await;
    let lab: Value = serde_json::from_str(ended.output()).unwrap();
    assert_eq!(lab["weight"], 2.0, "{lab}");
    assert_eq!(lab["quota"], json!({"guaranteedGpus": 1.0, "maxGpus": null, "maxQueuedJobs": 50}), "{lab}");
    assert_eq!(run(&["org", "update", "lab"]).await.code, Some(2));
    assert_eq!(run(&["org", "update", "nobody", "--weight", "2"]).await.code, Some(3));

    home.run(&["run", "--model-type", "llama", "--data-dir", &data_dir, "--", "sleep", "1"]).await.output();
    let usage: Value =
        serde_json::from_str(run(&["usage", "--by", "user", "--by", "model-type"]).await.output()).unwrap();
    assert_eq!(usage[0]["modelType"], "llama", "{usage}");
    assert!(usage[0]["allocatedGpuSeconds"].as_f64().unwrap() > 0.0, "{usage}");

    let held = home.run(&["submit", "--hold", "--data-dir", &data_dir, "--", "true"]).await;
    let id = held.output().trim().to_owned();
    run(&["time-limit", &id, "90m"]).await.output();
    let job: Value = serde_json::from_str(run(&["job", &id]).await.output()).unwrap();
    assert_eq!(job["timeLimitSeconds"], 5400, "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_ctrl_c_asks_and_the_second_cancels() {
    let home = Home::new().await;
    home.login(&[]).await.output();
    let terminal = Terminal::open(home.place(), (120, 30), &[]);
    terminal.line("$FLEET run --name patient -- sh -c 'echo begun; sleep 600'; echo code-$?");
    terminal.shows(&["RUNNING", "begun"]).await;
    terminal.press(&["C-c"]);
    terminal.shows(&["press Ctrl-C again"]).await;
    let member = home.fleet.client(&["--role", "member", "--org", "default"]).await;
    let jobs = member.graphql("{ jobs(first: 1) { nodes { id status } } }", json!({})).await;
    assert_eq!(jobs["jobs"]["nodes"][0]["status"], "RUNNING", "{jobs}");
    terminal.press(&["C-c"]);
    terminal.shows(&["CANCELLED", "code-143"]).await;
    terminal.is_given_back().await;
}
