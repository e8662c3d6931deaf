//! What the end of a runtime's client says: whether the command ran at all, and what was wrong if it did not.

use super::{Container, Kind, run};

/// Podman and Docker end so when something of their own has failed.
const OF_RUNTIME: i32 = 125;
/// Apptainer does so.
const OF_APPTAINER: i32 = 255;

/// What the end of a container's client says beyond its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The code is the command's.
    OfCommand,
    /// The command could not be started in the container, most likely: why.
    NotStarted(String),
    /// The command certainly never ran, since there never was a container: why.
    NeverRan {
        /// Why.
        reason: String,
        /// The image could not be had; else the host could not make a container of it.
        for_want_of_image: bool,
    },
}

/// Judges an end. `was_made`: the runtime has said that there is a container. `last_words`: the last line of its errors.
pub(crate) fn outcome(container: &Container, code: i32, was_made: bool, last_words: &str) -> Outcome {
    judge(container, code, was_made, last_words, || run::has_image(&container.runtime, &container.image))
}

fn judge(
    container: &Container,
    code: i32,
    was_made: bool,
    last_words: &str,
    has_image: impl FnOnce() -> bool,
) -> Outcome {
    let (name, image) = (container.runtime.kind.name(), &container.image);
    if container.runtime.kind == Kind::Apptainer {
        // A job could say the same and end the same way: so nobody can be certain.
        let of_apptainer = code == OF_APPTAINER && last_words.starts_with("FATAL:");
        let reason = || format!("{name} could not run the image '{image}': {last_words}");
        return if of_apptainer { Outcome::NotStarted(reason()) } else { Outcome::OfCommand };
    }
    if code == OF_RUNTIME && !was_made {
        let for_want_of_image = !has_image();
        let reason = if for_want_of_image {
            format!("the image '{image}' cannot be had on this host: {last_words}")
        } else {
            format!("{name} could not make a container of the image '{image}': {last_words}")
        };
        return Outcome::NeverRan { reason, for_want_of_image };
    }
    let complains = ["Error: ", "docker: "].iter().any(|begin| last_words.starts_with(begin));
    if (OF_RUNTIME..=127).contains(&code) && complains {
        return Outcome::NotStarted(format!("{name} could not start the command: {last_words}"));
    }
    Outcome::OfCommand
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{GpuAccess, Runtime};

    fn container(kind: Kind) -> Container {
        let runtime = Runtime {
            kind,
            program: kind.name().into(),
            version: "1".to_owned(),
            rootless: false,
            init: true,
            in_group: false,
            gpus: GpuAccess::None,
            env: Vec::new(),
        };
        Container { runtime, name: "gpu-fleet-job-1".to_owned(), image: "lab/model:1".to_owned() }
    }

    #[test]
    fn a_missing_image_is_told_apart_from_a_container_that_cannot_be_made() {
        let podman = container(Kind::Podman);
        let of = |has_image| judge(&podman, 125, false, "Error: manifest unknown", || has_image);
        let missing = of(false);
        let Outcome::NeverRan { reason, for_want_of_image } = missing else { unreachable!() };
        assert_eq!(
            (reason.as_str(), for_want_of_image),
            ("the image 'lab/model:1' cannot be had on this host: Error: manifest unknown", true)
        );
        assert!(matches!(of(true), Outcome::NeverRan { for_want_of_image: false, .. }));
    }

    #[test]
    fn a_command_that_ends_like_its_runtime_is_still_the_command() {
        let docker = container(Kind::Docker);
        let of = |code, words: &str| judge(&docker, code, true, words, || true);
        assert_eq!(of(125, "my own words"), Outcome::OfCommand);
        assert_eq!(of(0, "docker: looks like an error"), Outcome::OfCommand);
        assert_eq!(of(137, ""), Outcome::OfCommand);
        assert!(matches!(of(127, "docker: exec: \"nope\": not found"), Outcome::NotStarted(_)));
    }

    #[test]
    fn nobody_is_certain_of_what_apptainer_ran() {
        let apptainer = container(Kind::Apptainer);
        let said = judge(&apptainer, 255, false, "FATAL:   no such image", || false);
        assert!(matches!(said, Outcome::NotStarted(_)));
        assert_eq!(judge(&apptainer, 255, false, "mine", || false), Outcome::OfCommand);
    }
}
