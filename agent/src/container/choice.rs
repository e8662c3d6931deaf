//! Which runtime an operator wants.

use std::str::FromStr;

use super::Kind;

/// Which runtime an operator wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContainerChoice {
    /// The first that works.
    #[default]
    Auto,
    /// None: jobs with an image do not come here.
    None,
    /// This one.
    Only(Kind),
}

/// What is no runtime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no container runtime: auto, podman, apptainer, docker or none")]
pub struct InvalidContainerChoice(String);

impl FromStr for ContainerChoice {
    type Err = InvalidContainerChoice;

    fn from_str(text: &str) -> Result<Self, InvalidContainerChoice> {
        match text {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            _ => Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == text)
                .map(Self::Only)
                .ok_or_else(|| InvalidContainerChoice(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_chosen_by_its_name() {
        assert_eq!("docker".parse(), Ok(ContainerChoice::Only(Kind::Docker)));
        assert_eq!("none".parse(), Ok(ContainerChoice::None));
        assert!("rkt".parse::<ContainerChoice>().is_err());
    }
}
