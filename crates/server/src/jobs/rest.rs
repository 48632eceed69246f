//! When a change of the knowledge is taken up: once it has rested. An import with `--each` makes a version a
//! document, and loading all of them anew costs seconds.

/// So many looks a change waits at most.
const MOST_LOOKS: u32 = 15;

/// What was seen at the look before.
#[derive(Debug, Default)]
pub(super) struct Rest {
    last: Option<String>,
    looks: u32,
}

impl Rest {
    /// Whether to load, of the version in use and the version that is stored.
    pub(super) fn is_due(&mut self, used: &str, stored: &str) -> bool {
        if used == stored {
            *self = Rest::default();
            return false;
        }
        if self.last.as_deref() == Some(stored) || self.looks == MOST_LOOKS {
            *self = Rest::default();
            return true;
        }
        self.last = Some(stored.to_owned());
        self.looks += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_up_when_it_has_rested_or_waited_long_enough() {
        let mut rest = Rest::default();
        assert!(!rest.is_due("k1", "k1"));
        assert!(!rest.is_due("k1", "k2"), "it may go on");
        assert!(!rest.is_due("k1", "k3"));
        assert!(rest.is_due("k1", "k3"), "it has rested");
        let loads: Vec<usize> = (0..40).filter(|n| rest.is_due("k3", &format!("k{}", n + 10))).collect();
        assert_eq!(loads, [15, 31], "an import that never rests is seen all the same");
    }
}
