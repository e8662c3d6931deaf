//! Places that an account may have at once, for what stays open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Places for everyone, so many each.
pub(super) struct Slots {
    most: usize,
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// A taken place; free again when dropped.
pub(super) struct Slot {
    account: String,
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

impl Slots {
    /// So many places for each account.
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place, if one is free.
    pub(super) fn take(&self, account: &str) -> Option<Slot> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(account.to_owned()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Slot { account: account.to_owned(), taken: self.taken.clone() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let slots = Slots::new(2);
        let first = slots.take("ada");
        let second = slots.take("ada");
        assert!(first.is_some() && second.is_some() && slots.take("ada").is_none());
        assert!(slots.take("bob").is_some(), "others have their own");
        drop(first);
        assert!(slots.take("ada").is_some());
        drop(second);
        assert!(slots.taken.lock().is_ok_and(|taken| taken.is_empty()), "nothing is kept of who has left");
    }
}
