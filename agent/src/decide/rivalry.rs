//! Whether another agent takes this one's epochs away.

/// So many epochs in a row that a rival took away, and then one more that ends: one of the two must give in.
const LOST_TO_RIVAL: u32 = 2;

/// Another agent that uses this host's key, on a copied machine or directory: each registration of one ends the other's epoch.
/// Between two of our own there is then one of its.
#[derive(Debug, Default)]
pub struct Rivalry {
    before: Option<i32>,
    lost: u32,
}

impl Rivalry {
    /// A new epoch was given.
    pub fn begins(&mut self, epoch: i32) {
        let taken = self.before.is_some_and(|before| epoch > before.saturating_add(1));
        self.lost = if taken { self.lost + 1 } else { 0 };
        self.before = Some(epoch);
    }

    /// It has ended. Whether to give in: not by registering once more, which would only end the rival's epoch too.
    #[must_use]
    pub fn ends(&mut self, peaceful: bool) -> bool {
        if peaceful {
            *self = Self::default();
        }
        self.lost >= LOST_TO_RIVAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the agent gives in at the end of any of its epochs.
    fn gives_in(epochs: &[i32], peaceful: bool) -> bool {
        let mut rivalry = Rivalry::default();
        epochs.iter().any(|epoch| {
            rivalry.begins(*epoch);
            rivalry.ends(peaceful)
        })
    }

    #[test]
    fn an_agent_gives_in_to_a_rival_and_to_nothing_else() {
        assert!(gives_in(&[1, 3, 5], false));
        assert!(!gives_in(&[1, 3], false), "once may be an accident");
        assert!(!gives_in(&[1, 2, 3, 4, 5, 6], false), "nobody registered in between");
        assert!(!gives_in(&[1, 3, 5, 7, 9], true), "the host was lost for its silence");
    }

    #[test]
    fn of_two_rivals_one_goes_on() {
        assert!(
            gives_in(&[1, 3, 5], false) && !gives_in(&[2, 4], false),
            "the other has epoch 6 and keeps it"
        );
    }
}
