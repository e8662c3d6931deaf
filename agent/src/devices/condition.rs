//! How well a card is, and what follows from it for jobs.

/// How well a card is. Each is worse than the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is wrong.
    #[default]
    Healthy,
    /// It works, and should be looked at.
    Degraded(String),
    /// It works for those who have it; nothing new is to be placed on it until it was reset or has proved itself.
    Suspect(String),
    /// It must not be used; whether its present job can go on, the job will find out.
    Failed(String),
    /// It is gone, and its present job with it.
    Dead(String),
}

impl Condition {
    /// The worse of two; of equally bad ones the first that was found.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Degraded(_) => 1,
            Self::Suspect(_) => 2,
            Self::Failed(_) => 3,
            Self::Dead(_) => 4,
        }
    }

    /// Why it is not healthy.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Healthy => None,
            Self::Degraded(reason) | Self::Suspect(reason) | Self::Failed(reason) | Self::Dead(reason) => {
                Some(reason)
            }
        }
    }

    /// Whether nothing new is to be placed on it.
    pub fn keeps_jobs_off(&self) -> bool {
        self.rank() >= 2
    }

    /// Whether it must not be used at all.
    pub fn has_failed(&self) -> bool {
        self.rank() >= 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_counts_and_of_equals_the_first() {
        let degraded = |text: &str| Condition::Degraded(text.to_owned());
        assert_eq!(degraded("a").worse(degraded("b")), degraded("a"));
        assert_eq!(degraded("a").worse(Condition::Dead("b".to_owned())), Condition::Dead("b".to_owned()));
        let suspect = Condition::Suspect("row".to_owned());
        assert!(suspect.keeps_jobs_off() && !suspect.has_failed() && !degraded("a").keeps_jobs_off());
    }
}
