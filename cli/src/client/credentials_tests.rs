//! Whose word counts.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::args::connection::ServerOptions;

fn profiles() -> Profiles {
    let profile = |server: &str, token: &str| Profile {
        server: server.to_owned(),
        token: token.to_owned(),
        subject: "ada".to_owned(),
        role: "MEMBER".to_owned(),
        organization: None,
        expires_at: None,
    };
    let mut profiles = Profiles::default();
    profiles.keep("lab", profile("https://lab.example.org/", "of-lab"));
    profiles.keep("prod", profile("https://prod.example.org/", "of-prod"));
    profiles
}

/// Arguments as they were told, and a data directory in which a server has run.
struct World {
    dir: tempfile::TempDir,
    args: ServerArgs,
    variable: Option<String>,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(ADDRESS_FILE), "http://127.0.0.1:4999\n").unwrap();
        let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(dir.path().join(ADDRESS_FILE), own).unwrap();
        std::fs::write(dir.path().join(OPERATOR_TOKEN_FILE), "kept\n").unwrap();
        std::fs::write(dir.path().join("token"), "in-file\n").unwrap();
        let options =
            ServerOptions { server: None, token_file: None, profile: None, data_dir: dir.path().to_owned() };
        let nowhere = Told::Nowhere;
        let args =
            ServerArgs { options, server: nowhere, token_file: nowhere, profile: nowhere, data_dir: nowhere };
        Self { dir, args, variable: None }
    }

    fn server(mut self, told: Told, url: &str) -> Self {
        (self.args.server, self.args.options.server) = (told, Some(url.to_owned()));
        self
    }

    fn token_file(mut self, told: Told) -> Self {
        let path = self.dir.path().join("token");
        (self.args.token_file, self.args.options.token_file) = (told, Some(path));
        self
    }

    fn profile(mut self, told: Told, name: &str) -> Self {
        (self.args.profile, self.args.options.profile) = (told, Some(name.to_owned()));
        self
    }

    fn data_dir(mut self, told: Told) -> Self {
        self.args.data_dir = told;
        self
    }

    fn variable(mut self) -> Self {
        self.variable = Some("in-variable".to_owned());
        self
    }

    fn choose(&self, profiles: &Profiles) -> Result<Found, Failure> {
        choose(&self.args, self.variable.clone(), profiles)
    }

    /// Host and token.
    fn chosen(&self) -> (String, Option<String>) {
        let found = self.choose(&profiles()).unwrap();
        (found.server.host_str().unwrap().to_owned(), found.token)
    }
}

fn chosen(host: &str, token: &str) -> (String, Option<String>) {
    (host.to_owned(), Some(token.to_owned()))
}

#[test]
fn the_profile_in_use_goes_before_the_data_directory_that_nobody_named() {
    assert_eq!(World::new().chosen(), chosen("prod.example.org", "of-prod"));
    let found = World::new().choose(&Profiles::default()).unwrap();
    assert_eq!(found.token.as_deref(), Some("kept"));
    assert_eq!(found.server.port(), Some(4999));
}

#[test]
fn a_data_directory_that_was_named_goes_before_the_profile_in_use() {
    for told in [Told::Line, Told::Environment] {
        assert_eq!(World::new().data_dir(told).chosen(), chosen("127.0.0.1", "kept"));
    }
}

#[test]
fn the_environment_goes_before_the_profile_in_use() {
    let world = World::new().server(Told::Environment, "https://env.example.org").variable();
    assert_eq!(world.chosen(), chosen("env.example.org", "in-variable"));
    let world = World::new().profile(Told::Environment, "lab");
    assert_eq!(world.chosen(), chosen("lab.example.org", "of-lab"));
}

#[test]
fn the_command_line_goes_before_the_environment() {
    let world = World::new().server(Told::Environment, "https://env.example.org").variable();
    assert_eq!(world.profile(Told::Line, "lab").chosen(), chosen("lab.example.org", "of-lab"));
    let world = World::new().profile(Told::Line, "lab").token_file(Told::Line);
    assert_eq!(world.chosen(), chosen("lab.example.org", "in-file"));
    let world = World::new().profile(Told::Line, "lab").token_file(Told::Environment);
    assert_eq!(world.chosen(), chosen("lab.example.org", "of-lab"));
}

#[test]
fn a_kept_token_goes_to_no_other_server() {
    for told in [Told::Line, Told::Environment] {
        let world = World::new().server(told, "https://stranger.example.org");
        assert_eq!(world.chosen(), ("stranger.example.org".to_owned(), None));
    }
    let world = World::new().server(Told::Line, "https://stranger.example.org").profile(Told::Line, "lab");
    assert!(world.choose(&profiles()).is_err_and(|failure| failure.line().contains("leave out one")));
    let world = World::new().server(Told::Line, "https://prod.example.org");
    assert_eq!(world.chosen(), chosen("prod.example.org", "of-prod"));
}

#[test]
fn a_profile_that_is_not_there_is_said_to_be_missing() {
    let failure = World::new().profile(Told::Line, "nobody").choose(&profiles()).unwrap_err();
    assert!(failure.line().contains("gpu-fleet login URL --profile nobody"), "{}", failure.line());
}

#[test]
fn what_to_do_next_depends_on_whose_token_was_refused() {
    let server = Url::parse("https://lab.example.org").unwrap();
    let advice = |origin: Origin| origin.advice(&server).unwrap();
    let again = "sign in again: gpu-fleet login https://lab.example.org --profile lab";
    assert_eq!(advice(Origin::Profile("lab".to_owned())), again);
    assert_eq!(advice(Origin::Nowhere), "sign in: gpu-fleet login https://lab.example.org");
    assert!(advice(Origin::Variable).contains("GPU_FLEET_TOKEN"));
}

#[test]
fn only_loopback_addresses_are_local() {
    for (url, local) in [
        ("http://127.0.0.1:4600", true),
        ("http://localhost", true),
        ("http://[::1]:4600", true),
        ("http://10.0.0.1:4600", false),
        ("https://localhost.example.org", false),
    ] {
        assert_eq!(is_local(&Url::parse(url).unwrap()), local, "{url}");
    }
}

#[test]
fn the_token_is_the_last_line_of_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, "role operator, one hour\nabc.def.ghi\n\n").unwrap();
    assert_eq!(read(&path).unwrap(), "abc.def.ghi");
    std::fs::write(&path, "\n").unwrap();
    assert!(read(&path).is_err());
}
