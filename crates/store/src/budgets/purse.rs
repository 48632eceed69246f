//! What was spent and what is held of one scope in one time, and what that leaves. Whole numbers alone.

/// From this share of a budget on somebody is told, in percent.
pub(super) const WARN_AT: i64 = 80;

/// How much of a budget was told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Four fifths of it are spent.
    Warned,
    /// It is used up.
    UsedUp,
}

impl Level {
    /// In percent, as it is kept.
    #[must_use]
    pub const fn percent(self) -> u32 {
        match self {
            Level::Warned => WARN_AT as u32,
            Level::UsedUp => 100,
        }
    }

    /// How much of a budget of so much is used up, where so much is spent.
    #[must_use]
    pub fn of(spent: i64, budget: i64) -> Option<Level> {
        let share = |percent: i64| i128::from(budget) * i128::from(percent);
        let spent = i128::from(spent) * 100;
        match spent {
            _ if spent >= share(100) => Some(Level::UsedUp),
            _ if spent >= share(WARN_AT) => Some(Level::Warned),
            _ => None,
        }
    }
}

/// Whether a budget has room for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    /// What calls under way may cost leaves none; it may come back when they are settled.
    Held,
    /// What is spent leaves none.
    None,
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Purse {
    pub(super) spent: i64,
    pub(super) reserved: i64,
    /// In percent, 0 for nothing.
    pub(super) told: u32,
    /// Of which budget.
    pub(super) told_of: Option<i64>,
}

impl Purse {
    pub(super) fn room(&self, amount: i64, budget: Option<i64>) -> Room {
        let Some(budget) = budget.map(i128::from) else { return Room::Free };
        let spent = i128::from(self.spent) + i128::from(amount);
        match () {
            () if spent > budget => Room::None,
            () if spent + i128::from(self.reserved) > budget => Room::Held,
            () => Room::Free,
        }
    }

    pub(super) fn reserve(&mut self, amount: i64) {
        self.reserved = self.reserved.saturating_add(amount);
    }

    /// A reservation ends with what the call cost.
    pub(super) fn settle(&mut self, amount: i64, cost: i64) {
        self.reserved = self.reserved.saturating_sub(amount).max(0);
        self.charge(cost);
    }

    /// A call without a reservation, or a correction where it is below 0.
    pub(super) fn charge(&mut self, cost: i64) {
        self.spent = self.spent.saturating_add(cost).max(0);
    }

    /// What is to be told now, once for each level of a budget.
    pub(super) fn crossing(&mut self, budget: Option<i64>, refused: bool) -> Option<Level> {
        let budget = budget?;
        if self.told_of != Some(budget) {
            (self.told, self.told_of) = (0, Some(budget));
        }
        let level = if refused { Level::UsedUp } else { Level::of(self.spent, budget)? };
        (level.percent() > self.told).then(|| {
            self.told = level.percent();
            level
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_is_room_up_to_the_last_billionth() {
        let purse = Purse { spent: 60, reserved: 30, ..Purse::default() };
        assert_eq!(purse.room(10, Some(100)), Room::Free);
        assert_eq!(purse.room(11, Some(100)), Room::Held);
        assert_eq!(purse.room(41, Some(100)), Room::None);
        assert_eq!(purse.room(i64::MAX, Some(i64::MAX)), Room::None);
        assert_eq!(purse.room(i64::MAX, None), Room::Free);
    }

    #[test]
    fn each_level_is_told_once_and_anew_of_another_budget() {
        let mut purse = Purse::default();
        let mut spend = |cost: i64, budget: i64| {
            purse.charge(cost);
            purse.crossing(Some(budget), false)
        };
        assert_eq!(spend(79, 100), None);
        assert_eq!(spend(1, 100), Some(Level::Warned));
        assert_eq!(spend(10, 100), None);
        assert_eq!(spend(10, 100), Some(Level::UsedUp));
        assert_eq!(spend(10, 100), None);
        assert_eq!(spend(0, 130), Some(Level::Warned), "the budget was raised");
        assert_eq!(spend(0, 200), None);
        assert_eq!(spend(50, 200), Some(Level::Warned));
        assert_eq!(Purse::default().crossing(Some(5), true), Some(Level::UsedUp), "no call fits into it");
        assert_eq!(Purse::default().crossing(None, true), None);
    }

    #[derive(Debug, Clone)]
    enum Deed {
        Reserve(i64),
        /// Which of those that are open, and the share of its amount that it cost, in percent.
        Settle(usize, i64),
        Drop(usize),
        Expire(usize),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            3 => (0_i64..500).prop_map(Deed::Reserve),
            2 => (any::<usize>(), 0_i64..=100).prop_map(|(which, share)| Deed::Settle(which, share)),
            1 => any::<usize>().prop_map(Deed::Drop),
            1 => any::<usize>().prop_map(Deed::Expire),
        ]
    }

    proptest! {
        /// Whatever is reserved, settled, dropped and left: nothing is spent beyond the budget as long as no call
        /// costs more than was reserved for it, and what is held is the sum of what is open.
        #[test]
        fn what_is_spent_and_held_never_passes_the_budget(
            budget in 0_i64..2_000,
            deeds in prop::collection::vec(deed(), 0..200),
        ) {
            let (mut purse, mut open, mut cost) = (Purse::default(), Vec::new(), 0);
            for deed in deeds {
                let take = |open: &mut Vec<i64>, which: usize| {
                    (!open.is_empty()).then(|| open.swap_remove(which % open.len()))
                };
                match deed {
                    Deed::Reserve(amount) => match purse.room(amount, Some(budget)) {
                        Room::Free => {
                            purse.reserve(amount);
                            open.push(amount);
                        }
                        Room::Held => prop_assert!(purse.spent + purse.reserved + amount > budget),
                        Room::None => prop_assert!(purse.spent + amount > budget),
                    },
                    Deed::Settle(which, share) => if let Some(amount) = take(&mut open, which) {
                        purse.settle(amount, amount * share / 100);
                        cost += amount * share / 100;
                    },
                    Deed::Drop(which) => if let Some(amount) = take(&mut open, which) {
                        purse.settle(amount, 0);
                    },
                    Deed::Expire(which) => if let Some(amount) = take(&mut open, which) {
                        purse.settle(amount, amount);
                        cost += amount;
                    },
                }
                prop_assert_eq!(purse.spent, cost);
                prop_assert_eq!(purse.reserved, open.iter().sum::<i64>());
                prop_assert!(purse.spent + purse.reserved <= budget);
            }
        }
    }
}
