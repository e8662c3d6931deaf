//! What is kept, and how.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::os::unix::fs::PermissionsExt;

use super::*;

fn profile(server: &str) -> Profile {
    Profile {
        server: server.to_owned(),
        token: "gfk_secret".to_owned(),
        subject: "ada".to_owned(),
        role: "MEMBER".to_owned(),
        organization: Some("vision".to_owned()),
        expires_at: Some(Instant::UNIX_EPOCH),
    }
}

fn kept(place: &Place, name: &str) {
    place
        .change(|profiles| {
            profiles.keep(name, profile("https://fleet.example.org/"));
            Ok(())
        })
        .unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_kept_is_read_again_by_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::from(dir.path().join("deep/gpu-fleet").as_path());
    assert_eq!(place.read().unwrap(), Profiles::default());
    kept(&place, "lab");
    kept(&place, "prod");
    let read = place.read().unwrap();
    assert_eq!(read.profiles["lab"], profile("https://fleet.example.org/"));
    assert_eq!(read.in_use().unwrap().0, "prod");
    assert_eq!(mode(&place.path()), 0o600);
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::from(dir.path());
    kept(&place, "lab");
    let refused = place.change(|profiles| {
        profiles.forget("lab");
        Err::<(), _>(Failure::Usage("no".to_owned()))
    });
    assert!(refused.is_err());
    assert!(place.read().unwrap().named("lab").is_ok());
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::from(dir.path());
    kept(&place, "lab");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let line = place.read().unwrap_err().line();
    assert!(line.contains(&format!("chmod 600 {}", place.path().display())), "{line}");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let line = place.read().unwrap_err().line();
    assert!(line.contains(&format!("chmod 700 {}", dir.path().display())), "{line}");
}

#[test]
fn a_file_that_cannot_be_read_is_not_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::from(dir.path());
    kept(&place, "lab");
    std::fs::write(place.path(), "[profiles.lab]\ntoken = \"gfk_secret").unwrap();
    let line = place.read().unwrap_err().line();
    assert!(line.contains("gpu-fleet login") && !line.contains("gfk_secret"), "{line}");
}

#[test]
fn a_profile_that_was_in_use_leaves_none_in_use() {
    let mut profiles = Profiles::default();
    profiles.keep("a", profile("https://a/"));
    profiles.keep("b", profile("https://b/"));
    assert!(profiles.forget("b").is_some());
    assert!(profiles.in_use().is_none());
    assert!(profiles.forget("b").is_none());
    assert!(profiles.named("b").is_err_and(|failure| failure.line().contains("--profile b")));
}

#[test]
fn no_profile_tells_its_secret_by_accident() {
    assert!(!format!("{:?}", profile("https://a/")).contains("secret"));
}

#[test]
fn names_are_plain_words() {
    for good in ["default", "lab-2", "a.b_c"] {
        assert!(check_name(good).is_ok(), "{good}");
    }
    for bad in ["", "a b", "../x", "é", &"x".repeat(65)] {
        assert!(check_name(bad).is_err(), "{bad}");
    }
}
